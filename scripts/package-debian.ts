/**
 * `npm run build:debian [-- --out DIR]`: the Debian package of the agent, of the bundle that `npm run build` makes, its
 * units and its user. The same bytes each time, for the same source: times are those of the last commit.
 */
import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const ROOT = join(import.meta.dirname, '..');
const DEBIAN = join(ROOT, 'infra/debian');
const UNITS = join(ROOT, 'infra/systemd');
const SCRIPTS = ['postinst', 'prerm', 'postrm'];
const BEST_COMPRESSION = { level: 9 };

const run = promisify(execFile);

const { values } = parseArgs({ options: { out: { type: 'string', default: join(ROOT, 'dist') } } });
const work = await mkdtemp(join(tmpdir(), 'tidegate-debian-'));
try {
  process.stdout.write(`${await makePackage(work, values.out)}\n`);
} finally {
  await rm(work, { recursive: true });
}

/** @returns the package's path */
async function makePackage(work: string, out: string): Promise<string> {
  await run(process.execPath, [join(ROOT, 'scripts/build.ts'), '--out', join(work, 'programs')]);
  const version = await agentVersion();
  const at = await committedAt();
  const tree = join(work, 'tree');
  await fillTree(tree, join(work, 'programs/tidegate-agent'), { version, at });
  await writeControl(tree, version);
  await mkdir(out, { recursive: true });
  const file = join(out, `tidegate-agent_${version}_all.deb`);
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(at.getTime() / 1000) };
  await run('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', tree, file], { env });
  return file;
}

async function fillTree(tree: string, bundle: string, { version, at }: { version: string; at: Date }): Promise<void> {
  const put = async (from: string, to: string, mode = 0o644) => {
    await makeFolder(dirname(join(tree, to)));
    await cp(from, join(tree, to));
    await chmod(join(tree, to), mode);
  };
  const write = async (to: string, bytes: string | Uint8Array) => {
    await makeFolder(dirname(join(tree, to)));
    await writeFile(join(tree, to), bytes, { mode: 0o644 });
  };
  await makeFolder(tree);
  await put(join(bundle, 'tidegate-agent.cjs'), 'usr/lib/tidegate/tidegate-agent.cjs', 0o755);
  await put(join(DEBIAN, 'tidegate-agent.sh'), 'usr/bin/tidegate-agent', 0o755);
  for (const unit of ['tidegate-agent.service', 'tidegate-agent-once.service', 'tidegate-agent-once.timer'])
    await put(join(UNITS, unit), `usr/lib/systemd/system/${unit}`);
  await put(join(UNITS, 'tidegate.sysusers.conf'), 'usr/lib/sysusers.d/tidegate.conf');
  const doc = 'usr/share/doc/tidegate-agent';
  await write(`${doc}/copyright`, await copyright(bundle));
  await write(`${doc}/changelog.gz`, gzipSync(changelog(version, at), BEST_COMPRESSION));
  const manual = gzipSync(await readFile(join(DEBIAN, 'tidegate-agent.1')), BEST_COMPRESSION);
  await write('usr/share/man/man1/tidegate-agent.1.gz', manual);
}

async function writeControl(tree: string, version: string): Promise<void> {
  const { stdout } = await run('du', ['-sk', '--apparent-size', tree]);
  const folder = join(tree, 'DEBIAN');
  await makeFolder(folder);
  const control = (await readFile(join(DEBIAN, 'control'), 'utf8'))
    .replace('@VERSION@', version)
    .replace('@KIBIBYTES@', stdout.split('\t')[0] ?? '');
  await writeFile(join(folder, 'control'), control, { mode: 0o644 });
  for (const script of SCRIPTS) {
    await copyFile(join(DEBIAN, script), join(folder, script));
    await chmod(join(folder, script), 0o755);
  }
}

/** Whatever the umask of whoever builds it. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  let made = folder;
  await chmod(made, 0o755);
  while (made !== first) {
    made = dirname(made);
    await chmod(made, 0o755);
  }
}

/** Debian has the text of our own licence already; those of what is in the bundle go along. */
async function copyright(bundle: string): Promise<string> {
  const others = await readFile(join(bundle, 'THIRD-PARTY-LICENSES'), 'utf8');
  return `Tidegate is under the Apache License 2.0: see /usr/share/common-licenses/Apache-2.0\n\nIts bundle holds of others:\n\n${others}`;
}

function changelog(version: string, at: Date): string {
  return `tidegate-agent (${version}) stable; urgency=medium\n\n  * As tagged in the source of Tidegate.\n\n -- Tidegate developers <maintainers@tidegate.example>  ${at.toUTCString().replace('GMT', '+0000')}\n`;
}

async function agentVersion(): Promise<string> {
  return (JSON.parse(await readFile(join(ROOT, 'packages/agent/package.json'), 'utf8')) as { version: string }).version;
}

async function committedAt(): Promise<Date> {
  const { stdout } = await run('git', ['-C', ROOT, 'log', '-1', '--format=%ct']);
  return new Date(Number(stdout) * 1000);
}

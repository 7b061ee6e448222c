/**
 * Runs a page as its reader does: in a home of their own with the clone in it, each command in turn. The ports that the
 * page names are others for each run, so that pages run side by side.
 */
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../src/free-port.ts';
import { bash } from './bash.ts';
import { scriptOf, type ShBlock, shBlocks, unseen } from './sh-blocks.ts';

const CLONE = fileURLToPath(new URL('../..', import.meta.url));

/** Of the device listener, the operators' listener, and services on two devices. */
const PORTS = ['8080', '8081', '8090', '8091'] as const;

/**
 * @param home a folder that is there; what the page makes stays in it
 * @param env what its text asks the reader to set
 * @returns what was printed
 */
export async function runPage(page: string, home: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  await symlink(CLONE, join(home, 'tidegate'));
  return runBlocks(shBlocks(await readFile(join(CLONE, page), 'utf8')), { home, cwd: home, env });
}

/** One chapter of a page, read in the clone itself. @param env what its text asks the reader to set */
export async function runChapter(
  page: string,
  heading: string,
  { home, env }: { readonly home: string; readonly env: Readonly<Record<string, string>> },
): Promise<string> {
  const text = await readFile(join(CLONE, page), 'utf8');
  const chapter = text.split(/^(?=## )/m).find(part => part.startsWith(`## ${heading}\n`));
  if (chapter === undefined) throw new Error(`${page} has no chapter ${heading}`);
  return runBlocks(shBlocks(chapter), { home, cwd: CLONE, env });
}

interface Reader {
  readonly home: string;
  /** Where the first command is typed. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** @throws Error with all that was printed, where a command fails or does not print what the page shows */
async function runBlocks(blocks: readonly ShBlock[], { home, cwd, env = {} }: Reader): Promise<string> {
  const ports = await freePorts(PORTS.length);
  const [port = 0, adminPort = 0, servicePort = 0] = ports;
  const script = PORTS.reduce(
    (text, name, i) => text.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), String(ports[i])),
    scriptOf(blocks),
  );
  // Sockets have short paths.
  const run = await mkdtemp(join(tmpdir(), 'tg-'));
  try {
    const file = join(home, 'page.sh');
    await writeFile(file, script);
    const { code, output } = await bash(file, {
      cwd,
      env: {
        HOME: home,
        XDG_RUNTIME_DIR: run,
        NODE_COMPILE_CACHE: join(home, 'compile-cache'),
        // What a server, `tidegate` and the examples take where the page leaves it to them.
        TIDEGATE_PORT: String(port),
        TIDEGATE_ADMIN_PORT: String(adminPort),
        SERVICE_PORT: String(servicePort),
        TIDEGATE_SERVER: `http://127.0.0.1:${adminPort}`,
        ...env,
      },
    });
    if (code !== 0) throw new Error(`a command failed (${code}):\n${output}`);
    const missing = unseen(blocks, output);
    if (missing.length > 0) throw new Error(`never printed:\n${missing.join('\n')}\n\nbut:\n${output}`);
    return output;
  } finally {
    await rm(run, { recursive: true, force: true });
  }
}

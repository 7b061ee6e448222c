/** Runs a script in bash to its end, and ends whatever it left in the background. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Ended {
  /** Null where it was broken off. */
  readonly code: number | null;
  /** What the script and all that it started printed, on either stream. */
  readonly output: string;
}

/** A page that waits for what never comes is broken off, so that what it printed is seen. */
const SCRIPT_WITHIN_MS = 400_000;
const ENDS_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 50;

/** @param file the script @param env in place of that of this process, but for PATH */
export async function bash(
  file: string,
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Ended> {
  // A group of its own: what it starts in the background belongs to it.
  const child = spawn('bash', ['-c', 'exec bash "$0" 2>&1 </dev/null', file], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('there is no bash');
  const kill = () => signalGroup(pid, 'SIGKILL');
  process.once('exit', kill);
  const output: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
  const closed = once(child, 'close');
  const late = setTimeout(() => child.kill('SIGKILL'), SCRIPT_WITHIN_MS);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(late);
  await endGroup(pid);
  process.off('exit', kill);
  await closed;
  return { code, output: output.join('') };
}

/** In order where it can be, as servers and agents end their own children. */
async function endGroup(pid: number): Promise<void> {
  const until = Date.now() + ENDS_WITHIN_MS;
  let alive = signalGroup(pid, 'SIGTERM');
  while (alive && Date.now() < until) {
    await sleep(LOOK_EVERY_MS);
    alive = signalGroup(pid, 0);
  }
  if (alive) signalGroup(pid, 'SIGKILL');
}

/** @returns whether anyone is left in the group */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

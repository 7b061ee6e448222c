/** A real process of ours: started, waited for until it says that it is ready, and ended in order. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** The line by which it said that it is ready. */
  readonly readyLine: string;
  /** Asks it to end, and ends it after ten seconds. Resolves with its exit code, null where a signal ended it. */
  stop(): Promise<number | null>;
  /** Ends it at once, as a power cut does. */
  kill(): Promise<void>;
  /** Resolves when it has ended, however it did. */
  readonly ended: Promise<number | null>;
}

export interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

export interface ChildOptions {
  /** Node where absent. */
  readonly program?: string;
  /** Who it runs as, where that is another. */
  readonly as?: Identity;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Everything it prints is kept here. */
  readonly logFile: string;
  readonly isReady: (line: string) => boolean;
  readonly readyWithinMs?: number;
}

const KEPT_LINES = 15;

/** Whatever ends this process takes its children along: none is left behind to hold a port or a database. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts Node, or another program, with the arguments. @throws Error with its last lines where it ends or stays silent before it is ready */
export async function startChild(options: ChildOptions): Promise<Child> {
  const child = spawn(options.program ?? process.execPath, [...options.args], {
    ...options.as,
    cwd: options.cwd ?? process.cwd(),
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const log = createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ended = new Promise<number | null>(resolve => {
    child.once('exit', code => {
      running.delete(child);
      log.end();
      resolve(code);
    });
  });
  const readyLine = await waitUntilReady(child, options, ended);
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    const code = await ended;
    clearTimeout(timer);
    return code;
  };
  return { pid: child.pid ?? 0, readyLine, stop, kill, ended, [Symbol.asyncDispose]: async () => void (await stop()) };
}

async function waitUntilReady(
  child: ChildProcess,
  options: ChildOptions,
  ended: Promise<number | null>,
): Promise<string> {
  const last: string[] = [];
  const keep = (line: string) => {
    last.push(line);
    if (last.length > KEPT_LINES) last.shift();
  };
  const ready = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', line => {
      keep(line);
      if (options.isReady(line)) ready.resolve(line);
    });
  }
  const withinMs = options.readyWithinMs ?? 60_000;
  const timeout = setTimeout(() => ready.reject(failed(`said nothing within ${withinMs / 1000} s`)), withinMs);
  const failed = (what: string) => new Error(`${options.args.slice(0, 2).join(' ')} ${what}:\n${last.join('\n')}`);
  child.once('error', error => ready.reject(error));
  void ended.then(code => ready.reject(failed(`ended with ${code}`)));
  try {
    return await ready.promise;
  } catch (error) {
    if (child.exitCode === null) child.kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(timeout);
  }
}

/** Runs a command of ours to its end. Resolves with its exit code and what it printed. */
export async function runToEnd(
  args: readonly string[],
  options: { env?: Readonly<Record<string, string>>; cwd?: string; input?: string; as?: Identity } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [...args], {
    ...options.as,
    cwd: options.cwd ?? process.cwd(),
    env: { ...process.env, ...options.env },
    stdio: 'pipe',
  });
  running.add(child);
  const out: string[] = [];
  const err: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
  child.stdin.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  running.delete(child);
  return { code, stdout: out.join(''), stderr: err.join('') };
}

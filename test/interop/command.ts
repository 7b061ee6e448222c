/** A program that is not ours, run to its end, within a bounded time. */
import { execFile } from 'node:child_process';

export interface Ended {
  readonly code: number;
  /** All that it printed. */
  readonly output: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly withinMs?: number;
}

const OUTPUT_BYTES_MAX = 16 * 1024 ** 2;

export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { cwd, env, withinMs = 60_000 } = options;
  return new Promise((resolve, reject) => {
    const settings = {
      ...(cwd === undefined ? {} : { cwd }),
      // The repositories of these tests are on this machine, whatever proxy it uses for others.
      env: { ...process.env, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1', ...env },
      timeout: withinMs,
      maxBuffer: OUTPUT_BYTES_MAX,
    };
    execFile(program, [...args], settings, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`;
      if (error && typeof error.code !== 'number') reject(new Error(`${program}: ${error.message}\n${output}`));
      else resolve({ code: Number(error?.code ?? 0), output });
    });
  });
}

/** @throws Error with what it printed, where it does not end with 0 */
export async function runWell(program: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
  const { code, output } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${output.slice(-4000)}`);
}

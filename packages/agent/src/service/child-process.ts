/**
 * Node's child processes, loaded when the first one is started: most runs for a timer start none, and loading them takes
 * a tenth of such a run.
 */
import type * as ChildProcess from 'node:child_process';
import { promisify } from 'node:util';

const loaded = (): typeof ChildProcess => process.getBuiltinModule('node:child_process');

export const spawn = ((...how: Parameters<typeof ChildProcess.spawn>) =>
  loaded().spawn(...how)) as typeof ChildProcess.spawn;

/** Runs a program to its end. @throws Error where it cannot be started or fails */
export function execute(
  program: string,
  args: readonly string[],
  options: ChildProcess.ExecFileOptions = {},
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return promisify(loaded().execFile)(program, args, { ...options, encoding: 'utf8' });
}

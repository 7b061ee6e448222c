/** A child that leads a process group of its own: what it said last, and its end with all that it started. */
import type { ChildProcess } from 'node:child_process';

/** What it says on both outputs, for the log: however much that is, only the end is kept. */
export function lastWords(child: Pick<ChildProcess, 'stdout' | 'stderr'>, charsMax: number): () => string {
  const kept = { text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      kept.text = `${kept.text}${text}`.slice(-charsMax);
    });
  }
  return () => kept.text.trim();
}

/** Nothing happens where it is gone already. */
export function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

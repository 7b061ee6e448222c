/**
 * The process between the server and PostgreSQL: a shell that starts PostgreSQL and stops it in good order once its
 * standard input ends, which happens when the server asks for it and also when the server is killed.
 * It stands in a session of its own, so that Ctrl-C reaches the server only, which still has to finish its work.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Logger } from 'pino';
import type { PostgresPlace } from './postgres-place.ts';

/** Shows in the process list; tells a guarded PostgreSQL from one that was left over. */
export const GUARD_NAME = 'tidegate-postgres-guard';

// SIGINT is PostgreSQL's "fast" stop: clients are cut off, everything committed is kept, nothing is left to recover.
const SCRIPT = `
  exec 3<&0
  "$@" </dev/null &
  postgres=$!
  ( cat <&3 >/dev/null; kill -INT $postgres ) 2>/dev/null &
  wait $postgres`;

export interface GuardedPostgres {
  /** Resolves when PostgreSQL has ended, however that came. */
  readonly ended: Promise<void>;
  /** What PostgreSQL said last, for error messages. */
  lastWords(): string;
  /** Stops PostgreSQL in good order. */
  stop(): Promise<void>;
}

export function startGuarded(place: PostgresPlace, args: readonly string[], log: Logger): GuardedPostgres {
  const child = spawn('/bin/sh', ['-c', SCRIPT, GUARD_NAME, place.binaries.postgres, ...args], {
    ...place.owner,
    cwd: place.folder,
    env: { LC_ALL: 'C', TZ: 'UTC' },
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const words: string[] = [];
  readLines(child, line => {
    words.push(line);
    if (words.length > 10) words.shift();
    log[/ LOG: /.test(line) ? 'debug' : 'warn']({ postgres: line }, 'PostgreSQL says');
  });
  const ended = new Promise<void>(resolve => {
    child.once('error', error => {
      words.push(error.message);
      resolve();
    });
    child.once('exit', () => {
      child.stdin?.destroy();
      resolve();
    });
  });
  return {
    ended,
    lastWords: () => words.join('\n'),
    stop: async () => {
      child.stdin?.destroy();
      await ended;
    },
  };
}

function readLines(child: ChildProcess, take: (line: string) => void): void {
  let rest = '';
  child.stdin?.on('error', () => undefined); // a pipe to a guard that has just ended
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') take(line);
  });
}

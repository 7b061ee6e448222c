/**
 * Another program, run once: input on stdin, one answer on stdout, both bounded, and a limit of time. Secrets never
 * stand in its arguments. What it prints on stderr is cut and stripped before people see it.
 */
import { spawn } from 'node:child_process';
import { SignerError } from '../signer-error.ts';

export interface ChildRequest {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input: Uint8Array;
  readonly timeoutSeconds: number;
}

export interface ChildAnswer {
  /** The exit code, or -1 where a signal ended it. */
  readonly exitCode: number;
  readonly stdout: Buffer;
  /** Printable characters only, the last of them. */
  readonly stderr: string;
}

/** What other programs get of the environment unless more is named: no secrets of ours or of others. */
export const PASSED_ON = ['PATH', 'HOME', 'USER', 'LANG', 'TZ', 'TERM'];

const STDOUT_BYTES = 64 * 1024;
const STDERR_BYTES = 64 * 1024;
const STDERR_SHOWN = 500;

/** @throws SignerError `key-tool-missing`, `key-timeout`, `key-answer-invalid` for an answer without end */
export function runChild({ program, args, env, input, timeoutSeconds }: ChildRequest): Promise<ChildAnswer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    const out = gather(STDOUT_BYTES);
    const err = gather(STDERR_BYTES);
    const stop = (error: SignerError) => {
      child.kill('SIGKILL');
      // A grandchild may hold the pipes open; nobody waits for it.
      child.stdout.destroy();
      child.stderr.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => stop(new SignerError('key-timeout', `${program} gave no answer within ${timeoutSeconds} s.`)),
      timeoutSeconds * 1000,
    );
    child.stdout.on('data', (chunk: Buffer) => {
      if (!out.add(chunk)) stop(new SignerError('key-answer-invalid', `${program} answered more than 64 KiB.`));
    });
    child.stderr.on('data', (chunk: Buffer) => void err.add(chunk));
    // It may end without reading its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', cause => {
      clearTimeout(timer);
      reject(new SignerError('key-tool-missing', `${program} cannot be run: ${cause.message}.`, { cause }));
    });
    child.on('close', code => {
      clearTimeout(timer);
      resolve({ exitCode: code ?? -1, stdout: out.bytes(), stderr: printable(err.bytes()) });
    });
  });
}

/** @returns whether it still fits */
function gather(maxBytes: number): { add: (chunk: Buffer) => boolean; bytes: () => Buffer } {
  const chunks: Buffer[] = [];
  let length = 0;
  return {
    add: chunk => {
      if (length + chunk.length > maxBytes) return false;
      length += chunk.length;
      chunks.push(chunk);
      return true;
    },
    bytes: () => Buffer.concat(chunks),
  };
}

/** Terminals obey control characters, so none is passed on. */
function printable(bytes: Buffer): string {
  return bytes
    .toString('utf8')
    .replace(/[^\p{L}\p{N}\p{P}\p{S} ]+/gu, ' ')
    .trim()
    .slice(-STDERR_SHOWN);
}

/** Asks the running agent over its admin socket. */
import { request } from 'node:http';
import { jsonParser, Problem } from '@tidegate/protocol';
import * as Type from '@tidegate/protocol/type';
import { readConfig } from '../config.ts';
import { CommandError, EXIT } from './exit-code.ts';

const ANSWER_BYTES_MAX = 1024 * 1024;
const WITHIN_MS = 10_000;

const parseProblem = jsonParser(Problem);
const parseAnswer = jsonParser(Type.Object({}));

/** @throws CommandError notRunning, refused, failed */
export async function ask<T>(configFile: string, method: string, path: string, body?: object): Promise<T> {
  const { adminSocket } = await readConfig(configFile);
  const { status, text } = await send(adminSocket, method, path, body);
  if (status >= 300) {
    const problem = parseProblem(text);
    const refused = status === 409 || status === 403;
    throw new CommandError(
      refused ? EXIT.refused : EXIT.failed,
      (problem.ok && problem.value.detail) || `the agent answered ${status}`,
    );
  }
  const answer = parseAnswer(text);
  if (!answer.ok) throw new CommandError(EXIT.failed, `the agent's answer cannot be read: ${answer.fault.message}`);
  // The agent that answers is of this very package: the shape is its own.
  return answer.value as T;
}

function send(
  socketPath: string,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const bytes = body === undefined ? undefined : JSON.stringify(body);
    const headers =
      bytes === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) };
    const outgoing = request({ socketPath, method, path, headers, timeout: WITHIN_MS }, response => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > ANSWER_BYTES_MAX) outgoing.destroy(new Error('the answer is too long'));
        chunks.push(chunk);
      });
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 500, text: Buffer.concat(chunks).toString('utf8') }),
      );
      response.once('error', reject);
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.once('error', (error: NodeJS.ErrnoException) => reject(notReached(socketPath, error)));
    outgoing.end(bytes);
  });
}

function notReached(socketPath: string, error: NodeJS.ErrnoException): CommandError {
  if (error.code === 'EACCES') {
    return new CommandError(EXIT.refused, `you may not use ${socketPath}; ask to be put into its group`, error);
  }
  return new CommandError(
    EXIT.notRunning,
    `the agent does not answer at ${socketPath} (${error.message}); start it: tidegate-agent run`,
    error,
  );
}

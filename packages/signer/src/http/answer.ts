/** What a service of ours answered: the value that its schema promises, or why it refused, in its own words. */
import { type Parsed, Problem, type ProblemCode, jsonParser } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import type { Answer } from './exchange.ts';

const parseProblem = jsonParser(Problem);

/** @throws SignerError `server-answer-invalid` */
export function readAnswer<T>(parse: (text: string) => Parsed<T>, { body }: Answer): T {
  const parsed = parse(body.toString('utf8'));
  if (parsed.ok) return parsed.value;
  const { path, message } = parsed.fault;
  throw new SignerError('server-answer-invalid', `The server's answer cannot be read: ${path || 'it'} ${message}.`);
}

export interface Refusal {
  /** Undefined where the answer is no problem document, as of a proxy. */
  readonly code: ProblemCode | undefined;
  readonly detail: string;
  /** Code, detail and place as one text. */
  readonly words: string;
}

export function refusalIn({ status, body }: Answer): Refusal {
  const problem = parseProblem(body.toString('utf8'));
  if (!problem.ok) return { code: undefined, detail: '', words: `status ${status}` };
  const { code, title, detail = title, path } = problem.value;
  return { code, detail, words: `${code}: ${detail}${path ? ` (at ${path})` : ''}` };
}

/** An HTTP answer that is not the one hoped for, as an AgentError whose cause keeps status and problem code (RFC 9457). */
import { jsonParser, type Problem, Problem as ProblemSchema } from '@tidegate/protocol';
import { AgentError } from '../agent-error.ts';
import type { BytesAnswer } from './http-client.ts';
import { retryAfterSeconds } from './retry-after.ts';

export interface HttpRefusal {
  readonly status: number;
  readonly problem?: Problem;
}

const parseProblem = jsonParser(ProblemSchema);

export function httpRefusal(what: string, answer: BytesAnswer, nowMs: number): AgentError {
  const parsed = parseProblem(answer.body.toString('utf8'));
  const refusal: HttpRefusal = { status: answer.status, ...(parsed.ok ? { problem: parsed.value } : {}) };
  const reason = parsed.ok ? `${parsed.value.code}: ${parsed.value.detail ?? parsed.value.title}` : 'no reason given';
  return new AgentError('network', `${what}: HTTP ${answer.status}, ${reason}`.slice(0, 300), {
    retryAfterSeconds: retryAfterSeconds(answer.headers['retry-after'], nowMs),
    cause: refusal,
  });
}

/** Status and problem of an error made by `httpRefusal`; undefined for any other error. */
export function refusalOf(error: unknown): HttpRefusal | undefined {
  if (!(error instanceof AgentError)) return undefined;
  const cause = error.cause;
  return typeof cause === 'object' && cause !== null && 'status' in cause ? (cause as HttpRefusal) : undefined;
}

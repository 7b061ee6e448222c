/**
 * Every error that a client sees, as RFC 9457 problem details. The signer's codes map to the protocol's here; what has no
 * place in the map is ours: logged in full, told as `internal`.
 */
import { type Problem, PROBLEM_MEDIA_TYPE, type ProblemCode, PROBLEMS } from '@tidegate/protocol';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SignerError, type SignerCode } from '../../signer-error.ts';
import { InputFault } from './validator.ts';

/** What the sender can do something about. All other codes of a list that was refused are `list-refused`. */
const PROBLEM_OF: Partial<Record<SignerCode, ProblemCode>> = {
  'token-invalid': 'unauthenticated',
  'token-needed': 'unauthenticated',
  'token-expired': 'token-expired',
  'policy-refused': 'policy-refused',
  'key-not-in-role': 'key-not-in-role',
  'signature-invalid': 'signature-invalid',
  'draft-stale': 'draft-stale',
  'draft-exists': 'submission-waiting',
  'submission-waiting': 'submission-waiting',
  'submission-state': 'submission-state',
  'nothing-to-sign': 'submission-state',
  'submission-unknown': 'not-found',
  'artifact-unexpected': 'artifact-unexpected',
  'artifact-hash': 'hash-mismatch',
  'artifact-length': 'length-mismatch',
  'publication-incomplete': 'publication-incomplete',
  'disk-full': 'disk-full',
  'role-unknown': 'role-unknown',
  'submissions-full': 'unavailable',
  'not-active': 'unavailable',
  'repository-busy': 'unavailable',
  network: 'unavailable',
};

/** Faults of the service's own side, whatever was sent. */
const OURS: readonly SignerCode[] = ['repository-damaged', 'repository-missing', 'config-invalid', 'audit-broken'];

const DISK_FULL = { code: 'disk-full', detail: 'the disk is full' } as const;

const FRAMEWORK: Readonly<Record<string, { code: ProblemCode; detail: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'body-too-large', detail: 'the body is larger than this route takes' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported-media-type',
    detail: 'this route does not take that media type',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'bad-request', detail: 'the body is empty' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'bad-request', detail: 'the body is not JSON' },
  ENOSPC: DISK_FULL,
};

export interface Refusal {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly path?: string;
  readonly retryAfterSeconds?: number;
}

/** @param refused is told of every problem before it is answered */
export function handleProblems(
  app: FastifyInstance,
  refused: (request: FastifyRequest, refusal: Refusal) => Promise<void>,
): void {
  const answer = async (request: FastifyRequest, reply: FastifyReply, refusal: Refusal, cause?: unknown) => {
    await refused(request, refusal);
    if (PROBLEMS[refusal.code] === 500) request.log.error({ err: cause }, 'a request failed');
    await answerProblem(reply, refusal);
  };
  app.setErrorHandler<FastifyError>((error, request, reply) => answer(request, reply, asRefusal(error), error));
  app.setNotFoundHandler((request, reply) =>
    answer(request, reply, { code: 'not-found', detail: `there is no ${request.method} here` }),
  );
}

export async function answerProblem(reply: FastifyReply, refusal: Refusal): Promise<void> {
  const { code, detail, path, retryAfterSeconds } = refusal;
  const status = PROBLEMS[code];
  const problem: Problem = {
    type: 'about:blank',
    title: code,
    status,
    code,
    detail,
    ...(path !== undefined && { path }),
  };
  if (retryAfterSeconds !== undefined) reply.header('Retry-After', retryAfterSeconds);
  if (status === 401) reply.header('WWW-Authenticate', 'Bearer');
  reply.header('Cache-Control', 'no-store');
  await reply.code(status).type(PROBLEM_MEDIA_TYPE).serializer(JSON.stringify).send(problem);
}

export function asRefusal(error: FastifyError | SignerError | InputFault): Refusal {
  if (error instanceof InputFault) return { code: 'invalid-input', detail: error.message, path: error.path };
  if (error instanceof SignerError) return ofSigner(error);
  const known = FRAMEWORK[error.code];
  if (known) return known;
  if (error.code === 'ECONNRESET' || error.code === 'ERR_STREAM_PREMATURE_CLOSE') {
    return { code: 'bad-request', detail: 'the sender hung up' };
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return { code: 'bad-request', detail: 'the request cannot be read' };
  }
  return { code: 'internal', detail: 'the service has a fault of its own' };
}

function ofSigner({ code, message }: SignerError): Refusal {
  if (OURS.includes(code)) return { code: 'internal', detail: 'the service has a fault of its own' };
  const problem = PROBLEM_OF[code];
  if (problem === undefined) return { code: 'list-refused', detail: `${code}: ${message}`, path: '/list' };
  // Where the disk is, is nobody's business.
  if (code === 'disk-full') return DISK_FULL;
  return { code: problem, detail: message, ...(problem === 'unavailable' && { retryAfterSeconds: 5 }) };
}

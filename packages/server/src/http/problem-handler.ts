/**
 * Every error that a client sees, as RFC 9457 problem details with a code of the closed list. What is the client's to
 * mend is told in words; what is ours is logged in full and told as `internal`: never a stack, never SQL.
 */
import { type Problem, PROBLEM_MEDIA_TYPE, type ProblemCode, PROBLEMS } from '@tidegate/protocol';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ServerError } from '../server-error.ts';

/** @param refused is told of every problem that is answered */
export function handleProblems(app: FastifyInstance, refused: (code: ProblemCode) => void): void {
  const answer = (request: FastifyRequest, reply: FastifyReply, error: ServerError) => {
    refused(error.code);
    return answerProblem(request, reply, error);
  };
  app.setErrorHandler<FastifyError>((error, request, reply) => answer(request, reply, asServerError(error)));
  app.setNotFoundHandler((request, reply) =>
    answer(request, reply, new ServerError('not-found', `there is no ${request.method} here`)),
  );
}

export async function answerProblem(request: FastifyRequest, reply: FastifyReply, error: ServerError): Promise<void> {
  const status = PROBLEMS[error.code];
  if (status >= 500 && !isForeseen(error)) {
    request.log.error({ reqId: request.id, err: error.cause ?? error, url: request.url }, error.message);
  }
  const problem: Problem = {
    type: 'about:blank',
    title: error.code,
    status,
    code: error.code,
    detail: error.message,
    ...(error.path === undefined ? {} : { path: error.path }),
  };
  if (error.retryAfterSeconds !== undefined) reply.header('Retry-After', error.retryAfterSeconds);
  if (status === 401) reply.header('WWW-Authenticate', 'Bearer');
  if (status >= 400) reply.header('Cache-Control', 'no-store');
  await reply.code(status).type(PROBLEM_MEDIA_TYPE).serializer(JSON.stringify).send(problem);
}

/**
 * Turned away on purpose and told when to come again, under load or while the process ends: whoever does it says so once,
 * since a line for each would be load again.
 */
function isForeseen({ retryAfterSeconds, cause }: ServerError): boolean {
  return retryAfterSeconds !== undefined && cause === undefined;
}

/** By Fastify's, Node's and PostgreSQL's own codes; whatever is not known here is ours. */
export function asServerError(error: FastifyError): ServerError {
  if (error instanceof ServerError) return error;
  const known = KNOWN[error.code];
  if (known) return new ServerError(known.code, known.detail, { cause: error });
  if (isSenderGone(error)) return new ServerError('bad-request', 'the sender hung up', { cause: error });
  if (isDatabaseGone(error)) {
    return new ServerError('unavailable', 'the database does not answer', { retryAfterSeconds: 5, cause: error });
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new ServerError('bad-request', 'the request cannot be read', { cause: error });
  }
  return new ServerError('internal', 'the server has a fault of its own', { cause: error });
}

const KNOWN: Readonly<Record<string, { code: ProblemCode; detail: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'body-too-large', detail: 'the body is larger than this route takes' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported-media-type',
    detail: 'this route does not take that media type',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'bad-request', detail: 'the body is empty' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'bad-request', detail: 'the body is not JSON' },
  ENOSPC: { code: 'disk-full', detail: 'the disk is full' },
  '53100': { code: 'disk-full', detail: "the database's disk is full" },
};

/** Node's error for a request that broke off. It has a code of broken database connections too, but its own words. */
function isSenderGone(error: FastifyError): boolean {
  return error.code === 'ECONNRESET' && error.message === 'aborted';
}

/**
 * Connection errors of Node, and PostgreSQL's class 57P (shutting down, starting up), 53300 (too many connections), 57014
 * (too slow).
 */
function isDatabaseGone(error: FastifyError): boolean {
  const codes = ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EPIPE', '53300', '57014', '57P01', '57P02', '57P03'];
  return (
    codes.includes(error.code) ||
    /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/.test(
      error.message,
    )
  );
}

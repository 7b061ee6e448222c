/** Errors of every HTTP interface: RFC 9457 problem details with a code from a closed list. */
import type { Static } from 'typebox';
import * as Type from './type.ts';

/** Code of an error of the API, with the HTTP status that carries it. */
export const PROBLEMS = {
  'bad-request': 400,
  'invalid-input': 400,
  unauthenticated: 401,
  'token-expired': 401,
  'nonce-invalid': 401,
  'signature-invalid': 401,
  forbidden: 403,
  'claim-token-invalid': 403,
  'wrong-product': 403,
  'policy-refused': 403,
  'key-not-in-role': 403,
  'certificate-needed': 401,
  'certificate-invalid': 403,
  'certificate-expired': 403,
  'certificate-wrong-product': 403,
  'key-unknown': 403,
  'device-revoked': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'claim-token-used': 409,
  'key-known': 409,
  'version-conflict': 409,
  'rollout-conflict': 409,
  'rollout-state': 409,
  'too-late': 409,
  'draft-stale': 409,
  'submission-waiting': 409,
  'submission-state': 409,
  'body-too-large': 413,
  'length-mismatch': 422,
  'hash-mismatch': 422,
  'metadata-invalid': 422,
  'publication-incomplete': 422,
  'release-unknown': 422,
  'role-unknown': 422,
  'list-refused': 422,
  'artifact-unexpected': 422,
  'phases-not-growing': 422,
  'filter-invalid': 422,
  'gate-impossible': 422,
  'soak-too-short': 422,
  'unsupported-media-type': 415,
  'setup-needed': 409,
  'too-many-requests': 429,
  internal: 500,
  unavailable: 503,
  /** Not a fault: more comes than can be served. `Retry-After` says when to come again. */
  overloaded: 503,
  'disk-full': 507,
} as const satisfies Record<string, number>;

export type ProblemCode = keyof typeof PROBLEMS;

export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.Enum(Object.keys(PROBLEMS) as ProblemCode[]),
  detail: Type.Optional(Type.String()),
  /** JSON pointer to the field at fault, for faulty input. */
  path: Type.Optional(Type.String()),
});
export type Problem = Static<typeof Problem>;

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

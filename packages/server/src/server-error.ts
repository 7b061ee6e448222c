/** The one error of this package: a code of the API's closed list, told to the client as problem details. */
import type { ProblemCode } from '@tidegate/protocol';

export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: ProblemCode;
  /** JSON pointer to the field at fault, for faulty input. */
  readonly path: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    more: { path?: string; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(detail, { cause: more.cause });
    this.code = code;
    this.path = more.path;
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

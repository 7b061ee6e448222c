/** The one error of this package: a code of the closed list says what the device does next (again later, refuse, or our bug). */
import { CODES, type Code, type CodeClass } from '@tidegate/protocol';

export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly code: Code;
  /** From the server's Retry-After, where it sent one. */
  readonly retryAfterSeconds: number | undefined;
  /** From how many sources the same fault was seen: one bad mirror is no proof against a release. */
  readonly sources: number | undefined;

  constructor(
    code: Code,
    detail: string,
    more: { retryAfterSeconds?: number | undefined; sources?: number; cause?: unknown } = {},
  ) {
    super(detail, { cause: more.cause });
    this.code = code;
    this.retryAfterSeconds = more.retryAfterSeconds;
    this.sources = more.sources;
  }

  get class(): CodeClass {
    return CODES[this.code].class;
  }
}

/** Whatever was thrown, as an AgentError: the unforeseen is `internal`, disk faults have codes of their own. */
export function asAgentError(error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const errno = error instanceof Error && 'code' in error ? error.code : undefined;
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return new AgentError('disk-full', message, { cause: error });
  if (errno === 'EIO' || errno === 'EROFS') return new AgentError('disk-io', message, { cause: error });
  return new AgentError('internal', message, { cause: error });
}

/**
 * The one error of this package: a code that scripts can branch on, a sentence that says what was wrong and what to do,
 * and the exit code. Codes of our own are a closed list; a refusal by the server carries the server's code.
 */
import { EXIT, type Exit } from './exit-code.ts';

const EXIT_OF = {
  usage: EXIT.usage,
  'config-invalid': EXIT.usage,
  'insecure-url': EXIT.usage,
  'file-unreadable': EXIT.usage,
  'file-exists': EXIT.usage,
  'csv-invalid': EXIT.usage,
  'not-confirmed': EXIT.usage,
  /** Of an upload, some lines were not taken. */
  'partly-refused': EXIT.usage,
  'file-unwritable': EXIT.failed,
  'answer-invalid': EXIT.failed,
  internal: EXIT.failed,
  'rollout-unknown': EXIT.conflict,
  'rollout-ambiguous': EXIT.conflict,
  'rollout-halted': EXIT.ended,
  'rollout-stopped': EXIT.ended,
  'rollout-cancelled': EXIT.ended,
  unreachable: EXIT.unreachable,
  'token-missing': EXIT.notAllowed,
  interrupted: EXIT.interrupted,
} as const satisfies Record<string, Exit>;

export type CliCode = keyof typeof EXIT_OF;

interface Details {
  /** JSON pointer to the field at fault. */
  readonly path?: string | undefined;
  readonly cause?: unknown;
}

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;
  readonly exit: Exit;
  readonly path: string | undefined;

  /** @param code one of ours @param message a sentence for people */
  constructor(code: CliCode, message: string, details?: Details);
  /** @param code the server's, with the exit code that stands for it */
  constructor(code: { readonly server: string; readonly exit: Exit }, message: string, details?: Details);
  constructor(
    code: CliCode | { readonly server: string; readonly exit: Exit },
    message: string,
    { path, cause }: Details = {},
  ) {
    super(message, { cause });
    this.code = typeof code === 'string' ? code : code.server;
    this.exit = typeof code === 'string' ? EXIT_OF[code] : code.exit;
    this.path = path;
  }

  /** The same error, told with what it means for the task at hand. */
  within(sentence: string): CliError {
    const { code, exit, path } = this;
    return new CliError({ server: code, exit }, `${this.message} ${sentence}`, { path, cause: this });
  }
}

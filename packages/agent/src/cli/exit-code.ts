/** Exit codes of the commands, for scripts. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notRunning: 3,
  refused: 4,
  /** EX_TEMPFAIL of sysexits(3): nothing is wrong here, another run goes on. */
  later: 75,
} as const;

/** A command that cannot go on: a sentence and its exit code. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(exitCode: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

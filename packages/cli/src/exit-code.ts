/** What a script learns from the exit code alone. */
export const EXIT = {
  ok: 0,
  failed: 1,
  /** Wrong usage, or input that was refused. */
  usage: 2,
  /** It is not there, or its state does not allow it. */
  conflict: 3,
  /** A rollout that was watched halted or was stopped. */
  ended: 4,
  unreachable: 5,
  notAllowed: 6,
  /** Ctrl-C: 128 + SIGINT. */
  interrupted: 130,
} as const;

export type Exit = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_TEXT =
  'Exit codes: 0 ok, 1 failed, 2 wrong usage or refused input, 3 not found or conflict,\n' +
  '4 a watched rollout halted or was stopped, 5 server unreachable, 6 not allowed, 130 Ctrl-C.';

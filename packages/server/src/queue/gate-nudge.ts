/**
 * Judges a rollout soon after one of its updates has ended, rather than with the next tick: what a report allows should
 * not wait. Only hurries: a nudge that is lost is made good by the tick. Many reports are one judgement, and never two at
 * a time in one process.
 */
const SOON_MS = 200;
/** Judging takes a fifth of the time at most. */
const REST_TIMES = 5;

export interface GateNudge {
  readonly judgeSoon: (rolloutIds: Iterable<string>) => void;
  /** Waits for the judgement in hand. */
  readonly close: () => Promise<void>;
}

/** @param judge must not throw */
export function nudgeGates(judge: (rolloutIds: ReadonlySet<string>) => Promise<void>): GateNudge {
  let waiting = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let judging: Promise<void> = Promise.resolve();
  let closed = false;

  async function run(): Promise<void> {
    const ids = waiting;
    waiting = new Set();
    const begunAt = performance.now();
    await judge(ids);
    timer = undefined;
    if (waiting.size > 0) arm(Math.max(SOON_MS, REST_TIMES * (performance.now() - begunAt)));
  }
  function arm(ms: number): void {
    if (closed) return;
    timer = setTimeout(() => {
      judging = run();
    }, ms);
  }

  return {
    judgeSoon: rolloutIds => {
      for (const id of rolloutIds) waiting.add(id);
      // A timer that fired stays set until its judgement has ended.
      if (waiting.size > 0 && timer === undefined) arm(SOON_MS);
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await judging;
    },
  };
}

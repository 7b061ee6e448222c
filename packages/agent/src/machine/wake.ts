/** Lets the owner's side wake the machine: each signal fires once, at the next wake. */
export interface Wake {
  wake(): void;
  /** Fires at the next wake. */
  signal(): AbortSignal;
}

export function createWake(): Wake {
  let next = new AbortController();
  return {
    wake() {
      const woken = next;
      next = new AbortController();
      woken.abort();
    },
    signal: () => next.signal,
  };
}

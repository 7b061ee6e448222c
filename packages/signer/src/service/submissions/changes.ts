/** Tells those who wait for a submission that its state has changed. */
export interface Changes {
  readonly tell: (id: string) => void;
  /** Resolves when it changes, or the signal ends the wait. */
  readonly next: (id: string, signal: AbortSignal) => Promise<void>;
}

export function openChanges(): Changes {
  const listeners = new Set<{ readonly id: string; readonly tell: () => void }>();
  return {
    tell: id => {
      for (const listener of listeners) if (listener.id === id) listener.tell();
    },
    next: (id, signal) =>
      new Promise(resolve => {
        const listener = {
          id,
          tell: () => {
            listeners.delete(listener);
            resolve();
          },
        };
        listeners.add(listener);
        signal.addEventListener('abort', listener.tell, { once: true });
        if (signal.aborted) listener.tell();
      }),
  };
}

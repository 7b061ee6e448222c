/**
 * A map of what was used lately, bounded: it holds at least half of `capacity` and never more. Two generations instead
 * of one list in the order of use: dropping the oldest entry of a large Map one by one costs a walk over those that were
 * dropped before it.
 */
export interface RecentMap<V> {
  /** Counts as use. */
  readonly get: (key: string) => V | undefined;
  readonly set: (key: string, value: V) => void;
  readonly delete: (key: string) => void;
  readonly size: () => number;
}

export function recentMap<V>(capacity: number): RecentMap<V> {
  const half = Math.max(1, Math.floor(capacity / 2));
  let young = new Map<string, V>();
  let old = new Map<string, V>();

  function set(key: string, value: V): void {
    young.set(key, value);
    if (young.size < half) return;
    old = young;
    young = new Map();
  }
  return {
    get: key => {
      const value = young.get(key);
      if (value !== undefined) return value;
      const kept = old.get(key);
      if (kept === undefined) return undefined;
      old.delete(key);
      set(key, kept);
      return kept;
    },
    set: (key, value) => {
      old.delete(key);
      set(key, value);
    },
    delete: key => {
      young.delete(key);
      old.delete(key);
    },
    size: () => young.size + old.size,
  };
}

/**
 * Immutable files in memory, the least lately used forgotten first, bounded by their bytes in all. What many ask for at
 * once is loaded once.
 */
export interface ByteCache<F> {
  get(name: string, load: () => Promise<F | undefined>): Promise<F | undefined>;
}

/** What does not exist is not remembered: it may come to exist at any time. */
export function byteCache<F extends { readonly bytes: Buffer }>(maxBytes: number): ByteCache<F> {
  const held = new Map<string, F>();
  const loading = new Map<string, Promise<F | undefined>>();
  let bytes = 0;

  function keep(name: string, file: F): void {
    bytes += file.bytes.length - (held.get(name)?.bytes.length ?? 0);
    held.delete(name);
    held.set(name, file);
    for (const [oldest, old] of held) {
      if (bytes <= maxBytes) break;
      held.delete(oldest);
      bytes -= old.bytes.length;
    }
  }
  function loadOnce(name: string, load: () => Promise<F | undefined>): Promise<F | undefined> {
    const begun = loading.get(name);
    if (begun) return begun;
    const loaded = load().finally(() => loading.delete(name));
    loading.set(name, loaded);
    return loaded;
  }
  return {
    get: async (name, load) => {
      const file = held.get(name) ?? (await loadOnce(name, load));
      if (file) keep(name, file);
      return file;
    },
  };
}

/** Immutable files in memory, the least lately used forgotten first, bounded by their bytes in all. */
export interface ByteCache {
  get(name: string, load: () => Promise<Buffer | undefined>): Promise<Buffer | undefined>;
}

/** What does not exist is not remembered: it may come to exist at any time. */
export function byteCache(maxBytes: number): ByteCache {
  const held = new Map<string, Buffer>();
  let bytes = 0;

  function keep(name: string, content: Buffer): void {
    bytes += content.length - (held.get(name)?.length ?? 0);
    held.delete(name);
    held.set(name, content);
    for (const [oldest, { length }] of held) {
      if (bytes <= maxBytes) break;
      held.delete(oldest);
      bytes -= length;
    }
  }
  return {
    get: async (name, load) => {
      const content = held.get(name) ?? (await load());
      if (content) keep(name, content);
      return content;
    },
  };
}

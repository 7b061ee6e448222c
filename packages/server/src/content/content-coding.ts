/** In which coding a client wants the bytes (`Accept-Encoding`, RFC 9110 12.5.3). Pure. */

/** Those that are made here, the smaller first. */
export const CODINGS = ['br', 'gzip'] as const;
export type Coding = (typeof CODINGS)[number];

/** @returns undefined for the bytes as they are: also where a client wants neither, since nothing else could be sent */
export function chooseCoding(acceptEncoding: string | undefined): Coding | undefined {
  const wanted = weights(acceptEncoding ?? '');
  const weightOf = (coding: string) => wanted.get(coding) ?? wanted.get('*') ?? 0;
  const [best] = CODINGS.toSorted((a, b) => weightOf(b) - weightOf(a));
  // Whoever names `identity` and likes it better is asked for nothing else; unnamed, it is the last resort.
  return best !== undefined && weightOf(best) > 0 && weightOf(best) >= (wanted.get('identity') ?? 0) ? best : undefined;
}

function weights(header: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const part of header.split(',')) {
    const match = /^\s*([!#$%&'*+.^_`|~\w-]+)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?$/i.exec(part);
    if (match?.[1] !== undefined) found.set(match[1].toLowerCase(), Math.min(1, Number(match[2] ?? 1)));
  }
  return found;
}

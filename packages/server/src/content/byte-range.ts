/** `Range: bytes=…` (RFC 9110 14): one range is served, several are answered with the whole, as the RFC allows. Pure. */
export type ByteRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

const WHOLE: ByteRange = { kind: 'whole' };

/** @param length of the whole in bytes @returns first and last byte, both included */
export function parseByteRange(header: string | undefined, length: number): ByteRange {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (!match) return WHOLE;
  const [first, last] = [match[1] ?? '', match[2] ?? ''];
  if (first === '' && last === '') return WHOLE;
  if (first === '') {
    const wanted = Math.min(Number(last), length);
    return wanted === 0 ? { kind: 'unsatisfiable' } : { kind: 'part', start: length - wanted, end: length - 1 };
  }
  const start = Number(first);
  const end = last === '' ? length - 1 : Math.min(Number(last), length - 1);
  if (last !== '' && Number(last) < start) return WHOLE;
  return start >= length ? { kind: 'unsatisfiable' } : { kind: 'part', start, end };
}

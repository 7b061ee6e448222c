/**
 * The lines of an event stream (WHATWG HTML, 9.2.6) as events, as far as this protocol uses them: names, one line of data,
 * `retry`. Bounded: a line without end is a fault of the server. Pure but for what it holds of a line that is not whole.
 */
export type StreamEvent =
  | { readonly kind: 'event'; readonly name: string; readonly data: string }
  | { readonly kind: 'retry'; readonly ms: number };

const LINE_CHARS_MAX = 4096;

/** @returns what each piece of text completes. It throws RangeError where a line is too long */
export function eventLines(): (piece: string) => StreamEvent[] {
  let held = '';
  let name = '';
  let data = '';

  function take(line: string): StreamEvent | undefined {
    if (line === '') {
      const event = data === '' ? undefined : ({ kind: 'event', name, data } as const);
      [name, data] = ['', ''];
      return event;
    }
    const [field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line)?.slice(1) ?? [];
    if (field === 'event') name = value;
    if (field === 'data') data = value;
    return field === 'retry' && /^\d{1,9}$/.test(value) ? { kind: 'retry', ms: Number(value) } : undefined;
  }

  return piece => {
    const lines = (held + piece).split(/\r\n|\n|\r/);
    held = lines.pop() ?? '';
    if (held.length > LINE_CHARS_MAX || lines.some(l => l.length > LINE_CHARS_MAX))
      throw new RangeError('a line has no end');
    return lines.flatMap(line => take(line) ?? []);
  };
}

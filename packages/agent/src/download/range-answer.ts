/** What a server's answer to a request for a range means (RFC 9110 14, 15.3.7, 15.5.17). Pure. */
export interface RangeAsked {
  /** Bytes held already: 0 where the whole was asked for. */
  readonly offset: number;
  /** Signed length of the whole. */
  readonly lengthBytes: number;
}

export type RangeAnswer =
  /** The body goes on at `at`: at the offset, or at 0 where the server sends the whole again. */
  | { readonly kind: 'body'; readonly at: number }
  /** What is held does not fit what the server has: forget it and ask for the whole. */
  | { readonly kind: 'restart' }
  /** The server announces another length than the signed one. */
  | { readonly kind: 'length-lie'; readonly detail: string }
  | { readonly kind: 'refused' };

type Headers = Readonly<Record<string, string | undefined>>;

export function readRangeAnswer(status: number, headers: Headers, { offset, lengthBytes }: RangeAsked): RangeAnswer {
  if (status === 200) return announced(headers, lengthBytes) ?? { kind: 'body', at: 0 };
  if (status === 416 && offset > 0) return { kind: 'restart' };
  if (status !== 206 || offset === 0) return { kind: 'refused' };
  const range = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(headers['content-range'] ?? '');
  if (!range || Number(range[1]) !== offset) return { kind: 'restart' };
  if (range[3] !== '*' && Number(range[3]) !== lengthBytes)
    return { kind: 'length-lie', detail: `${range[3]} bytes are announced, ${lengthBytes} are signed` };
  return announced(headers, lengthBytes - offset) ?? { kind: 'body', at: offset };
}

function announced(headers: Headers, expected: number): RangeAnswer | undefined {
  const text = headers['content-length'];
  if (text === undefined || Number(text) === expected) return undefined;
  return { kind: 'length-lie', detail: `${text.slice(0, 20)} bytes are announced, ${expected} are expected` };
}

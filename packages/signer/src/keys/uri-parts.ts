/** The path and the query of a key URI, decoded. An unknown word in the query is refused: it may be a slip that matters. */
import { SignerError } from '../signer-error.ts';

export interface UriParts {
  readonly path: string;
  /** Each word's values, in their order. */
  readonly query: ReadonlyMap<string, readonly string[]>;
}

/** @param rest the URI without its scheme @throws SignerError `key-uri-invalid` */
export function uriParts(scheme: string, rest: string, known: readonly string[]): UriParts {
  const mark = rest.indexOf('?');
  const path = decoded(mark < 0 ? rest : rest.slice(0, mark));
  const query = new Map<string, string[]>();
  for (const pair of mark < 0 ? [] : rest.slice(mark + 1).split('&')) {
    const equals = pair.indexOf('=');
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
    if (!known.includes(name)) {
      throw new SignerError(
        'key-uri-invalid',
        `${scheme}: knows no "${name}" after the ?; it knows ${known.join(', ')}.`,
      );
    }
    query.set(name, [...(query.get(name) ?? []), equals < 0 ? '' : decoded(pair.slice(equals + 1))]);
  }
  return { path, query };
}

/** The one value of a word. @throws SignerError `key-uri-invalid` where it stands there twice */
export function onlyValue({ query }: UriParts, name: string): string | undefined {
  const values = query.get(name) ?? [];
  if (values.length > 1) throw new SignerError('key-uri-invalid', `A key's URI says "${name}" twice.`);
  return values[0];
}

/** Percent-decoding; what does not decode, or has control characters, is refused. */
export function decoded(text: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text);
  } catch (cause) {
    throw new SignerError('key-uri-invalid', `"${text}" in a key's URI is not well percent-encoded.`, { cause });
  }
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(plain)) {
    throw new SignerError('key-uri-invalid', `A key's URI has control characters.`);
  }
  return plain;
}

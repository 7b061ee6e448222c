/**
 * A small JSON state that outlives power cuts: checksummed, checked against a schema, in one copy or two.
 * With two, a damaged copy is found and the other one counts. Unknown fields survive a load and save, so that an
 * older agent can go on after a newer one has written (formats N-1 and N are read).
 */
import { createHash } from 'node:crypto';
import { jsonParser, parser, SHA256_PATTERN } from '@tidegate/protocol';
import type { Static, TSchema } from 'typebox';
import * as Type from '@tidegate/protocol/type';
import type { DurableFiles } from './durable-files.ts';

type Loaded<T> =
  | { readonly kind: 'value'; readonly value: T /** A copy was damaged or missing. */; readonly damaged: boolean }
  | { readonly kind: 'absent' }
  /** Something is there, and none of it can be believed. */
  | { readonly kind: 'corrupt'; readonly fault: string };

export interface StateFile<T> {
  load(): Promise<Loaded<T>>;
  save(value: T): Promise<void>;
}

interface Options<S extends TSchema> {
  readonly files: DurableFiles;
  /** With two copies: `floors.json` becomes `floors.a.json` and `floors.b.json`. */
  readonly path: string;
  readonly format: number;
  readonly schema: S;
  readonly copies?: 1 | 2;
}

const Envelope = Type.Object({
  format: Type.Integer({ minimum: 0 }),
  sequence: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  checksum: Type.String({ pattern: SHA256_PATTERN }),
  body: Type.Unknown(),
});

type Copy<T> = { readonly value: T; readonly sequence: number } | { readonly fault: string } | undefined;

export function createStateFile<S extends TSchema>(options: Options<S>): StateFile<Static<S>> {
  const { files, format } = options;
  const parseEnvelope = jsonParser(Envelope);
  const parseBody = parser(options.schema);
  const paths = options.copies === 2 ? ['a', 'b'].map(copy => withSuffix(options.path, copy)) : [options.path];

  const readCopy = async (path: string): Promise<Copy<Static<S>>> => {
    const bytes = await files.read(path);
    if (!bytes) return undefined;
    const envelope = parseEnvelope(bytes.toString('utf8'));
    if (!envelope.ok) return { fault: `${path}${envelope.fault.path}: ${envelope.fault.message}` };
    const { body, checksum, sequence } = envelope.value;
    if (envelope.value.format !== format && envelope.value.format !== format - 1)
      return { fault: `${path}: format ${envelope.value.format} is not known` };
    if (digest(body) !== checksum) return { fault: `${path}: checksum differs` };
    const parsed = parseBody(body);
    if (!parsed.ok) return { fault: `${path}${parsed.fault.path}: ${parsed.fault.message}` };
    return { value: parsed.value, sequence };
  };

  const readAll = () => Promise.all(paths.map(readCopy));

  return {
    async load() {
      const copies = await readAll();
      const newest = newestOf(copies);
      if (newest) return { kind: 'value', value: newest.value, damaged: copies.some(c => !c || 'fault' in c) };
      const faults = copies.flatMap(c => (c && 'fault' in c ? [c.fault] : []));
      return faults.length > 0 ? { kind: 'corrupt', fault: faults.join('; ') } : { kind: 'absent' };
    },

    async save(value) {
      const sequence = (newestOf(await readAll())?.sequence ?? 0) + 1;
      const text = JSON.stringify({ format, sequence, checksum: digest(value), body: value });
      // One after the other: at every moment one whole copy lies on disk.
      for (const path of paths) await files.write(path, text);
    },
  };
}

function newestOf<T>(copies: readonly Copy<T>[]): { readonly value: T; readonly sequence: number } | undefined {
  return copies.flatMap(c => (c && 'value' in c ? [c] : [])).toSorted((a, b) => b.sequence - a.sequence)[0];
}

function digest(body: unknown): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('hex');
}

function withSuffix(path: string, suffix: string): string {
  return path.replace(/(\.json)?$/, ending => `.${suffix}${ending}`);
}

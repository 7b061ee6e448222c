/**
 * The entries of a tar archive, gzipped or not, one after the other and never two at a time. Headers are decoded by the
 * package `tar`; what is cut short, damaged or more than a limit allows is refused. The source is always read to its end.
 */
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Header } from 'tar/header';
import { Pax } from 'tar/pax';
import { AgentError } from '../agent-error.ts';

export interface TarEntry {
  /** As it stands in the archive. */
  readonly path: string;
  /** `File`, `Directory`, `SymbolicLink` and others, as `tar` names them. */
  readonly type: string;
  readonly size: number;
  readonly mode: number;
  readonly linkpath: string;
  /** What of it is not read is passed over when the next entry is asked for. */
  readonly body: AsyncIterable<Buffer>;
}

const BLOCK_BYTES = 512;
const META_BYTES_MAX = 64 * 1024;
const DECOMPRESSION_RATIO_MAX = 250;
/** Below it the ratio says nothing: a small archive of empty files is mostly zeros. */
const DECOMPRESSED_BYTES_FREE = 1024 * 1024;

type Pieces = AsyncIterable<Buffer>;

/** @throws AgentError installer-failed where the archive is at fault; whatever the source throws, as it is */
export async function* tarEntries(source: Pieces): AsyncGenerator<TarEntry> {
  const input = openInput(source);
  const head = await input.peek(2);
  const archive = head[0] === 0x1f && head[1] === 0x8b ? openInput(gunzipped(input.rest())) : input;
  /** What extended headers say of the next entry, and of all that follow. */
  let next: Pax | undefined;
  let all: Pax | undefined;
  for (;;) {
    const header = await readHeader(archive, next, all);
    if (!header) break;
    const size = header.size ?? 0;
    const padding = (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
    if (META_TYPES.has(header.type)) {
      const meta = await readMeta(archive, size, padding);
      if (header.type === 'GlobalExtendedHeader') all = Pax.parse(meta, all, true);
      else next = extended(header.type, meta, next);
      continue;
    }
    const left = { bytes: size };
    const { type, mode = 0 } = header;
    const { path, linkpath } = namesOf(header, next);
    next = undefined;
    yield { path, type, size, mode, linkpath, body: bodyOf(archive, left) };
    await archive.skip(left.bytes + padding);
  }
  for await (const piece of archive.rest()) void piece;
}

const META_TYPES = new Set<string>([
  'ExtendedHeader',
  'OldExtendedHeader',
  'GlobalExtendedHeader',
  'NextFileHasLongPath',
  'OldGnuLongPath',
  'NextFileHasLongLinkpath',
]);

/** @returns undefined at the archive's end: two blocks of zeros, or nothing more behind a whole entry */
async function readHeader(archive: Input, next: Pax | undefined, all: Pax | undefined): Promise<Header | undefined> {
  for (let zeros = 0; zeros < 2; zeros++) {
    const block = await archive.take(BLOCK_BYTES);
    if (block.length === 0) return undefined;
    if (block.length < BLOCK_BYTES) throw refused('it is cut short');
    const header = new Header(block, 0, next, all);
    if (header.nullBlock) continue;
    if (!header.cksumValid) throw refused('a header is damaged, or it is no archive');
    if (!header.path) throw refused('an entry has no name');
    const isLink = header.type === 'Link' || header.type === 'SymbolicLink';
    if (isLink !== Boolean(header.linkpath) && !META_TYPES.has(header.type))
      throw refused(`${header.path} is half a link`);
    return header;
  }
  return undefined;
}

/** The block holds the beginning of a long name, and `Header` puts its prefix before whatever there is: extended headers win. */
function namesOf(header: Header, next: Pax | undefined): { path: string; linkpath: string } {
  return { path: next?.path ?? header.path ?? '', linkpath: next?.linkpath ?? header.linkpath ?? '' };
}

async function readMeta(archive: Input, size: number, padding: number): Promise<string> {
  if (size > META_BYTES_MAX) throw refused(`an extended header has ${size} bytes`);
  const bytes = await archive.take(size);
  if (bytes.length < size) throw refused('it is cut short');
  await archive.skip(padding);
  return bytes.toString('utf8');
}

function extended(type: string, meta: string, before: Pax | undefined): Pax {
  if (type === 'ExtendedHeader' || type === 'OldExtendedHeader') return Pax.parse(meta, before, false);
  const text = meta.replace(/\0.*/s, '');
  return new Pax({ ...before, ...(type === 'NextFileHasLongLinkpath' ? { linkpath: text } : { path: text }) });
}

async function* bodyOf(archive: Input, left: { bytes: number }): AsyncGenerator<Buffer> {
  while (left.bytes > 0) {
    const piece = await archive.some(left.bytes);
    if (!piece) throw refused('it is cut short');
    left.bytes -= piece.length;
    yield piece;
  }
}

async function* gunzipped(source: Pieces): AsyncGenerator<Buffer> {
  const bytes = { in: 0, out: 0 };
  const gunzip = createGunzip();
  const counted = async function* () {
    for await (const piece of source) {
      bytes.in += piece.length;
      yield piece;
    }
  };
  // It fails as the loop below does, which is the one that tells.
  const feeding = pipeline(counted, gunzip).catch(() => undefined);
  try {
    for await (const piece of gunzip as AsyncIterable<Buffer>) {
      bytes.out += piece.length;
      if (bytes.out > Math.max(DECOMPRESSED_BYTES_FREE, bytes.in * DECOMPRESSION_RATIO_MAX))
        throw refused(`it unpacks to more than ${DECOMPRESSION_RATIO_MAX} times itself`);
      yield piece;
    }
  } catch (error) {
    throw isOfZlib(error) ? refused((error as Error).message) : error;
  } finally {
    gunzip.destroy();
    await feeding;
  }
}

function isOfZlib(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}

/** A stream of bytes, read in the measures that its reader needs. */
interface Input {
  /** The next bytes, which stay: fewer where the stream ends before. */
  peek(bytes: number): Promise<Buffer>;
  /** The next bytes: fewer where the stream ends before. */
  take(bytes: number): Promise<Buffer>;
  /** A next piece, of so many bytes at most; undefined at the end. */
  some(bytesMax: number): Promise<Buffer | undefined>;
  /** @throws AgentError where the stream ends before */
  skip(bytes: number): Promise<void>;
  /** All that is left. */
  rest(): Pieces;
}

function openInput(source: Pieces): Input {
  const pieces = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);

  /** @returns whether more came */
  const more = async (): Promise<boolean> => {
    const { done, value } = await pieces.next();
    if (done === true) return false;
    held = held.length === 0 ? value : Buffer.concat([held, value]);
    return true;
  };
  const peek = async (bytes: number) => {
    while (held.length < bytes) if (!(await more())) break;
    return held.subarray(0, bytes);
  };
  const some = async (bytesMax: number) => {
    while (held.length === 0) if (!(await more())) return undefined;
    const piece = held.subarray(0, bytesMax);
    held = held.subarray(piece.length);
    return piece;
  };
  return {
    peek,
    some,
    async take(bytes) {
      const taken = await peek(bytes);
      held = held.subarray(taken.length);
      return taken;
    },
    async skip(bytes) {
      for (let left = bytes; left > 0; ) {
        const piece = await some(left);
        if (!piece) throw refused('it is cut short');
        left -= piece.length;
      }
    },
    async *rest() {
      for (let piece = await some(Infinity); piece; piece = await some(Infinity)) yield piece;
    },
  };
}

function refused(detail: string): AgentError {
  return new AgentError('installer-failed', `the archive cannot be read: ${detail}`);
}

/** Reads fixed fields of a binary format in turn. Beyond the end it gives zeros and says so: the format's parser judges once. */
export interface ByteReader {
  u16(): number;
  u32(): number;
  /** 48 bits: what a number holds exactly, and more than any image has. */
  u48(): number;
  bytes(length: number): Buffer;
  /** True while all that was asked for was there. */
  whole(): boolean;
  /** True where nothing is left either. */
  done(): boolean;
}

export function byteReader(source: Buffer): ByteReader {
  let at = 0;
  const take = (length: number): Buffer => {
    const found = source.subarray(at, at + length);
    at += length;
    return found.length === length ? found : Buffer.alloc(length);
  };
  return {
    u16: () => take(2).readUInt16BE(),
    u32: () => take(4).readUInt32BE(),
    u48: () => take(6).readUIntBE(0, 6),
    bytes: take,
    whole: () => at <= source.length,
    done: () => at === source.length,
  };
}

/** Fields for writing, in the same order. */
export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function u48(value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(value, 0, 6);
  return bytes;
}

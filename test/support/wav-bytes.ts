// WAV files byte by byte, true or lying, for tests of the reader.

/** The fields of a WAV file; what is left out is that of a correct 16-bit mono file. */
export interface WavFields {
  readonly magic?: string;
  readonly format?: number;
  readonly channels?: number;
  readonly sampleRate?: number;
  readonly blockAlign?: number;
  readonly bits?: number;
  /** Bytes appended to the 16 of the fmt chunk. */
  readonly extension?: Uint8Array;
  /** Chunks before the data chunk, complete with their headers. */
  readonly before?: Uint8Array;
  readonly data?: Uint8Array;
  /** What the data chunk's header claims. */
  readonly dataSize?: number;
}

/** The file that the fields describe; RIFX is written in big endian. */
export function wavBytes(fields: WavFields = {}): Uint8Array {
  const { magic = "RIFF", format = 1, channels = 1, sampleRate = 22050, bits = 16 } = fields;
  const {
    extension = new Uint8Array(0),
    before = new Uint8Array(0),
    data = Uint8Array.of(0, 64, 0, 192),
  } = fields;
  const { blockAlign = (channels * bits) / 8, dataSize = data.length } = fields;
  const little = magic !== "RIFX";
  const formatChunk = new Uint8Array(24 + extension.length);
  const view = new DataView(formatChunk.buffer);
  formatChunk.set(new TextEncoder().encode("fmt "));
  view.setUint32(4, 16 + extension.length, little);
  view.setUint16(8, format, little);
  view.setUint16(10, channels, little);
  view.setUint32(12, sampleRate, little);
  view.setUint32(16, sampleRate * blockAlign, little);
  view.setUint16(20, blockAlign, little);
  view.setUint16(22, bits, little);
  formatChunk.set(extension, 24);
  const dataChunk = chunk("data", data, dataSize, little);
  const body = concat([new TextEncoder().encode("WAVE"), formatChunk, before, dataChunk]);
  return chunk(magic, body, body.length, little);
}

/** A chunk: its name, its size as claimed, its content. */
export function chunk(
  name: string,
  content: Uint8Array,
  size = content.length,
  littleEndian = true,
): Uint8Array {
  const bytes = new Uint8Array(8 + content.length);
  bytes.set(new TextEncoder().encode(name));
  new DataView(bytes.buffer).setUint32(4, size, littleEndian);
  bytes.set(content, 8);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A Wave64 chunk, by what RIFF calls it. */
export function wave64Chunk(name: string, content: Uint8Array, size = content.length + 24): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((24 + content.length) / 8) * 8);
  bytes.set(new TextEncoder().encode(name));
  bytes.set([0xf3, 0xac, 0xd3, 0x11, 0x8c, 0xd1, 0x00, 0xc0, 0x4f, 0x8e, 0xdb, 0x8a], 4);
  new DataView(bytes.buffer).setBigUint64(16, BigInt(size), true);
  bytes.set(content, 24);
  return bytes;
}

/** A Wave64 file of 16-bit mono, or its beginning up to the samples. */
export function wave64Bytes(data?: Uint8Array): Uint8Array {
  const guid = [0x72, 0x69, 0x66, 0x66, 0x2e, 0x91, 0xcf, 0x11, 0xa5, 0xd6, 0x28, 0xdb, 0x04, 0xc1, 0, 0];
  return concat([
    Uint8Array.from(guid),
    new Uint8Array(8),
    wave64Chunk("wave", new Uint8Array(0)).subarray(0, 16),
    wave64Chunk("fmt ", wavBytes().subarray(20, 36)),
    ...(data === undefined ? [] : [wave64Chunk("data", data)]),
  ]);
}

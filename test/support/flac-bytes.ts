// FLAC files byte by byte, true or lying, for tests of the reader: frames of plain samples, or of one where all are equal.

/** What a file says and holds; what is left out is that of a correct 16-bit mono file. */
export interface FlacFields {
  readonly bits?: number;
  readonly sampleRate?: number;
  /** Samples that the header promises; 0 leaves the length open. */
  readonly promised?: number;
  /** Samples of each block, in their order; those left over are one more block. */
  readonly blocks?: readonly number[];
  /** Whether blocks state their first sample's number, as those of various sizes should. */
  readonly countsSamples?: boolean;
}

/** The parts of a file with these samples, [channels][samples] integers. */
export function flacParts(
  channels: readonly (readonly number[])[],
  fields: FlacFields = {},
): { readonly header: Uint8Array; readonly frames: Uint8Array[] } {
  const {
    bits = 16,
    sampleRate = 22050,
    promised = channels[0].length,
    blocks = [],
    countsSamples = false,
  } = fields;
  const frames: Uint8Array[] = [];
  let at = 0;
  for (const size of [...blocks, Infinity]) {
    const part = channels.map((channel) => channel.slice(at, at + size));
    if (part[0].length === 0) break;
    frames.push(frame(part, bits, countsSamples ? at : frames.length, countsSamples));
    at += part[0].length;
  }
  const writer = new BitWriter();
  for (const [value, width] of [
    [16, 16],
    [65_535, 16],
    [0, 24],
    [0, 24],
    [sampleRate, 20],
    [channels.length - 1, 3],
    [bits - 1, 5],
    [Math.floor(promised / 2 ** 32), 4],
    [promised % 2 ** 32, 32],
  ])
    writer.write(value, width);
  const info = new Uint8Array([...writer.bytes(), ...new Uint8Array(16)]);
  return { header: joined([new TextEncoder().encode("fLaC"), Uint8Array.of(128, 0, 0, 34), info]), frames };
}

/** A whole file. */
export function flacBytes(channels: readonly (readonly number[])[], fields: FlacFields = {}): Uint8Array {
  const { header, frames } = flacParts(channels, fields);
  return joined([header, ...frames]);
}

/** Bytes one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

const bitCodes: Readonly<Record<number, number>> = { 8: 1, 12: 2, 16: 4, 20: 5, 24: 6, 32: 7 };

function frame(
  channels: readonly (readonly number[])[],
  bits: number,
  number: number,
  countsSamples: boolean,
): Uint8Array {
  const writer = new BitWriter();
  // sync, the way of counting, a 16-bit block size, the rate of STREAMINFO, the channels, the bits
  writer.write(0xfff8 + (countsSamples ? 1 : 0), 16);
  writer.write(0x70, 8);
  writer.write((channels.length - 1) * 16 + (bitCodes[bits] ?? 0) * 2, 8);
  for (const byte of new TextEncoder().encode(String.fromCodePoint(number))) writer.write(byte, 8);
  writer.write(channels[0].length - 1, 16);
  writer.write(checksum(writer.bytes(), 0x07, 8), 8);
  for (const channel of channels) {
    const isConstant = channel.every((value) => value === channel[0]);
    writer.write(isConstant ? 0 : 2, 8);
    for (const value of isConstant ? channel.slice(0, 1) : channel)
      writer.write(value < 0 ? value + 2 ** bits : value, bits);
  }
  writer.align();
  writer.write(checksum(writer.bytes(), 0x8005, 16), 16);
  return writer.bytes();
}

function checksum(bytes: Uint8Array, polynomial: number, width: number): number {
  let value = 0;
  for (const byte of bytes) {
    value ^= byte << (width - 8);
    for (let bit = 0; bit < 8; bit++)
      value = ((value & (1 << (width - 1)) ? polynomial : 0) ^ (value << 1)) & (2 ** width - 1);
  }
  return value;
}

class BitWriter {
  readonly #bits: number[] = [];

  write(value: number, width: number): void {
    for (let bit = width - 1; bit >= 0; bit--) this.#bits.push(Math.floor(value / 2 ** bit) % 2);
  }

  align(): void {
    while (this.#bits.length % 8 !== 0) this.#bits.push(0);
  }

  bytes(): Uint8Array {
    return Uint8Array.from({ length: this.#bits.length / 8 }, (_, byte) =>
      this.#bits.slice(8 * byte, 8 * byte + 8).reduce((sum, bit) => 2 * sum + bit, 0),
    );
  }
}

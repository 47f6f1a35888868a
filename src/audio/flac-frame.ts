// One frame of FLAC, decoded to integers (RFC 9639, chapter 9): all bit depths from 4 to 32, all block sizes, fixed and
// linear predictors. Its two checksums decide whether it is one.

/** What a frame's header says. */
export interface FrameHeader {
  /** Bytes of the header. */
  readonly length: number;
  /** Samples of each channel. */
  readonly blockSize: number;
  /** Hz; undefined for that of STREAMINFO. */
  readonly sampleRate: number | undefined;
  readonly channels: number;
  readonly stereo: "independent" | "left-side" | "side-right" | "mid-side";
  /** undefined for that of STREAMINFO. */
  readonly bitDepth: number | undefined;
  /** The frame's number, or its first sample's where `countsSamples`. */
  readonly number: number;
  readonly countsSamples: boolean;
}

/** One channel's integers; those of 33 bits (the difference of two of 32) do not fit Int32Array. */
export type Integers = Int32Array | Float64Array;

/** The bytes end within the frame. */
export class FrameCutOff extends Error {}

/** The bytes are no frame, though they begin like one. */
export class FrameDamaged extends Error {}

/** Bytes of a frame's header, at most. */
export const LONGEST_FRAME_HEADER = 16;
const CHECKSUM_BYTES = 2;
/** Bytes that may be read, and ignored, beyond the frame's. */
export const FRAME_MARGIN = 16;

const rates = [88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];
const bitDepths = [undefined, 8, 12, undefined, 16, 20, 24, 32];

/**
 * The frame's header that begins at a byte.
 *
 * @param bytes with zeros behind their end, if need be: a header takes up to 16 bytes
 * @returns undefined where there is none: its checksum has to be right
 */
export function parseFrameHeader(bytes: Uint8Array, at: number): FrameHeader | undefined {
  const [sync, strategy, sizes, format] = bytes.subarray(at, at + 4);
  // reserved bits and values are for what is not FLAC
  if (sync !== 0xff || (strategy & 0xfe) !== 0xf8) return undefined;
  const [sizeCode, rateCode, channelCode, bitCode] = [sizes >> 4, sizes & 15, format >> 4, (format >> 1) & 7];
  if (sizeCode === 0 || rateCode === 15 || channelCode > 10 || bitCode === 3 || (format & 1) !== 0)
    return undefined;
  const number = codedNumber(bytes, at + 4);
  if (number === undefined) return undefined;
  let end = at + 4 + number.length;
  const take = (count: number): number => {
    let value = 0;
    for (; count > 0; count--) value = value * 256 + bytes[end++];
    return value;
  };
  const blockSize = sizeCode === 6 || sizeCode === 7 ? take(sizeCode - 5) + 1 : codedBlockSize(sizeCode);
  const sampleRate =
    rateCode < 12 ? rates[rateCode - 1] : take(rateCode === 12 ? 1 : 2) * [1000, 1, 10][rateCode - 12];
  if (end >= bytes.length || checksum8(bytes, at, end) !== bytes[end]) return undefined;
  return {
    length: end + 1 - at,
    blockSize,
    sampleRate,
    channels: channelCode < 8 ? channelCode + 1 : 2,
    stereo: (["left-side", "side-right", "mid-side"] as const)[channelCode - 8] ?? "independent",
    bitDepth: bitDepths[bitCode],
    number: number.value,
    countsSamples: (strategy & 1) !== 0,
  };
}

function codedBlockSize(code: number): number {
  if (code === 1) return 192;
  return code < 6 ? 144 << code : 1 << code;
}

/** A number of up to 36 bits, coded as UTF-8 codes characters. */
function codedNumber(bytes: Uint8Array, at: number): { value: number; length: number } | undefined {
  const first = bytes[at];
  if (first < 128) return { value: first, length: 1 };
  const length = Math.clz32(~(first << 24));
  if (length < 2 || length > 7) return undefined;
  let value = first & (127 >> length);
  for (let i = 1; i < length; i++) {
    if ((bytes[at + i] & 0xc0) !== 0x80) return undefined;
    value = value * 64 + (bytes[at + i] & 63);
  }
  return { value, length };
}

/** Bytes that a frame has, at most, from an encoder that prefers plain samples to larger ones. */
export function expectedFrameBytes({ length, channels, blockSize }: FrameHeader, bitDepth: number): number {
  return length + channels * (16 + Math.ceil((blockSize * (bitDepth + 1)) / 8)) + CHECKSUM_BYTES;
}

/**
 * Decodes a frame.
 *
 * @param bytes with FRAME_MARGIN bytes, of anything, behind `end`
 * @param at where the frame's header begins
 * @param end where the known bytes end
 * @param header what parseFrameHeader makes of it
 * @param bitDepth the header's, or that of STREAMINFO
 * @returns the integers of each channel, and the frame's length in bytes
 * @throws FrameCutOff, FrameDamaged
 */
export function decodeFrame(
  bytes: Uint8Array,
  at: number,
  end: number,
  header: FrameHeader,
  bitDepth: number,
): { readonly channels: Integers[]; readonly length: number } {
  const reader = new BitReader(bytes, at + header.length, end);
  const { stereo, blockSize } = header;
  const channels = Array.from({ length: header.channels }, (_, channel) => {
    // the difference of two channels takes a bit more
    const isSide = channel === (stereo === "side-right" ? 0 : 1) && stereo !== "independent";
    return decodeSubframe(reader, blockSize, bitDepth + (isSide ? 1 : 0));
  });
  const checksumAt = reader.alignedByte();
  if (checksumAt + CHECKSUM_BYTES > end) throw new FrameCutOff();
  if (checksum16(bytes, at, checksumAt) !== bytes[checksumAt] * 256 + bytes[checksumAt + 1])
    throw new FrameDamaged("a frame's checksum is wrong");
  if (stereo !== "independent") separate(channels, stereo);
  return { channels, length: checksumAt + CHECKSUM_BYTES - at };
}

/** Left and right from what stands for them, in place. */
function separate(channels: Integers[], stereo: Exclude<FrameHeader["stereo"], "independent">): void {
  const [first, second] = channels;
  if (stereo === "left-side") {
    for (let n = 0; n < first.length; n++) second[n] = first[n] - second[n];
  } else if (stereo === "side-right") {
    // the first may be wider than 32 bits until here
    for (let n = 0; n < first.length; n++) first[n] = first[n] + second[n];
  } else {
    for (let n = 0; n < first.length; n++) {
      const side = second[n];
      // the mean was rounded down where the sum is odd, and so the difference
      const left = first[n] + (side + (side & 1)) / 2;
      first[n] = left;
      second[n] = left - side;
    }
  }
}

const WORD_BITS = 32;

/** Bits, the most significant one of a byte first. */
class BitReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** In bits. */
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, from: number, end: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 8 * from;
    this.end = 8 * end;
  }

  /** The next 32 bits, signed. */
  #peek(): number {
    const byte = this.at >>> 3;
    const shift = this.at & 7;
    return (this.view.getInt32(byte) << shift) | (this.bytes[byte + 4] >>> (8 - shift));
  }

  /** @param count 1 to 32 */
  unsigned(count: number): number {
    this.#require(count);
    const value = this.#peek() >>> (WORD_BITS - count);
    this.at += count;
    return value;
  }

  /** @param count 1 to 33 */
  signed(count: number): number {
    if (count > WORD_BITS) {
      const sign = this.unsigned(1);
      return this.unsigned(WORD_BITS) - sign * 2 ** WORD_BITS;
    }
    this.#require(count);
    const value = this.#peek() >> (WORD_BITS - count);
    this.at += count;
    return value;
  }

  /** How many zeros come before the next one, which is taken too. */
  zeros(): number {
    let count = 0;
    for (;;) {
      this.#require(1);
      const leading = Math.clz32(this.#peek());
      count += leading;
      this.at += leading;
      if (leading < WORD_BITS) break;
    }
    this.#require(1);
    this.at++;
    return count;
  }

  /** Numbers in Rice's code with a parameter below 32: zeros, a one, and `parameter` bits; even ones are positive. */
  rice(into: Integers, from: number, to: number, parameter: number): void {
    const { bytes, view, end } = this;
    let at = this.at;
    for (let n = from; n < to; n++) {
      if (at >= end) throw new FrameCutOff();
      const byte = at >>> 3;
      const shift = at & 7;
      const word = (view.getInt32(byte) << shift) | (bytes[byte + 4] >>> (8 - shift));
      const zeros = Math.clz32(word);
      const length = zeros + 1 + parameter;
      let code: number;
      if (length <= WORD_BITS) {
        // two shifts, since one by 32 would be none
        code = (zeros << parameter) | ((((word << zeros) << 1) >>> 1) >>> (31 - parameter));
        at += length;
      } else {
        this.at = at;
        const quotient = this.zeros();
        code = (quotient << parameter) | (parameter === 0 ? 0 : this.unsigned(parameter));
        at = this.at;
      }
      into[n] = (code >>> 1) ^ -(code & 1);
    }
    this.at = at;
    this.#require(0);
  }

  /** The byte at which the next whole one begins. */
  alignedByte(): number {
    return (this.at + 7) >>> 3;
  }

  #require(bits: number): void {
    if (this.at + bits > this.end) throw new FrameCutOff();
  }
}

function decodeSubframe(reader: BitReader, blockSize: number, frameBits: number): Integers {
  const type = reader.unsigned(7);
  if (type > 63) throw new FrameDamaged("a subframe begins wrongly");
  // bits that are 0 in every sample
  const wasted = reader.unsigned(1) === 1 ? reader.zeros() + 1 : 0;
  const bits = frameBits - wasted;
  if (bits < 1) throw new FrameDamaged("a subframe has no bits");
  const samples = frameBits > WORD_BITS ? new Float64Array(blockSize) : new Int32Array(blockSize);
  if (type === 0) samples.fill(reader.signed(bits));
  else if (type === 1) for (let n = 0; n < blockSize; n++) samples[n] = reader.signed(bits);
  else if (type >= 8 && type <= 12) decodeFixed(reader, samples, type - 8, bits);
  else if (type >= 32) decodeLinear(reader, samples, type - 31, bits);
  else throw new FrameDamaged(`a subframe is of the unknown type ${type}`);
  if (wasted > 0) for (let n = 0; n < blockSize; n++) samples[n] *= 2 ** wasted;
  return samples;
}

const fixedPredictors = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]];

function decodeFixed(reader: BitReader, samples: Integers, order: number, bits: number): void {
  decodeWarmUp(reader, samples, order, bits);
  decodeResidual(reader, samples, order);
  predict(samples, fixedPredictors[order], 0, bits);
}

function decodeLinear(reader: BitReader, samples: Integers, order: number, bits: number): void {
  decodeWarmUp(reader, samples, order, bits);
  const precision = reader.unsigned(4) + 1;
  const shift = reader.signed(5);
  if (precision > 15 || shift < 0) throw new FrameDamaged("a predictor is not valid");
  const coefficients = Array.from({ length: order }, () => reader.signed(precision));
  decodeResidual(reader, samples, order);
  predict(samples, coefficients, shift, bits);
}

function decodeWarmUp(reader: BitReader, samples: Integers, order: number, bits: number): void {
  if (order > samples.length) throw new FrameDamaged("a predictor is longer than its block");
  for (let n = 0; n < order; n++) samples[n] = reader.signed(bits);
}

/** Adds to each value of so many bits the weighted sum of the `coefficients.length` values before it, in place. */
function predict(samples: Integers, coefficients: readonly number[], shift: number, bits: number): void {
  const order = coefficients.length;
  if (order === 0) return;
  const gain = coefficients.reduce((sum, weight) => sum + Math.abs(weight), 0);
  if (gain * 2 ** (bits - 1) >= 2 ** 31 || samples instanceof Float64Array) {
    predictWide(samples, coefficients, shift);
    return;
  }
  // the latest eight values stay in registers: half of the time that a loop over all of them takes
  const weights = new Int32Array(Math.max(8, order));
  weights.set(coefficients);
  const [w0, w1, w2, w3, w4, w5, w6, w7] = weights;
  let [h0, h1, h2, h3, h4, h5, h6, h7] = Array.from({ length: 8 }, (_, i) => samples[order - 1 - i] ?? 0);
  for (let n = order; n < samples.length; n++) {
    let sum = Math.imul(w0, h0) + Math.imul(w1, h1) + Math.imul(w2, h2) + Math.imul(w3, h3);
    sum = (sum + Math.imul(w4, h4) + Math.imul(w5, h5) + Math.imul(w6, h6) + Math.imul(w7, h7)) | 0;
    for (let i = 8; i < order; i++) sum = (sum + Math.imul(weights[i], samples[n - 1 - i])) | 0;
    const value = (samples[n] + (sum >> shift)) | 0;
    samples[n] = value;
    h7 = h6;
    h6 = h5;
    h5 = h4;
    h4 = h3;
    h3 = h2;
    h2 = h1;
    h1 = h0;
    h0 = value;
  }
}

/** The same for sums of up to 53 bits, which doubles hold: 33 of a sample, 14 of a weight, 5 of their number. */
function predictWide(samples: Integers, coefficients: readonly number[], shift: number): void {
  const order = coefficients.length;
  const scale = 2 ** -shift;
  const weights = Float64Array.from(coefficients);
  for (let n = order; n < samples.length; n++) {
    let sum = 0;
    for (let i = 0; i < order; i++) sum += weights[i] * samples[n - 1 - i];
    samples[n] += Math.floor(sum * scale);
  }
}

/** What the predictor leaves over: partitions in Rice's code, or of plain integers. */
function decodeResidual(reader: BitReader, into: Integers, order: number): void {
  const method = reader.unsigned(2);
  if (method > 1) throw new FrameDamaged("its residual is coded in an unknown way");
  const parameterBits = method + 4;
  const partitionOrder = reader.unsigned(4);
  const size = into.length >> partitionOrder;
  if (size << partitionOrder !== into.length || size < order)
    throw new FrameDamaged("its partitions do not fit the block");
  for (let from = order, to = size; to <= into.length; from = to, to += size) {
    const parameter = reader.unsigned(parameterBits);
    if (parameter < 2 ** parameterBits - 1) {
      reader.rice(into, from, to, parameter);
      continue;
    }
    const bits = reader.unsigned(5);
    for (let n = from; n < to; n++) into[n] = bits === 0 ? 0 : reader.signed(bits);
  }
}

// Checksums: x⁸+x²+x+1 of the header, x¹⁶+x¹⁵+x²+1 of the frame, both from 0.

const table8 = checksumTable(0x07, 8);
const table16 = checksumTable(0x8005, 16);

function checksumTable(polynomial: number, width: number): Uint16Array {
  const top = 1 << (width - 1);
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let value = byte << (width - 8);
    for (let bit = 0; bit < 8; bit++) value = value & top ? (value << 1) ^ polynomial : value << 1;
    return value & (2 ** width - 1);
  });
}

function checksum8(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = table8[value ^ bytes[at]];
  return value;
}

function checksum16(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = ((value << 8) & 0xff00) ^ table16[(value >> 8) ^ bytes[at]];
  return value;
}

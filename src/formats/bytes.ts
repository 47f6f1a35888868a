// Raw numbers in files, as .npy and safetensors store them: little- or big-endian floats of 16, 32 or 64 bits, made
// into float32. What is float32 already, in this machine's byte order and aligned, is viewed and not copied.

// Bytes that are read where and when they are needed: of an array in memory or of a file, which then never is in memory
// as a whole.

/** A fixed number of bytes with random access. */
export interface ByteSource {
  readonly length: number;
  /**
   * The bytes from `at` on: `count` of them, or as many as there are up to the end.
   *
   * @returns for the caller to read, not to change
   * @throws FileError where the file system refuses, or the file has become shorter
   */
  read(at: number, count: number): Promise<Uint8Array>;
  /** Ends all reading. */
  close(): Promise<void>;
}

/** Where files are read from. */
export interface Files {
  /**
   * Reads the whole of a file.
   *
   * @param place its path, or whatever the platform names files by
   */
  read(place: string): Promise<Uint8Array>;
  /** Opens a file to read parts of it; close it. */
  open(place: string): Promise<ByteSource>;
}

/** Bytes in memory as a source, which copies none of them. */
export function byteSource(bytes: Uint8Array): ByteSource {
  return {
    length: bytes.length,
    read: (at, count) => Promise.resolve(bytes.subarray(at, at + count)),
    close: () => Promise.resolve(),
  };
}

// The two 16-bit float formats of machine learning: IEEE 754 binary16 (NumPy's float16) and bfloat16, which is the upper
// half of a float32. Both widen to float32 exactly; float32 is rounded to binary16.

/** float32 values of IEEE binary16 bit patterns; same length. */
export function widenFloat16(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  if (bits.length < PATTERNS && float16Table === undefined) {
    for (let i = 0; i < bits.length; i++) values[i] = float16Value(bits[i]);
    return values;
  }
  float16Table ??= makeFloat16Table();
  for (let i = 0; i < bits.length; i++) values[i] = float16Table[bits[i]];
  return values;
}

/** float32 values of bfloat16 bit patterns; same length. */
export function widenBfloat16(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16;
  return new Float32Array(words.buffer);
}

const PATTERNS = 65_536;

// the value of every pattern, so that a long array costs one table access a value; kept, as a checkpoint has many arrays
let float16Table: Float32Array | undefined;

function makeFloat16Table(): Float32Array {
  const table = new Float32Array(PATTERNS);
  for (let pattern = 0; pattern < PATTERNS; pattern++) table[pattern] = float16Value(pattern);
  return table;
}

function float16Value(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >> 10) & 0x1f;
  const fraction = pattern & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** IEEE binary16 bit patterns nearest to float32 values, ties to even; beyond 65,504 infinite. Same length. */
export function narrowToFloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(words, float16Pattern);
}

function float16Pattern(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  const exponent = (magnitude >>> 23) - 127;
  // below half of the smallest subnormal, 2^−25, all is zero
  if (exponent < -25) return sign;
  const shift = exponent >= -14 ? 13 : -1 - exponent;
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const kept = significand >>> shift;
  const rest = significand - kept * 2 ** shift;
  const middle = 2 ** (shift - 1);
  const rounded = kept + (rest > middle || (rest === middle && kept % 2 === 1) ? 1 : 0);
  // a normal number's leading 1 adds one to the exponent's field, and so does a carry
  const pattern = exponent >= -14 ? rounded + (exponent + 14) * 1024 : rounded;
  return sign | Math.min(pattern, 0x7c00);
}

/** How floats lie in a file. */
export type FloatEncoding = "float16" | "bfloat16" | "float32" | "float64";

/** Bytes a value of each encoding takes. */
export const floatBytes: Readonly<Record<FloatEncoding, number>> = {
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
};

/**
 * The float32 values that `bytes` hold; float64 values are rounded, and become infinite beyond 3.4e38.
 *
 * @param bytes a whole number of values; the result may share their memory, so they must stay as they are
 */
export function decodeFloats(
  bytes: Uint8Array,
  encoding: FloatEncoding,
  byteOrder: "little" | "big" = "little",
): Float32Array {
  const swapped = (byteOrder === "big") !== isBigEndian;
  if (swapped) return decodeSwapped(bytes, encoding, byteOrder === "little");
  const size = floatBytes[encoding];
  const { buffer, byteOffset, length } = aligned(bytes, size);
  const count = length / size;
  if (encoding === "float32") return new Float32Array(buffer, byteOffset, count);
  if (encoding === "float64") return Float32Array.from(new Float64Array(buffer, byteOffset, count));
  return widen(new Uint16Array(buffer, byteOffset, count), encoding);
}

/** The same for bytes in the order that is not this machine's. */
function decodeSwapped(bytes: Uint8Array, encoding: FloatEncoding, little: boolean): Float32Array {
  if (encoding === "float32") return new Float32Array(swappedWords(bytes).buffer);
  if (encoding === "float64") {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const values = new Float32Array(bytes.length / 8);
    for (let i = 0; i < values.length; i++) values[i] = view.getFloat64(8 * i, little);
    return values;
  }
  // two at a time: half of the time that one at a time takes
  const pairs = new Int32Array(Math.ceil(bytes.length / 4));
  new Uint8Array(pairs.buffer).set(bytes);
  for (let i = 0; i < pairs.length; i++)
    pairs[i] = ((pairs[i] & 0x00ff00ff) << 8) | ((pairs[i] >>> 8) & 0x00ff00ff);
  return widen(new Uint16Array(pairs.buffer, 0, bytes.length / 2), encoding);
}

/** 32-bit values with their bytes in the other order. */
function swappedWords(bytes: Uint8Array): Int32Array<ArrayBuffer> {
  const { buffer, byteOffset } = aligned(bytes, 4);
  const given = new Int32Array(buffer, byteOffset, bytes.length / 4);
  const words = new Int32Array(given.length);
  for (let i = 0; i < words.length; i++) {
    const word = given[i];
    words[i] = (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
  }
  return words;
}

function widen(bits: Uint16Array, encoding: "float16" | "bfloat16"): Float32Array {
  return encoding === "float16" ? widenFloat16(bits) : widenBfloat16(bits);
}

/** The little-endian bytes of float32 values; on almost every machine a view of them. */
export function encodeFloats(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return isBigEndian ? new Uint8Array(swappedWords(bytes).buffer) : bytes;
}

const isBigEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;

function aligned(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : Uint8Array.from(bytes);
}

// Texts and pieces.

/** The text whose characters the bytes are, as ISO 8859-1 has them. */
export function latin1Text(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += TEXT_AT_ONCE)
    parts.push(String.fromCharCode(...bytes.subarray(at, at + TEXT_AT_ONCE)));
  return parts.join("");
}

// a function takes only so many arguments
const TEXT_AT_ONCE = 4096;

/** The bytes in base64. */
export function base64Text(bytes: Uint8Array): string {
  return btoa(latin1Text(bytes));
}

/** Pieces of a signal one after the other; a single one is not copied. */
export function concatenate(pieces: readonly Float32Array[]): Float32Array {
  return pieces.length === 1 ? pieces[0] : filled(new Float32Array(lengthOf(pieces)), pieces);
}

/** Bytes one after the other, copied. */
export function concatenateBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return filled(new Uint8Array(lengthOf(pieces)), pieces);
}

function lengthOf(pieces: readonly { readonly length: number }[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

function filled<Whole extends Float32Array | Uint8Array>(
  whole: Whole,
  pieces: readonly (Float32Array | Uint8Array)[],
): Whole {
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Cuts bytes that come in pieces of any size into whole rows. */
export class RowCutter {
  readonly #rowBytes: number;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(rowBytes: number) {
    this.#rowBytes = rowBytes;
  }

  /** Bytes of a row that has begun. */
  get left(): number {
    return this.#rest.length;
  }

  /** The rows that are whole with the next piece; none yet, or several. */
  push(piece: Uint8Array): Uint8Array {
    const bytes = concatenateBytes([this.#rest, piece]);
    const whole = bytes.length - (bytes.length % this.#rowBytes);
    this.#rest = bytes.slice(whole);
    return bytes.subarray(0, whole);
  }
}

/** Whether all values are numbers; a plain loop, since millions are looked at each time that a checkpoint is loaded. */
export function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

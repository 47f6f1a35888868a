// Raw numbers in files, as .npy and safetensors store them: little- or big-endian floats of 16, 32 or 64 bits, made
// into float32. What is float32 already, in this machine's byte order and aligned, is viewed and not copied.

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
  const size = floatBytes[encoding];
  const swapped = (byteOrder === "big") !== isBigEndian;
  const ready = swapped ? swapBytes(bytes, size) : aligned(bytes, size);
  const { buffer, byteOffset } = ready;
  const count = ready.length / size;
  if (encoding === "float32") return new Float32Array(buffer, byteOffset, count);
  if (encoding === "float64") return Float32Array.from(new Float64Array(buffer, byteOffset, count));
  const bits = new Uint16Array(buffer, byteOffset, count);
  return encoding === "float16" ? widenFloat16(bits) : widenBfloat16(bits);
}

/** The little-endian bytes of float32 values; on almost every machine a view of them. */
export function encodeFloats(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return isBigEndian ? swapBytes(bytes, 4) : bytes;
}

const isBigEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;

function aligned(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : Uint8Array.from(bytes);
}

/** A copy with the bytes of each value in the other order. */
function swapBytes(bytes: Uint8Array, size: number): Uint8Array {
  const { buffer } = Uint8Array.from(bytes);
  if (size === 2) {
    const halves = new Uint16Array(buffer);
    for (let i = 0; i < halves.length; i++) halves[i] = (halves[i] << 8) | (halves[i] >> 8);
    return new Uint8Array(buffer);
  }
  const words = new Int32Array(buffer);
  for (let i = 0; i < words.length; i++) words[i] = swappedWord(words[i]);
  if (size === 8)
    for (let i = 0; i < words.length; i += 2) [words[i], words[i + 1]] = [words[i + 1], words[i]];
  return new Uint8Array(buffer);
}

function swappedWord(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
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
  if (pieces.length === 1) return pieces[0];
  const whole = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Whether all values are numbers; a plain loop, since millions are looked at each time that a checkpoint is loaded. */
export function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

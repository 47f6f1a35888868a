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

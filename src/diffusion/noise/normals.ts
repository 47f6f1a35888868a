// The normals of a seed, by definition: block b of a step holds the samples 4b … 4b+3, made from the four Philox words
// of the counter (b, step) under the seed's key. This is the reference for the SIMD kernel and stands in where there
// is no WebAssembly SIMD.
import { normalsWasm } from "./normals-wasm.js";

// Philox-4x32-10: a random function instead of a random sequence. It scrambles a 128-bit counter under a 64-bit key
// through ten rounds of multiplication and xor, so any number can be drawn without those before it.
// Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3" (SC '11).

const ROUNDS = 10;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
// the key grows by the golden ratio and by √3−1, as fractions of 2³²
const KEY_STEP_0 = 0x9e3779b9;
const KEY_STEP_1 = 0xbb67ae85;

/** The upper 32 bits of the 64-bit product of two 32-bit integers, by schoolbook multiplication of 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + (Math.imul(aLow, bLow) >>> 16);
  const carry = (middle & 0xffff) + aLow * bHigh;
  return (Math.imul(aHigh, bHigh) + Math.floor(middle / 0x10000) + (carry >>> 16)) | 0;
}

/**
 * Four random 32-bit words of a counter under a key.
 *
 * @param counter four 32-bit words, [4]; overwritten with the result, as unsigned words
 * @param key0 lower word of the key
 * @param key1 upper word of the key
 */
export function philox4x32(counter: Uint32Array, key0: number, key1: number): void {
  let [c0, c1, c2, c3] = counter;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = high1 ^ c1 ^ key0;
    c1 = low1;
    c2 = high0 ^ c3 ^ key1;
    c3 = low0;
    key0 = (key0 + KEY_STEP_0) | 0;
    key1 = (key1 + KEY_STEP_1) | 0;
  }
  counter[0] = c0;
  counter[1] = c1;
  counter[2] = c2;
  counter[3] = c3;
}

// Box–Muller: two uniform 32-bit words become two independent standard normals, R·cos θ and R·sin θ with
// R = √(−2·ln u) and θ uniform (Box & Muller 1958).
//
// Logarithm, sine and cosine are polynomials of our own, in float32 with a rounding after every operation: Math.log
// and its like may differ in the last bit between engines and machines, while +, −, × and √ may not. So a seed gives
// the same bits everywhere, and normals.wat can do the same operations on four lanes at once. The coefficients are
// those of S. Moshier's Cephes library (logf, sinf, cosf), good to about one unit in the last place.

const f32 = Math.fround;

const SQRT_HALF_BITS = 0x3f3504f3;
const LN2_HIGH = f32(0.693359375);
const LN2_LOW = f32(-2.1219444e-4);
const LOG_POLYNOMIAL = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
].map(f32);
const SIN_POLYNOMIAL = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(f32);
const COS_POLYNOMIAL = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(f32);
const RADIANS_PER_UNIT = f32((2 * Math.PI) / 2 ** 32);

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

function horner(coefficients: readonly number[], x: number): number {
  let sum = coefficients[0];
  for (let i = 1; i < coefficients.length; i++) sum = f32(f32(sum * x) + coefficients[i]);
  return sum;
}

/** ln(word/2³²) of an odd word: word = m·2^e with m in [√½, √2), ln = ln(1+(m−1)) + (e−32)·ln 2. */
function logOfFraction(word: number): number {
  float[0] = word >>> 0;
  const exponent = (bits[0] - SQRT_HALF_BITS) >> 23;
  bits[0] -= exponent << 23;
  const x = f32(float[0] - 1);
  const octaves = exponent - 32;
  const square = f32(x * x);
  let y = f32(f32(x * square) * horner(LOG_POLYNOMIAL, x));
  y = f32(y + f32(octaves * LN2_LOW));
  y = f32(y - f32(square * f32(0.5)));
  return f32(f32(x + y) + f32(octaves * LN2_HIGH));
}

/**
 * Two standard normals from two random words, written to out[at] and out[at + 1].
 *
 * @param out receives the normals, float32
 * @param radiusWord 32 random bits; its lowest bit is set, so that u = word/2³² is never 0 and R never above 6.66
 * @param angleWord 32 random bits, θ = 2π·word/2³²
 */
export function boxMuller(out: Float32Array, at: number, radiusWord: number, angleWord: number): void {
  const radius = f32(Math.sqrt(f32(f32(-2) * logOfFraction(radiusWord | 1))));
  // the angle splits into quarter turns, which only swap and negate, and a rest within ±π/4 for the polynomials;
  // in whole numbers that is exact
  const shifted = (angleWord + 0x20000000) >>> 0;
  const quarter = shifted >>> 30;
  const rest = f32(f32((shifted & 0x3fffffff) - 0x20000000) * RADIANS_PER_UNIT);
  const square = f32(rest * rest);
  const sine = f32(f32(f32(horner(SIN_POLYNOMIAL, square) * square) * rest) + rest);
  const bend = f32(f32(horner(COS_POLYNOMIAL, square) * square) * square);
  const cosine = f32(f32(bend - f32(square * f32(0.5))) + 1);
  const swapped = (quarter & 1) === 1;
  const x = swapped ? sine : cosine;
  const y = swapped ? cosine : sine;
  out[at] = f32(radius * (quarter === 1 || quarter === 2 ? -x : x));
  out[at + 1] = f32(radius * (quarter >= 2 ? -y : y));
}

/** Samples that one counter gives. */
export const BLOCK_LENGTH = 4;

const WORDS = 2 ** 32;

/** Which noise: the words of a Philox key and the step. */
export interface NoiseStream {
  readonly key0: number;
  readonly key1: number;
  /** 0 … 2⁵³−1. */
  readonly step: number;
}

/** A whole number up to 2⁵³ as [lower 32 bits, upper bits]. */
function splitWords(value: number): readonly [number, number] {
  return [value % WORDS, Math.floor(value / WORDS)];
}

/**
 * Fills whole blocks.
 *
 * @param out receives the normals, [4·blocks]
 * @param firstBlock index of the first block
 */
export function fillBlocks(out: Float32Array, firstBlock: number, { key0, key1, step }: NoiseStream): void {
  const counter = new Uint32Array(4);
  const [stepLow, stepHigh] = splitWords(step);
  for (let at = 0; at < out.length; at += BLOCK_LENGTH) {
    const [blockLow, blockHigh] = splitWords(firstBlock + at / BLOCK_LENGTH);
    counter[0] = blockLow;
    counter[1] = blockHigh;
    counter[2] = stepLow;
    counter[3] = stepHigh;
    philox4x32(counter, key0, key1);
    boxMuller(out, at, counter[0], counter[1]);
    boxMuller(out, at + 2, counter[2], counter[3]);
  }
}

// The SIMD kernel of normals.wat, loaded on first use: the same normals as fillBlocks, many times faster.

/** Blocks that the kernel makes at once, in its four lanes. */
const GROUP_BLOCKS = 4;
const GROUP_LENGTH = 16;
const PAGE_GROUPS = 1024;

interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  words(
    groups: number,
    blockLow: number,
    blockHigh: number,
    stepLow: number,
    stepHigh: number,
    key0: number,
    key1: number,
  ): void;
  normals(groups: number): void;
}

/** Fills `out` with the normals from sample `start` on, [T]. */
export type NormalsFiller = (out: Float32Array, start: number, stream: NoiseStream) => void;

/** The SIMD filler, or nothing where this machine or engine has no WebAssembly SIMD. */
export function loadSimdFiller(): NormalsFiller | undefined {
  const bytes = Uint8Array.from(atob(normalsWasm), (character) => character.charCodeAt(0));
  if (typeof WebAssembly === "undefined" || !WebAssembly.validate(bytes)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const kernel = exports as unknown as Kernel;
  const page = new Float32Array(kernel.memory.buffer);
  return (out, start, { key0, key1, step }) => {
    const [stepLow, stepHigh] = splitWords(step);
    let skip = start % GROUP_LENGTH;
    let block = ((start - skip) / GROUP_LENGTH) * GROUP_BLOCKS;
    for (let at = 0; at < out.length;) {
      const groups = Math.min(PAGE_GROUPS, Math.ceil((skip + out.length - at) / GROUP_LENGTH));
      const [blockLow, blockHigh] = splitWords(block);
      kernel.words(groups, blockLow, blockHigh, stepLow, stepHigh, key0, key1);
      kernel.normals(groups);
      const count = Math.min(groups * GROUP_LENGTH - skip, out.length - at);
      out.set(page.subarray(skip, skip + count), at);
      at += count;
      block += groups * GROUP_BLOCKS;
      skip = 0;
    }
  };
}

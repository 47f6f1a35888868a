// Unit normal noise that a graph makes by itself, where its runtime gives it none: a hash of each sample's number gives
// two words of 32 bits, and Box–Muller makes a normal of them. The hash is C. Wellons' of two multiplications (2018), done
// twice: done once, it leaves samples that are some powers of two apart correlated.
import * as tf from "@tensorflow/tfjs-core";
import { type Composition, runComposition } from "./composites.js";

/** What the hash multiplies by; all below 2³¹, so that products of words fit into 63 bits. */
const FACTORS = [0x21f0aaad, 0x735a2d97, 0x21f0aaad, 0x735a2d97] as const;
/** By what a step of the hash shifts: before each factor, and at the end. */
const SHIFTS = [16, 15, 15, 15, 15] as const;
/** Between the numbers of a sample's two words. */
const SECOND_WORD = 2 ** 31;
/** Between the numbers of a row and the next: eleven minutes at 24 kHz. */
const ROW_NUMBERS = 2 ** 24;
/** The golden ratio in 32 bits: seeds lie far apart. */
const SEED_FACTOR = 0x9e3779b1;

function hash(word: number): number {
  let x = word >>> 0;
  SHIFTS.forEach((shift, i) => {
    x = (x ^ (x >>> shift)) >>> 0;
    if (i < FACTORS.length) x = Math.imul(x, FACTORS[i]) >>> 0;
  });
  return x;
}

/** What the hash is made of, for engines that compute it themselves. */
interface HashAttributes {
  /** Added to each number before it is hashed. */
  readonly offset: number;
  readonly secondWord: number;
  readonly factors: number[];
  readonly shifts: number[];
  readonly [name: string]: number | number[];
}

// one kernel, since tfjs has no 64-bit integers
const normals: Composition<{ numbers: tf.Tensor }, HashAttributes> = {
  name: "HashNormals",
  forward: ({ numbers }, { offset }) => {
    const values = Float32Array.from(numbers.dataSync(), (number) => {
      const [radius, angle] = [0, SECOND_WORD].map((more) => hash(number + offset + more));
      return Math.sqrt(-2 * Math.log((radius + 0.5) / 2 ** 32)) * Math.cos((2 * Math.PI * angle) / 2 ** 32);
    });
    return tf.tensor(values, numbers.shape);
  },
};

/**
 * Noise of a seed; a sample's depends neither on how many there are nor on the rows.
 *
 * @param seed a whole number from 0 to 2³²−1
 * @returns [rows, samples]
 */
export function hashNoise(rows: number, samples: number, seed: number): tf.Tensor {
  const along = tf.reshape(tf.range(0, samples, 1, "int32"), [1, samples]);
  const starts = Int32Array.from({ length: rows }, (_, row) => row * ROW_NUMBERS);
  const numbers = tf.add(along, tf.tensor2d(starts, [rows, 1], "int32"));
  const offset = Math.imul(seed, SEED_FACTOR) >>> 0;
  const attributes = { offset, secondWord: SECOND_WORD, factors: [...FACTORS], shifts: [...SHIFTS] };
  return runComposition(normals, { numbers }, attributes);
}

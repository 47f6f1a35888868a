// Known ways to make a recording worse, by how much one likes.
import { resample } from "../../src/audio/resample.js";
import { fillNormals } from "../../src/diffusion/noise.js";

/** White noise, so many dB below the speech. */
export function withNoise(speech: Float32Array, decibels: number): Float32Array {
  const noise = fillNormals(new Float32Array(speech.length), { seed: 7, step: 0 });
  const gain = Math.sqrt(meanSquare(speech) / meanSquare(noise)) * 10 ** (-decibels / 20);
  return speech.map((value, n) => value + gain * noise[n]);
}

/** What resampling to twice a frequency and back leaves. */
export async function lowPassed(
  speech: Float32Array,
  hertz: number,
  sampleRate: number,
): Promise<Float32Array> {
  const narrow = await resample(speech, sampleRate, 2 * hertz);
  return (await resample(narrow, 2 * hertz, sampleRate)).subarray(0, speech.length);
}

/** Played faster, so higher, or slower; as long as before. */
export async function pitched(
  speech: Float32Array,
  cents: number,
  sampleRate: number,
): Promise<Float32Array> {
  const played = await resample(speech, sampleRate, sampleRate / 2 ** (cents / 1200));
  const result = new Float32Array(speech.length);
  result.set(played.subarray(0, speech.length));
  return result;
}

/** Later by some samples; as long as before. */
export function delayed(speech: Float32Array, samples: number): Float32Array {
  const result = new Float32Array(speech.length);
  result.set(speech.subarray(0, speech.length - samples), samples);
  return result;
}

function meanSquare(signal: Float32Array): number {
  return signal.reduce((sum, value) => sum + value * value, 0) / signal.length;
}

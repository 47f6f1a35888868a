// A mel as a stream gives it, and how far two waveforms are apart.
import type { Mel } from "../../src/mel/format.js";

/** The same mel as pieces of changing length, in one array that is used again. */
export async function* pieces(
  { frames, values, format: { bands } }: Mel,
  lengths: readonly number[],
): AsyncGenerator<Float32Array> {
  const room = new Float32Array(Math.max(...lengths) * bands);
  for (let frame = 0, turn = 0; frame < frames; turn++) {
    const end = Math.min(frames, frame + lengths[turn % lengths.length]);
    const piece = room.subarray(0, (end - frame) * bands);
    piece.set(values.subarray(frame * bands, end * bands));
    yield piece;
    await Promise.resolve();
    frame = end;
  }
}

/** The largest difference of two signals; Infinity where they are not of one length. */
export function largestDifference(first: Float32Array, second: Float32Array): number {
  if (first.length !== second.length) return Infinity;
  return first.reduce((most, value, n) => Math.max(most, Math.abs(value - second[n])), 0);
}

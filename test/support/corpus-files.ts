// Small recordings in temporary folders, for tests of the corpus.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { wavBytes } from "./wav-bytes.js";

/** A tone that swells, 16-bit, of some samples and peak; each seed has a pitch of its own. */
export function tone(samples: number, seed = 0, peak = 0.3): Int16Array {
  return Int16Array.from({ length: samples }, (_, n) => {
    const swell = 0.6 + 0.4 * Math.sin((2 * Math.PI * n) / 7000);
    return Math.round(32767 * peak * swell * Math.sin(n * (0.05 + 0.013 * seed)));
  });
}

/** Writes a mono 16-bit WAV file, with the folders above it. */
export function writeTone(path: string, samples: Int16Array, sampleRate = 22050): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, wavBytes({ data: new Uint8Array(samples.buffer), sampleRate }));
}

/** A folder of `count` good recordings, s0.wav, s1.wav, … of 20,000 samples and more. */
export function writeCorpus(folder: string, count: number): void {
  for (let i = 0; i < count; i++) writeTone(join(folder, `s${i}.wav`), tone(20_000 + 1000 * (i % 6), i));
}

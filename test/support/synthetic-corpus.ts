// A corpus in memory for tests of training: a few seconds of noisy buzzes whose pitch and loudness wander.
import { computeMel } from "../../src/mel/analysis.js";
import { findPreset } from "../../src/mel/presets.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import type { CropSource, PitchSource, Utterance } from "../../src/training/draws.js";

const format = findPreset("hifigan-22k-80");

/** Utterances of some mel frames each; the last is held out. */
export function syntheticCorpus(count = 3, frames = 64): CropSource & PitchSource {
  const length = frames * format.hopLength;
  const recordings = Array.from({ length: count }, (_, index) => buzz(index, length));
  const mels = recordings.map((samples) => computeMel(samples, format).values);
  const utterances = recordings.map((_, index): Utterance => ({
    name: `buzz-${index}`,
    speed: 1,
    heldOut: index === count - 1,
    frames,
  }));
  const indexOf = (utterance: Utterance): number => utterances.indexOf(utterance);
  return {
    format,
    utterances,
    readSamples: (utterance, first, wanted, target, at) => {
      const samples = recordings[indexOf(utterance)];
      for (let i = 0; i < wanted; i++) target[at + i] = samples[first + i] ?? 0;
    },
    readMel: (utterance, first, wanted, target, at) => {
      const mel = mels[indexOf(utterance)];
      const floor = Math.log(format.floor);
      for (let i = 0; i < wanted * format.bands; i++) target[at + i] = mel[first * format.bands + i] ?? floor;
    },
    readPitch: (utterance, first, wanted, target, at) => {
      for (let i = 0; i < wanted; i++) {
        const row = [
          pitchAt(indexOf(utterance), (first + i + 0.5) * format.hopLength, length),
          1,
          0.9,
          0.6,
          0.3,
          0.1,
        ];
        target.set(row, at + i * row.length);
      }
    },
  };
}

function pitchAt(index: number, n: number, length: number): number {
  return 120 + 40 * index + 20 * Math.sin((2 * Math.PI * n) / length + index);
}

function buzz(index: number, length: number): Float32Array {
  const noise = fillNormals(new Float32Array(length), { seed: 11, step: index });
  let phase = 0;
  return noise.map((value, n) => {
    const wander = Math.sin((2 * Math.PI * n) / length + index);
    phase += pitchAt(index, n, length) / format.sampleRate;
    const pulse = 2 * (phase % 1) - 1;
    return 0.3 * (1 + 0.5 * wander) * pulse + 0.02 * value;
  });
}

// One batch of made-up crops with fixed noise and level, for tests of a single step.
import type { TensorValue } from "../../src/engine/engine.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { heardBins } from "../../src/training/batches.js";
import { MARGIN } from "../../src/training/crops.js";
import type { TrainConfig } from "../../src/training/config.js";
import type { TrainingModel } from "../../src/training/model.js";

/** Mels ≈ N(−1, 0.3²), samples 0.1·N(0, 1), no gain, unit noise; the same level for all crops. */
export function fixedCrops(
  { format }: TrainingModel,
  { batch, cropFrames }: Pick<TrainConfig, "batch" | "cropFrames">,
  logSnr: readonly number[],
): Record<"samples" | "mel" | "gain" | "heard" | "noise" | "logSnr", TensorValue> {
  const frames = cropFrames + 2 * MARGIN;
  const normals = (step: number, shape: readonly number[], mean: number, deviation: number): TensorValue => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    const values = fillNormals(data, { seed: 17, step });
    return { data: values.map((value) => mean + deviation * value), shape };
  };
  return {
    samples: normals(1, [batch, frames * format.hopLength], 0, 0.1),
    mel: normals(2, [batch, frames, format.bands], -1, 0.3),
    gain: { data: new Float32Array(batch), shape: [batch] },
    heard: heardBins(Array<number>(batch).fill(1), format),
    noise: normals(3, [batch, cropFrames * format.hopLength], 0, 1),
    logSnr: {
      data: Float32Array.from({ length: batch }, (_, item) => logSnr[item % logSnr.length]),
      shape: [batch],
    },
  };
}

// A checkpoint of a small network that nothing was trained into: the start of training, its output layer not zero.
import type { MelFormat } from "../../src/mel/format.js";
import { findPreset } from "../../src/mel/presets.js";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.js";
import { type CheckpointConfig, checkpointConfig, checkpointWeights } from "../../src/checkpoint/config.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import type { MaskNetConfig } from "../../src/models/mask-net/shape.js";
import { initialise } from "../../src/training/start-weights.js";

const shape: MaskNetConfig = {
  windowLengths: [1024, 256, 64],
  channels: 16,
  expanded: 24,
  dilations: [1, 2],
  corrections: 2,
  levelWidth: 16,
  encoder: { channels: 8, expanded: 12, dilations: [1] },
};

/**
 * The checkpoint with an excitation model of which nobody can foresee the pitch; some frames are voiced and some are not.
 * Its widths are multiples of 16, as those of the real one: a frame's values are then the same bits in every tile.
 */
export function harmonicCheckpoint(): Checkpoint<MaskNetConfig> {
  return randomCheckpoint(findPreset("hifigan-22k-80"), {
    excitation: { channels: 16, expanded: 32, dilations: [1, 2] },
  });
}

/** The checkpoint; layers that start at zero hold small random numbers instead. */
export function randomCheckpoint(
  mel: MelFormat = findPreset("hifigan-22k-80"),
  parts: Pick<CheckpointConfig, "excitation"> = {},
): Checkpoint<MaskNetConfig> {
  const config = checkpointConfig({
    denoiser: { kind: "mask-net", shape },
    prior: "spectral",
    mel,
    logSnrRange: [-4.5, 8],
    schedules: {},
    ...parts,
    training: { recordings: 3, recordedHours: 0.5, steps: 100, audioHours: 1.25, devError: null },
  });
  const weights = Object.fromEntries(
    Object.entries(initialise(checkpointWeights(config), 1)).map(([name, value], step) => {
      const data = value.data as Float32Array;
      const isZero = data.every((each) => each === 0);
      const random = (): Float32Array =>
        fillNormals(new Float32Array(data.length), { seed: 2, step }).map((each) => 0.02 * each);
      return [name, { data: isZero ? random() : data, shape: value.shape }];
    }),
  );
  return { config, weights };
}

// A checkpoint of a tiny network with weights that are no start values, for tests of what is stored.
import { findPreset } from "../../src/mel/presets.js";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.js";
import type { MaskNetConfig } from "../../src/models/mask-net/shape.js";
import { checkpointConfig, checkpointWeights } from "../../src/checkpoint/config.js";
import { fillNormals } from "../../src/diffusion/noise.js";

/** The checkpoint; each weight is normal noise of its own. */
export function tinyCheckpoint(): Checkpoint<MaskNetConfig> {
  const config = checkpointConfig({
    denoiser: {
      kind: "mask-net",
      shape: {
        windowLengths: [1024, 64],
        channels: 4,
        expanded: 6,
        dilations: [1, 2],
        corrections: 1,
        levelWidth: 8,
        encoder: { channels: 4, expanded: 6, dilations: [1] },
      },
    },
    prior: "spectral",
    mel: findPreset("hifigan-22k-80"),
    logSnrRange: [-8, 8],
    schedules: { "tuned-6": [-5, -3, -1, 1, 3, 6] },
    training: { steps: 12 },
  });
  const weights = Object.fromEntries(
    checkpointWeights(config).map(({ name, shape }, step) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return [name, { data: fillNormals(new Float32Array(size), { seed: 5, step }), shape }];
    }),
  );
  return { config, weights };
}

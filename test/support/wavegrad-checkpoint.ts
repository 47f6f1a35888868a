// A checkpoint of a WaveGrad with few channels and random weights: what the published process runs on.
import { findPreset } from "../../src/mel/presets.js";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.js";
import type { WaveGradConfig } from "../../src/models/wavegrad/shape.js";
import { checkpointConfig } from "../../src/checkpoint/config.js";
import { narrow, randomWeights } from "./wavegrad-networks.js";

/** The checkpoint, for the default mel format. */
export function waveGradCheckpoint(): Checkpoint<WaveGradConfig> {
  const mel = findPreset("hifigan-22k-80");
  const config = checkpointConfig({
    denoiser: { kind: "wavegrad", shape: narrow },
    prior: "standard",
    mel,
    logSnrRange: [-5, 13.8],
    schedules: {},
    training: { steps: 7 },
  });
  // FiLM after FiLM, random weights answer a signal with a high power of it: small ones keep several steps finite
  const weights = Object.entries(randomWeights(narrow, mel.bands)).map(([name, { data, shape }]) => {
    const factor = /^(film\.\d\.)?output\.weight$/.test(name) ? 0.1 : 1;
    return [`denoiser.${name}`, { data: (data as Float32Array).map((value) => factor * value), shape }];
  });
  return { config, weights: Object.fromEntries(weights) as Checkpoint["weights"] };
}

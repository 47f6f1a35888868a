// All settings of a training run, flat. What is not said on the command line or in a file is as here; the values that
// a run used are stored with it.
import type { DenoiserKind } from "../checkpoint/denoiser-config.js";

/** Settings of a run. */
export interface TrainConfig {
  // what is trained
  denoiser: DenoiserKind;

  // mask-net's shape
  /** N of each transform in which the network masks; the first is the mel's FFT length. */
  windowLengths: number[];
  /** C, width of the trunk. */
  channels: number;
  /** E, width inside its blocks. */
  expanded: number;
  /** One block each, in mel frames. */
  dilations: number[];
  /** R, mel corrections of the estimate inside the network. */
  corrections: number;
  levelWidth: number;
  encoderChannels: number;
  encoderExpanded: number;
  encoderDilations: number[];

  // wavegrad's shape
  /** Channels that the mel and the waveform enter with. */
  melChannels: number;
  waveChannels: number;
  /** From the mel's rate to the waveform's, a block each; their product is the mel's hop. */
  upsamplingFactors: number[];
  upsamplingChannels: number[];
  /** Of the four convolutions of each block, block after block. */
  upsamplingDilations: number[];
  /** From the waveform's rate down: a block fewer than up. */
  downsamplingChannels: number[];
  downsamplingDilations: number[];

  // how long, and with what
  /** Optimiser steps of the network. */
  steps: number;
  /** Optimiser steps of the prior, before. */
  priorSteps: number;
  /** Optimiser steps of the excitation model, before the network's; 0 for none. */
  excitationSteps: number;
  /** Crops a step. */
  batch: number;
  /** Mel frames a crop. */
  cropFrames: number;
  seed: number;

  // optimiser
  /** "cosine" to 0.02, or "constant-linear": constant for half the run, then linear to 0.01. */
  rateShape: "cosine" | "constant-linear";
  adamWRate: number;
  muonRate: number;
  weightDecay: number;
  gradientNorm: number;
  priorRate: number;

  // what it sees
  /** Least and largest gain on the mel, in nepers. */
  gainLow: number;
  gainHigh: number;
  /** Speeds of the recordings' copies; 1 is the recording itself. */
  speeds: number[];
  /** Share of crops whose λ is uniform in [lowestLogSnr, highestLogSnr]; the others' is normal. */
  uniformLevels: number;
  logSnrMean: number;
  logSnrDeviation: number;
  lowestLogSnr: number;
  highestLogSnr: number;
  /** Frequency in Hz above which the loss counts less, as 1/(1 + f/it); 0 weights all alike. */
  lossCorner: number;
}

/** The recipe, as measured best so far. */
export const defaultTrainConfig: TrainConfig = {
  denoiser: "mask-net",
  windowLengths: [1024, 256, 64],
  channels: 320,
  expanded: 960,
  dilations: [1, 2, 4, 1, 2],
  corrections: 2,
  levelWidth: 256,
  encoderChannels: 256,
  encoderExpanded: 768,
  encoderDilations: [1, 2, 4, 1],

  melChannels: 768,
  waveChannels: 32,
  upsamplingFactors: [4, 4, 4, 2, 2],
  upsamplingChannels: [512, 512, 256, 128, 128],
  upsamplingDilations: [1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 1, 2, 1, 2, 1, 2],
  downsamplingChannels: [128, 128, 256, 512],
  downsamplingDilations: [1, 2, 4],

  steps: 4000,
  priorSteps: 800,
  excitationSteps: 1000,
  batch: 16,
  cropFrames: 64,
  seed: 1,

  rateShape: "constant-linear",
  adamWRate: 1e-3,
  muonRate: 0.02,
  weightDecay: 0.01,
  gradientNorm: 1,
  priorRate: 3e-3,

  gainLow: -2.3,
  gainHigh: 0.2,
  speeds: [1, 0.8, 0.88, 1.14, 1.25],
  uniformLevels: 0.25,
  logSnrMean: 1,
  logSnrDeviation: 2.2,
  lowestLogSnr: -8,
  highestLogSnr: 8,
  lossCorner: 1000,
};

/**
 * What differs for wavegrad, which is trained as published: crops of 0.3 s, no augmentation, Adam. On a CPU it takes weeks
 * where mask-net takes an hour; the paper's batch is 256 crops, for a million steps.
 */
export const waveGradTrainConfig: TrainConfig = {
  ...defaultTrainConfig,
  denoiser: "wavegrad",
  cropFrames: 28,
  adamWRate: 2e-4,
  weightDecay: 0,
  gainLow: 0,
  gainHigh: 0,
  speeds: [1],
};

/** The settings of a run that says no more than its denoiser, which it may get wrong. */
export function baseConfig(denoiser: unknown): TrainConfig {
  return denoiser === "wavegrad" ? waveGradTrainConfig : defaultTrainConfig;
}

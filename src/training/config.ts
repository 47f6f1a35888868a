// All settings of a training run, flat. What is not said on the command line or in a file is as here; the values that
// a run used are stored with it.
import { denoiserKinds } from "../models/registry.js";
import type { MelFormat } from "../mel/format.js";
import { TrainConfigError } from "../errors.js";

/** Settings of a run. */
export interface TrainConfig {
  // what is trained
  denoiser: string;

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

// Settings of a training run from text: `--set key=value`, or a JSON file with any of them.

type Key = keyof TrainConfig;

/** Settings that are words. */
const CHOICES: Partial<Readonly<Record<Key, readonly string[]>>> = {
  denoiser: denoiserKinds(),
  rateShape: ["cosine", "constant-linear"],
};
/** Settings that may be 0 or below. */
const SIGNED: ReadonlySet<string> = new Set([
  "gainLow",
  "gainHigh",
  "logSnrMean",
  "lowestLogSnr",
  "highestLogSnr",
]);
const MAY_BE_ZERO: ReadonlySet<string> = new Set([
  "excitationSteps",
  "corrections",
  "weightDecay",
  "lossCorner",
  "uniformLevels",
  "seed",
  "logSnrDeviation",
]);
const FRACTIONS: ReadonlySet<string> = new Set([
  "adamWRate",
  "muonRate",
  "weightDecay",
  "gradientNorm",
  "priorRate",
  "gainLow",
  "gainHigh",
  "speeds",
  "uniformLevels",
  "logSnrMean",
  "logSnrDeviation",
  "lowestLogSnr",
  "highestLogSnr",
  "lossCorner",
]);

/**
 * Settings with some of them replaced.
 *
 * @param changes as parsed from JSON
 * @throws TrainConfigError for a setting that there is not, or a value that it cannot take
 */
export function withSettings(base: TrainConfig, changes: Readonly<Record<string, unknown>>): TrainConfig {
  const entries = Object.entries(changes).map(([name, value]): [Key, unknown] => {
    const key = keyOf(name);
    return [key, checked(key, value)];
  });
  const config = { ...base, ...Object.fromEntries(entries) };
  checkTogether(config);
  return config;
}

/**
 * Checks the settings that the mel format limits.
 *
 * @throws TrainConfigError where the network has no such transforms in frames of this format
 */
export function checkFormat(config: TrainConfig, format: FramedFormat): void {
  if (config.denoiser === "wavegrad") checkFactors(config, format);
  else checkWindows(config, format);
}

function checkFactors({ upsamplingFactors }: TrainConfig, { hopLength }: FramedFormat): void {
  const product = upsamplingFactors.reduce((whole, factor) => whole * factor, 1);
  if (product === hopLength) return;
  throw new TrainConfigError(
    `The product of 'upsamplingFactors' (${upsamplingFactors.join(", ")}) is ${product}, and has to be the mel format's ` +
      `hop, ${hopLength}.`,
  );
}

function checkWindows({ windowLengths }: TrainConfig, { fftSize, hopLength }: FramedFormat): void {
  if (fftSize !== 4 * hopLength || windowLengths[0] !== fftSize) {
    throw new TrainConfigError(
      `The first of 'windowLengths' (${windowLengths.join(", ")}) has to be the mel format's FFT length, ` +
        `${fftSize}, and that four times its hop, ${hopLength}.`,
    );
  }
  // transforms hop by a quarter, and split that once more
  const wrong = windowLengths.find((length) => length % 8 !== 0 || (4 * hopLength) % length !== 0);
  if (wrong !== undefined) {
    throw new TrainConfigError(
      `'windowLengths' has ${wrong}; each is a multiple of 8 and divides the mel format's FFT length, ${fftSize}.`,
    );
  }
}

type FramedFormat = Pick<MelFormat, "fftSize" | "hopLength">;

/**
 * One setting from `key=value`; lists as 1,2,4.
 *
 * @throws TrainConfigError
 */
export function parseSetting(text: string): Record<string, unknown> {
  const at = text.indexOf("=");
  if (at < 1)
    throw new TrainConfigError(`'${text}' is no setting; write it as key=value, such as steps=500.`);
  const key = keyOf(text.slice(0, at).trim());
  const value = text.slice(at + 1).trim();
  if (CHOICES[key]) return { [key]: value };
  const numbers = value.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  return {
    [key]: Array.isArray(defaultTrainConfig[key]) ? numbers : numbers.length === 1 ? numbers[0] : NaN,
  };
}

function keyOf(name: string): Key {
  if (Object.hasOwn(defaultTrainConfig, name)) return name as Key;
  const names = Object.keys(defaultTrainConfig).join(", ");
  throw new TrainConfigError(`There is no setting '${name}'. The settings are ${names}.`);
}

function checked(key: Key, value: unknown): unknown {
  const choices = CHOICES[key];
  if (choices) {
    if (typeof value === "string" && choices.includes(value)) return value;
    throw new TrainConfigError(`'${key}' is ${choices.join(" or ")}, not ${JSON.stringify(value)}.`);
  }
  const list = Array.isArray(defaultTrainConfig[key]);
  const values: readonly unknown[] = list && Array.isArray(value) ? (value as unknown[]) : [value];
  const fits = values.length > 0 && values.every((each) => isAllowed(key, each));
  if (fits && (!list || Array.isArray(value))) return value;
  const kind = FRACTIONS.has(key) ? "number" : "whole number";
  const range = SIGNED.has(key) ? "" : MAY_BE_ZERO.has(key) ? ", 0 or more" : " above 0";
  const form = list ? `a list of ${kind}s${range}` : `a ${kind}${range}`;
  throw new TrainConfigError(`'${key}' takes ${form}, not ${JSON.stringify(value)}.`);
}

function isAllowed(key: Key, value: unknown): boolean {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (!FRACTIONS.has(key) && !Number.isSafeInteger(value)) return false;
  return SIGNED.has(key) || value > 0 || (value === 0 && MAY_BE_ZERO.has(key));
}

function checkTogether(config: TrainConfig): void {
  const { lowestLogSnr, highestLogSnr, gainLow, gainHigh, uniformLevels, speeds } = config;
  if (lowestLogSnr >= highestLogSnr) {
    throw new TrainConfigError(
      `'lowestLogSnr' (${lowestLogSnr}) has to lie below 'highestLogSnr' (${highestLogSnr}).`,
    );
  }
  if (gainLow > gainHigh) {
    throw new TrainConfigError(`'gainLow' (${gainLow}) is above 'gainHigh' (${gainHigh}).`);
  }
  if (uniformLevels > 1) {
    throw new TrainConfigError(`'uniformLevels' is a share of the crops, at most 1, not ${uniformLevels}.`);
  }
  if (!speeds.includes(1))
    throw new TrainConfigError("'speeds' has to contain 1, the recordings themselves.");
  if (config.denoiser === "wavegrad") checkWaveGrad(config);
}

function checkWaveGrad(config: TrainConfig): void {
  const { speeds, waveChannels, upsamplingChannels, upsamplingDilations, downsamplingChannels } = config;
  const slow = speeds.find((speed) => speed < 1);
  if (slow !== undefined) {
    throw new TrainConfigError(
      `'speeds' has ${slow}: copies that are slowed down lack the treble, and the loss of wavegrad cannot leave it out.`,
    );
  }
  const blocks = config.upsamplingFactors.length;
  const lengths = [
    ["upsamplingChannels", upsamplingChannels.length, blocks],
    ["upsamplingDilations", upsamplingDilations.length, 4 * blocks],
    ["downsamplingChannels", downsamplingChannels.length, blocks - 1],
  ] as const;
  const wrong = lengths.find(([, length, expected]) => length !== expected);
  if (wrong) {
    const [name, length, expected] = wrong;
    throw new TrainConfigError(
      `'${name}' has ${length} values, and ${blocks} 'upsamplingFactors' take ${expected}.`,
    );
  }
  const odd = [waveChannels, ...downsamplingChannels].find((channels) => channels % 2 !== 0);
  if (odd !== undefined) {
    throw new TrainConfigError(
      `'waveChannels' and 'downsamplingChannels' are even, for the level's sines and cosines, not ${odd}.`,
    );
  }
}

// All settings of a training run, flat. What is not said on the command line or in a file is as here; the values that
// a run used are stored with it.
import { parseFields } from "../formats/json-fields.js";
import type { Setting, Settings } from "../models/architecture.js";
import { allArchitectures, architectureOf, denoiserKinds, findArchitecture } from "../models/registry.js";
import type { MelFormat } from "../mel/format.js";
import { type LossWeighting, lossWeightings } from "../diffusion/noise-prediction.js";
import { TrainConfigError } from "../errors.js";

/** Settings of a run. */
export interface TrainConfig {
  // what is trained
  denoiser: string;

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

  // what it is trained on
  /** The losses' names, each with what it counts after a colon where that is not 1: noise, stft:0.5. */
  losses: string[];
  /** How much each level counts in the noise-prediction loss. */
  lossWeighting: LossWeighting;
  /** Frequency in Hz above which that loss counts less, as 1/(1 + f/it); 0 weights all alike. */
  lossCorner: number;

  // how a voice is finished: the sampler's own steps, from a harmonic start, judged as waveforms
  /** Optimiser steps of the finishing phase, after the others; 0 for none. */
  finishSteps: number;
  /** Crops a step of it, and mel frames of each. */
  finishBatch: number;
  finishCropFrames: number;
  /** Its losses, written as those of the first phase. */
  finishLosses: string[];
  finishAdamWRate: number;
  finishMuonRate: number;
  finishGradientNorm: number;
  /** Optimiser steps of the excitation model on smoothed mels, before it. */
  finishExcitationSteps: number;
  /** λ of the sampler's two calls; each crop's lie within levelJitter of them. */
  samplerLevels: number[];
  levelJitter: number;
  /** Share of crops that have the first call alone. */
  oneStepShare: number;
  /** Share of crops whose mels are smoothed, and the largest deviations: in bands, in frames, of the noise. */
  smoothShare: number;
  smoothBands: number;
  smoothFrames: number;
  smoothNoise: number;
  /** Share of these that have mels which a model predicted, where there are such. */
  predictedShare: number;
  /** Hz up to which "spectra" compares. */
  spectraLimit: number;
  /** The rate of the networks of "discriminators", and what the distance of their features counts beside their word. */
  discriminatorRate: number;
  featureMatching: number;

  /** The denoisers' shapes, each by the settings that its architecture lists. */
  [shapeSetting: string]: Setting;
}

/** What every training has, as measured best so far for the default denoiser. */
const usualSettings = {
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

  losses: ["noise"],
  lossWeighting: "simple",
  lossCorner: 1000,

  finishSteps: 0,
  finishBatch: 8,
  finishCropFrames: 64,
  finishLosses: ["noise", "log-mel:8", "spectra:4", "discriminators"],
  finishAdamWRate: 8e-4,
  finishMuonRate: 2e-3,
  finishGradientNorm: 50,
  finishExcitationSteps: 1000,
  samplerLevels: [-0.3, 3.07],
  levelJitter: 0.5,
  oneStepShare: 0.1,
  smoothShare: 0.5,
  smoothBands: 1.3,
  smoothFrames: 1.6,
  smoothNoise: 0.1,
  predictedShare: 0.5,
  spectraLimit: 5500,
  discriminatorRate: 4e-4,
  featureMatching: 2,
} satisfies Partial<TrainConfig>;

const bases = new Map<string, TrainConfig>();

/** The settings of a run that says no more than its denoiser, which it may get wrong: then those of the default one. */
export function baseConfig(denoiser: unknown): TrainConfig {
  const { kind, training } = findArchitecture(denoiser) ?? allArchitectures()[0];
  const known = bases.get(kind);
  if (known) return known;
  // those of the others too: all settings stand in one list, whichever denoiser they are for
  const shapes = Object.assign({}, ...allArchitectures().map((each) => each.training.settings)) as Settings;
  const base: TrainConfig = {
    denoiser: kind,
    ...shapes,
    ...training.settings,
    ...usualSettings,
    ...training.recipe,
  };
  bases.set(kind, base);
  return base;
}

/** The settings of the default denoiser. */
export const defaultTrainConfig: TrainConfig = baseConfig(undefined);

/**
 * The shape that a run's settings give its denoiser.
 *
 * @throws TrainConfigError where it would be too large or too long
 */
export function shapeOfRun(config: TrainConfig): unknown {
  const { schema, training } = architectureOf(config.denoiser);
  return parseFields(schema, training.shapeOf(config), "no shape", (fault) => {
    return new TrainConfigError(`The denoiser's shape ${fault}.`);
  });
}

// Settings of a training run from text: `--set key=value`, or a JSON file with any of them.

/** The words that a setting may be; undefined for one that is no word. */
function choicesOf(key: string): readonly string[] | undefined {
  if (key === "denoiser") return denoiserKinds();
  if (key === "rateShape") return ["cosine", "constant-linear"];
  return key === "lossWeighting" ? lossWeightings : undefined;
}

/** Settings that may be 0 or below. */
const SIGNED: ReadonlySet<string> = new Set([
  "samplerLevels",
  "gainLow",
  "gainHigh",
  "logSnrMean",
  "lowestLogSnr",
  "highestLogSnr",
]);
const MAY_BE_ZERO: ReadonlySet<string> = new Set([
  "finishSteps",
  "finishExcitationSteps",
  "finishMuonRate",
  "levelJitter",
  "oneStepShare",
  "smoothShare",
  "smoothBands",
  "smoothFrames",
  "smoothNoise",
  "predictedShare",
  "featureMatching",
  "excitationSteps",
  "weightDecay",
  "lossCorner",
  "uniformLevels",
  "seed",
  "logSnrDeviation",
]);
const FRACTIONS: ReadonlySet<string> = new Set([
  "finishAdamWRate",
  "finishMuonRate",
  "finishGradientNorm",
  "samplerLevels",
  "levelJitter",
  "oneStepShare",
  "smoothShare",
  "smoothBands",
  "smoothFrames",
  "smoothNoise",
  "predictedShare",
  "spectraLimit",
  "discriminatorRate",
  "featureMatching",
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
  const kind = changes["denoiser"] ?? base.denoiser;
  const entries = Object.entries(changes).map(([name, value]): [string, unknown] => {
    const key = keyOf(name);
    return [key, checked(key, value, kind)];
  });
  const config = { ...base, ...(Object.fromEntries(entries) as Settings) };
  checkTogether(config);
  return config;
}

/**
 * Checks the settings that the mel format limits.
 *
 * @throws TrainConfigError where the network has no such transforms in frames of this format
 */
export function checkFormat(config: TrainConfig, format: MelFormat): void {
  const fault = architectureOf(config.denoiser).training.formatFault?.(config, format);
  if (fault !== undefined) throw new TrainConfigError(fault);
}

/**
 * One setting from `key=value`; lists as 1,2,4, and losses as noise,stft:0.5.
 *
 * @throws TrainConfigError
 */
export function parseSetting(text: string): Record<string, unknown> {
  const at = text.indexOf("=");
  if (at < 1)
    throw new TrainConfigError(`'${text}' is no setting; write it as key=value, such as steps=500.`);
  const key = keyOf(text.slice(0, at).trim());
  const value = text.slice(at + 1).trim();
  if (choicesOf(key)) return { [key]: value };
  if (isLossList(key)) return { [key]: value.split(",").map((part) => part.trim()) };
  const numbers = value.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  return {
    [key]: Array.isArray(usualValue(key)) ? numbers : numbers.length === 1 ? numbers[0] : NaN,
  };
}

/** What a setting is where nobody says, for a denoiser that has it, first the one named. */
function usualValue(key: string, denoiser?: unknown): Setting | undefined {
  const own = findArchitecture(denoiser);
  const bases = [...(own ? [own] : []), ...allArchitectures()].map(({ kind }) => baseConfig(kind));
  return bases.find((base) => Object.hasOwn(base, key))?.[key];
}

function keyOf(name: string): string {
  if (usualValue(name) !== undefined) return name;
  const names = Object.keys(defaultTrainConfig).join(", ");
  throw new TrainConfigError(`There is no setting '${name}'. The settings are ${names}.`);
}

/**
 * What each loss of the settings counts, by its name.
 *
 * @throws TrainConfigError for what is no list of names with weights above 0
 */
export function lossWeightsOf(losses: unknown, setting = "losses"): ReadonlyMap<string, number> {
  const given: readonly unknown[] = Array.isArray(losses) ? losses : [];
  const parts = given.map((each) => /^([^:]+)(?::([^:]+))?$/.exec(String(each)) ?? []);
  const weights = new Map(parts.map(([, name = "", weight = "1"]) => [name.trim(), Number(weight)]));
  const fits = [...weights].every(([name, weight]) => name !== "" && weight > 0 && Number.isFinite(weight));
  if (fits && weights.size === given.length && given.length > 0) return weights;
  throw new TrainConfigError(
    `'${setting}' takes names of losses, each once, with a weight above 0 after a colon or none, such as noise,stft:0.5; ` +
      `not ${JSON.stringify(losses)}.`,
  );
}

function isLossList(key: string): boolean {
  return key === "losses" || key === "finishLosses";
}

function checked(key: string, value: unknown, denoiser: unknown): unknown {
  if (isLossList(key)) {
    lossWeightsOf(value, key);
    return value;
  }
  const choices = choicesOf(key);
  if (choices) {
    if (typeof value === "string" && choices.includes(value)) return value;
    throw new TrainConfigError(`'${key}' is ${choices.join(" or ")}, not ${JSON.stringify(value)}.`);
  }
  const list = Array.isArray(usualValue(key, denoiser));
  const values: readonly unknown[] = list && Array.isArray(value) ? (value as unknown[]) : [value];
  const fits = values.length > 0 && values.every((each) => isAllowed(key, each));
  if (fits && (!list || Array.isArray(value))) return value;
  const kind = FRACTIONS.has(key) ? "number" : "whole number";
  const range = SIGNED.has(key) ? "" : mayBeZero(key) ? ", 0 or more" : " above 0";
  const form = list ? `a list of ${kind}s${range}` : `a ${kind}${range}`;
  throw new TrainConfigError(`'${key}' takes ${form}, not ${JSON.stringify(value)}.`);
}

function mayBeZero(key: string): boolean {
  return MAY_BE_ZERO.has(key) || allArchitectures().some(({ training }) => training.mayBeZero?.includes(key));
}

function isAllowed(key: string, value: unknown): boolean {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (!FRACTIONS.has(key) && !Number.isSafeInteger(value)) return false;
  return SIGNED.has(key) || value > 0 || (value === 0 && mayBeZero(key));
}

function checkTogether(config: TrainConfig): void {
  const { lowestLogSnr, highestLogSnr, gainLow, gainHigh, uniformLevels, speeds } = config;
  if (config.samplerLevels.length !== 2 || config.samplerLevels[0] > config.samplerLevels[1]) {
    throw new TrainConfigError(
      `'samplerLevels' takes the log-SNR of the sampler's two calls, the noisier first, not ${JSON.stringify(config.samplerLevels)}.`,
    );
  }
  const share = (["smoothShare", "predictedShare", "oneStepShare"] as const).find((name) => config[name] > 1);
  if (share !== undefined) {
    throw new TrainConfigError(`'${share}' is a share of the crops, at most 1, not ${config[share]}.`);
  }
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
  const { kind, prior, training } = architectureOf(config.denoiser);
  const slow = speeds.find((speed) => speed < 1);
  if (prior === "standard" && slow !== undefined) {
    throw new TrainConfigError(
      `'speeds' has ${slow}: copies that are slowed down lack the treble, and the loss of ${kind} cannot leave it out.`,
    );
  }
  const fault = training.fault?.(config);
  if (fault !== undefined) throw new TrainConfigError(fault);
}

/** Optimiser steps of the finishing phase where only the phase is asked for. */
export const FINISH_STEPS = 4000;

/**
 * The settings of the finishing phase, as those of a training: its losses, rates and crops in the places that a training
 * has for them.
 */
export function finishingConfig(config: TrainConfig): TrainConfig {
  return {
    ...config,
    steps: config.finishSteps,
    rateShape: "constant-linear",
    batch: config.finishBatch,
    cropFrames: config.finishCropFrames,
    losses: config.finishLosses,
    adamWRate: config.finishAdamWRate,
    muonRate: config.finishMuonRate,
    gradientNorm: config.finishGradientNorm,
  };
}

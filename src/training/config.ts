// All settings of a training run, flat. What is not said on the command line or in a file is as here; the values that
// a run used are stored with it.
import { parseFields } from "../formats/json-fields.js";
import type { Setting, Settings } from "../models/architecture.js";
import { allArchitectures, architectureOf, denoiserKinds, findArchitecture } from "../models/registry.js";
import type { MelFormat } from "../mel/format.js";
import { lossWeightings } from "../diffusion/noise-prediction.js";
import { TrainConfigError } from "../errors.js";

/** What a setting is where nobody says, and what else it may be. */
interface Rule<Value extends Setting = Setting> {
  readonly usual: Value;
  /** The words that it may be. */
  readonly choices?: readonly string[];
  /** Whether it lists losses with their weights. */
  readonly areLosses?: boolean;
  /** Whether its numbers are whole. */
  readonly isWhole?: boolean;
  /** The least that its numbers may be; any where it is not said. */
  readonly least?: "above 0" | "0 or more";
  /** Whether it is a share of the crops, at most 1. */
  readonly isShare?: boolean;
}

const whole = (usual: number): Rule<number> => ({ usual, isWhole: true, least: "above 0" });
const wholeOrZero = (usual: number): Rule<number> => ({ usual, isWhole: true, least: "0 or more" });
const positive = (usual: number): Rule<number> => ({ usual, least: "above 0" });
const positiveOrZero = (usual: number): Rule<number> => ({ usual, least: "0 or more" });
const signed = (usual: number): Rule<number> => ({ usual });
const share = (usual: number): Rule<number> => ({ ...positiveOrZero(usual), isShare: true });
const list = (each: (usual: number) => Rule<number>, usual: number[]): Rule<number[]> => {
  return { ...each(0), usual };
};
const losses = (usual: string[]): Rule<string[]> => ({ usual, areLosses: true });
const word = <Word extends string>(usual: NoInfer<Word>, choices: readonly Word[]): Rule<Word> => {
  return { usual, choices };
};

/**
 * What every training has, as measured best so far for the default denoiser. The one list of these settings: their types,
 * their defaults, and what they take from a command line or a file come from here.
 */
const rules = {
  // how long, and with what
  /** Optimiser steps of the network. */
  steps: whole(4000),
  /** Optimiser steps of the prior, before. */
  priorSteps: whole(800),
  /** Optimiser steps of the excitation model, before the network's; 0 for none. */
  excitationSteps: wholeOrZero(1000),
  /** Crops a step. */
  batch: whole(16),
  /** Mel frames a crop. */
  cropFrames: whole(64),
  seed: wholeOrZero(1),

  // optimiser
  /** "cosine" to 0.02, or "constant-linear": constant for half the run, then linear to 0.01. */
  rateShape: word("constant-linear", ["cosine", "constant-linear"]),
  adamWRate: positive(1e-3),
  muonRate: positive(0.02),
  weightDecay: positiveOrZero(0.01),
  gradientNorm: positive(1),
  priorRate: positive(3e-3),

  // what it sees
  /** Least and largest gain on the mel, in nepers. */
  gainLow: signed(-2.3),
  gainHigh: signed(0.2),
  /** Speeds of the recordings' copies; 1 is the recording itself. */
  speeds: list(positive, [1, 0.8, 0.88, 1.14, 1.25]),
  /** Share of crops whose λ is uniform in [lowestLogSnr, highestLogSnr]; the others' is normal. */
  uniformLevels: share(0.25),
  logSnrMean: signed(1),
  logSnrDeviation: positiveOrZero(2.2),
  lowestLogSnr: signed(-8),
  highestLogSnr: signed(8),

  // what it is trained on
  /** The losses' names, each with what it counts after a colon where that is not 1: noise, stft:0.5. */
  losses: losses(["noise"]),
  /** How much each level counts in the noise-prediction loss. */
  lossWeighting: word("simple", lossWeightings),
  /** Frequency in Hz above which that loss counts less, as 1/(1 + f/it); 0 weights all alike. */
  lossCorner: positiveOrZero(1000),

  // how a voice is finished: the sampler's own steps, from a harmonic start, judged as waveforms
  /** Optimiser steps of the finishing phase, after the others; 0 for none. */
  finishSteps: wholeOrZero(0),
  /** Crops a step of it, and mel frames of each. */
  finishBatch: whole(8),
  finishCropFrames: whole(64),
  /** Its losses, written as those of the first phase. */
  finishLosses: losses(["noise", "log-mel:8", "spectra:4", "discriminators"]),
  finishAdamWRate: positive(5e-4),
  finishMuonRate: positiveOrZero(6e-3),
  finishGradientNorm: positive(50),
  /** Optimiser steps of the excitation model on smoothed mels, before it. */
  finishExcitationSteps: wholeOrZero(1000),
  /** λ of the sampler's two calls; each crop's lie within levelJitter of them. */
  samplerLevels: list(signed, [-0.3, 3.07]),
  levelJitter: positiveOrZero(0.5),
  /** Share of crops that have the first call alone. */
  oneStepShare: share(0.1),
  /** Share of crops whose mels are smoothed, and the largest deviations: in bands, in frames, of the noise. */
  smoothShare: share(0.5),
  smoothBands: positiveOrZero(1.3),
  smoothFrames: positiveOrZero(1.6),
  smoothNoise: positiveOrZero(0.1),
  /** Share of the smoothed crops that have a mel of the folder of predicted mels in place of a smoothed one. */
  predictedShare: share(0.5),
  /** Hz up to which "spectra" compares. */
  spectraLimit: positive(2500),
  /** What "discriminators" sees: spectra of these lengths, and every p-th sample for these periods. */
  discriminatorSpectra: list(whole, [512, 1024, 2048]),
  discriminatorPeriods: list(whole, [2, 5]),
  /** The rate of the networks of "discriminators", and what the distance of their features counts beside their word. */
  discriminatorRate: positive(4e-4),
  featureMatching: positiveOrZero(2),
} as const;

type Rules = typeof rules;
type Common = { -readonly [Name in keyof Rules]: Rules[Name] extends Rule<infer Value> ? Value : never };

/** Settings of a run. */
export interface TrainConfig extends Common {
  /** What is trained. */
  denoiser: string;
  /** The denoisers' shapes, each by the settings that its architecture lists. */
  [shapeSetting: string]: Setting;
}

const usualSettings = Object.fromEntries(
  Object.entries(rules).map(([name, { usual }]) => [name, usual]),
) as Common;

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

/** The rule of a setting, for a denoiser that has it, first the one named; undefined for a setting that there is not. */
function ruleOf(key: string, denoiser?: unknown): Rule | undefined {
  if (key === "denoiser") return { usual: defaultTrainConfig.denoiser, choices: denoiserKinds() };
  if (Object.hasOwn(rules, key)) return rules[key as keyof Rules];
  const own = findArchitecture(denoiser);
  const all = [...(own ? [own] : []), ...allArchitectures()].map(({ training }) => training);
  const training = all.find(({ settings }) => Object.hasOwn(settings, key));
  if (!training) return undefined;
  const mayBeZero = all.some((each) => each.mayBeZero?.includes(key));
  return { usual: training.settings[key], isWhole: true, least: mayBeZero ? "0 or more" : "above 0" };
}

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
  const { usual, choices, areLosses } = ruleOf(key)!;
  if (choices) return { [key]: value };
  if (areLosses) return { [key]: value.split(",").map((part) => part.trim()) };
  const numbers = value.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  return { [key]: Array.isArray(usual) ? numbers : numbers.length === 1 ? numbers[0] : NaN };
}

function keyOf(name: string): string {
  if (ruleOf(name)) return name;
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

function checked(key: string, value: unknown, denoiser: unknown): unknown {
  const rule = ruleOf(key, denoiser)!;
  const { choices, areLosses, isShare, isWhole, least } = rule;
  if (areLosses) {
    lossWeightsOf(value, key);
    return value;
  }
  if (choices) {
    if (typeof value === "string" && choices.includes(value)) return value;
    throw new TrainConfigError(`'${key}' is ${choices.join(" or ")}, not ${JSON.stringify(value)}.`);
  }
  const isList = Array.isArray(rule.usual);
  const values: readonly unknown[] = isList ? (Array.isArray(value) ? (value as unknown[]) : []) : [value];
  if (values.length > 0 && values.every((each) => isAllowed(rule, each))) {
    if (!isShare || Number(value) <= 1) return value;
    throw new TrainConfigError(`'${key}' is a share of the crops, at most 1, not ${Number(value)}.`);
  }
  const kind = isWhole ? "whole number" : "number";
  const range = least === undefined ? "" : least === "above 0" ? " above 0" : ", 0 or more";
  const form = isList ? `a list of ${kind}s${range}` : `a ${kind}${range}`;
  throw new TrainConfigError(`'${key}' takes ${form}, not ${JSON.stringify(value)}.`);
}

function isAllowed({ isWhole, least }: Rule, value: unknown): boolean {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (isWhole && !Number.isSafeInteger(value)) return false;
  return least === undefined || value > 0 || (value === 0 && least === "0 or more");
}

/** Transforms whose hops lie whole in the signals that losses compare. */
const SPECTRUM_LENGTHS: readonly number[] = [128, 256, 512, 1024, 2048];

const LONGEST_PERIOD = 1000;

function checkTogether(config: TrainConfig): void {
  const { lowestLogSnr, highestLogSnr, gainLow, gainHigh, speeds } = config;
  if (config.samplerLevels.length !== 2 || config.samplerLevels[0] > config.samplerLevels[1]) {
    throw new TrainConfigError(
      `'samplerLevels' takes the log-SNR of the sampler's two calls, the noisier first, not ${JSON.stringify(config.samplerLevels)}.`,
    );
  }
  const length = config.discriminatorSpectra.find((each) => !SPECTRUM_LENGTHS.includes(each));
  if (length !== undefined) {
    throw new TrainConfigError(
      `'discriminatorSpectra' takes lengths of ${SPECTRUM_LENGTHS.join(", ")} samples, not ${length}.`,
    );
  }
  for (const name of ["discriminatorSpectra", "discriminatorPeriods"] as const) {
    if (new Set(config[name]).size < config[name].length)
      throw new TrainConfigError(`'${name}' takes numbers each once, not ${config[name].join(", ")}.`);
  }
  const period = config.discriminatorPeriods.find((each) => each > LONGEST_PERIOD);
  if (period !== undefined) {
    throw new TrainConfigError(
      `'discriminatorPeriods' takes at most ${LONGEST_PERIOD} samples, not ${period}.`,
    );
  }
  if (lowestLogSnr >= highestLogSnr) {
    throw new TrainConfigError(
      `'lowestLogSnr' (${lowestLogSnr}) has to lie below 'highestLogSnr' (${highestLogSnr}).`,
    );
  }
  if (gainLow > gainHigh) {
    throw new TrainConfigError(`'gainLow' (${gainLow}) is above 'gainHigh' (${gainHigh}).`);
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

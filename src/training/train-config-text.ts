// Settings of a training run from text: `--set key=value`, or a JSON file with any of them.
import type { MelFormat } from "../audio/mel-format/mel-format.js";
import { denoiserKinds } from "../checkpoint/denoiser-config.js";
import { TrainConfigError } from "./errors.js";
import { defaultTrainConfig, type TrainConfig } from "./train-config.js";

type Key = keyof TrainConfig;

/** Settings that are words. */
const CHOICES: Partial<Readonly<Record<Key, readonly string[]>>> = {
  denoiser: denoiserKinds,
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

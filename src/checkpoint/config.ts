// What a checkpoint's config.json says: everything that is needed to rebuild its models, and how they came about.
import { formatFromFields } from "../mel/format-fields.js";
import type { MelFormat } from "../mel/format.js";
import type { EncoderConfig } from "../models/layers/encoder.js";
import { excitationLayers, excitationWeights } from "../models/excitation/graph.js";
import { type MaskNetConfig, maskNetWeights, trunkLayers } from "../models/mask-net/shape.js";
import { spectralPriorWeights } from "../models/prior/graph.js";
import {
  type UpsamplingBlockConfig,
  type WaveGradConfig,
  waveGradHop,
  waveGradWeights,
} from "../models/wavegrad/shape.js";
import { specsWithin, type WeightSpec } from "../models/weights.js";
import { CheckpointError } from "../errors.js";
import { parseTunings, type Tuning } from "./tunings.js";

// Fields of a config.json, which is not trusted: each is checked, and what is wrong with it is named.

/** The largest width or length that a network's shape may name. */
const LARGEST_COUNT = 65_536;
/** The longest list of a network's shape. */
const LONGEST_LIST = 64;

/** @param what it is, for the message: "'denoiser'" */
function objectOf(value: unknown, path: string, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new CheckpointError(path, `has no object where ${what} should be one`);
}

/** A whole number of something, at least 1 unless given. */
function count(value: unknown, path: string, name: string, least = 1): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= LARGEST_COUNT) {
    return value;
  }
  throw new CheckpointError(
    path,
    `has ${JSON.stringify(value)} for '${name}', which should be a whole number`,
  );
}

/** A list of whole numbers, of any length up to 64 unless given. */
function counts(value: unknown, path: string, name: string, length?: number): number[] {
  if (!Array.isArray(value) || value.length > LONGEST_LIST) {
    throw new CheckpointError(path, `has no list of whole numbers for '${name}'`);
  }
  if (length !== undefined && value.length !== length) {
    throw new CheckpointError(path, `has ${value.length} numbers for '${name}', which should be ${length}`);
  }
  return value.map((each) => count(each, path, name));
}

/** A list of finite numbers. */
function numbers(value: unknown, path: string, name: string): number[] {
  if (Array.isArray(value) && value.every((each) => typeof each === "number" && Number.isFinite(each))) {
    return value as number[];
  }
  throw new CheckpointError(path, `has no list of numbers for '${name}'`);
}

// The denoisers that a checkpoint can hold, each a kind with a shape, as config.json writes them.

/** The denoisers' kinds. */
export const denoiserKinds = ["mask-net", "wavegrad"] as const;

/** A denoiser's kind. */
export type DenoiserKind = (typeof denoiserKinds)[number];

/** The default: gates short-time spectra of a whitened waveform. */
interface MaskNetDenoiser {
  readonly kind: "mask-net";
  readonly shape: MaskNetConfig;
}

/** The published one: works on the waveform itself. */
interface WaveGradDenoiser {
  readonly kind: "wavegrad";
  readonly shape: WaveGradConfig;
}

/** A denoiser's kind and shape. */
export type DenoiserConfig = MaskNetDenoiser | WaveGradDenoiser;

/** @throws CheckpointError where a field is missing or cannot be */
function maskNetShape(value: unknown, path: string): MaskNetConfig {
  const fields = objectOf(value, path, "'denoiser.shape'");
  return {
    windowLengths: counts(fields["windowLengths"], path, "windowLengths"),
    channels: count(fields["channels"], path, "channels"),
    expanded: count(fields["expanded"], path, "expanded"),
    dilations: counts(fields["dilations"], path, "dilations"),
    corrections: count(fields["corrections"], path, "corrections", 0),
    levelWidth: count(fields["levelWidth"], path, "levelWidth"),
    encoder: encoderShape(fields["encoder"], path, "encoder", "denoiser.shape.encoder"),
  };
}

/**
 * @param name before its fields' names, for messages
 * @param place of it in config.json
 * @throws CheckpointError where a field is missing or cannot be
 */
function encoderShape(value: unknown, path: string, name: string, place = name): EncoderConfig {
  const fields = objectOf(value, path, `'${place}'`);
  return {
    channels: count(fields["channels"], path, `${name}.channels`),
    expanded: count(fields["expanded"], path, `${name}.expanded`),
    dilations: counts(fields["dilations"], path, `${name}.dilations`),
  };
}

/**
 * @param hopLength of the mel, which the upsampling factors make
 * @throws CheckpointError where a field is missing or cannot be
 */
function waveGradShape(value: unknown, hopLength: number, path: string): WaveGradConfig {
  const fields = objectOf(value, path, "'denoiser.shape'");
  const blocks = fields["upsampling"];
  if (!Array.isArray(blocks) || blocks.length === 0) {
    throw new CheckpointError(path, "has no list of blocks for 'upsampling'");
  }
  const upsampling = blocks.map((block, index) => upsamplingBlock(block, index, path));
  const shape: WaveGradConfig = {
    melChannels: count(fields["melChannels"], path, "melChannels"),
    waveChannels: even(count(fields["waveChannels"], path, "waveChannels"), path, "waveChannels"),
    upsampling,
    downsamplingChannels: counts(
      fields["downsamplingChannels"],
      path,
      "downsamplingChannels",
      upsampling.length - 1,
    ).map((channels) => even(channels, path, "downsamplingChannels")),
    downsamplingDilations: counts(fields["downsamplingDilations"], path, "downsamplingDilations"),
  };
  const hop = waveGradHop(shape);
  if (hop !== hopLength) {
    throw new CheckpointError(
      path,
      `has upsampling factors whose product is ${hop}, and its mel's hop is ${hopLength}`,
    );
  }
  return shape;
}

function upsamplingBlock(value: unknown, index: number, path: string): UpsamplingBlockConfig {
  const name = `upsampling.${index}`;
  const block = objectOf(value, path, `'${name}'`);
  const [first, second, third, fourth] = counts(block["dilations"], path, `${name}.dilations`, 4);
  return {
    factor: count(block["factor"], path, `${name}.factor`),
    channels: count(block["channels"], path, `${name}.channels`),
    dilations: [first, second, third, fourth],
  };
}

/** The level's encoding is as many sines as cosines. */
function even(value: number, path: string, name: string): number {
  if (value % 2 === 0) return value;
  throw new CheckpointError(path, `has ${value} for '${name}', which should be even`);
}

const VERSION = 1;

/** How a layer's input becomes 8-bit: q = round(x/scale) + zeroPoint, limited to 0 … 255. */
interface LayerQuantisation {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** What every checkpoint's configuration says. */
interface SharedConfig {
  readonly version: number;
  readonly mel: MelFormat;
  /** The trained range of λ: a network is never asked about levels outside. */
  readonly logSnrRange: readonly [number, number];
  /** Levels found for a number of steps, from noise to data, by the schedule's name. */
  readonly schedules: Readonly<Record<string, readonly number[]>>;
  /** What goes with those of the schedules that were tuned, by the same name. */
  readonly tunings?: Readonly<Record<string, Tuning>>;
  /** How it was trained: settings, steps, audio-hours, measures. For people. */
  readonly training: Readonly<Record<string, unknown>>;
}

/** A mask-net diffuses a waveform that the spectral prior whitened. */
export interface MaskNetCheckpointConfig extends SharedConfig {
  readonly denoiser: MaskNetDenoiser;
  readonly prior: "spectral";
  /** The shape of the model that reads pitch and voicing off a mel; absent where there is none. */
  readonly excitation?: EncoderConfig;
  /** How the inputs of the trunk's Linear layers become 8-bit, by the layer's weight; absent until it is calibrated. */
  readonly quantisation?: Readonly<Record<string, LayerQuantisation>>;
  /** The same for the excitation model. */
  readonly excitationQuantisation?: Readonly<Record<string, LayerQuantisation>>;
}

/** A WaveGrad diffuses the waveform itself: its prior is standard normal noise. */
export interface WaveGradCheckpointConfig extends SharedConfig {
  readonly denoiser: WaveGradDenoiser;
  readonly prior: "standard";
}

/** A checkpoint's configuration. */
export type CheckpointConfig = MaskNetCheckpointConfig | WaveGradCheckpointConfig;

/** Names of the parts of a checkpoint's weights. */
export const weightParts = { denoiser: "denoiser", prior: "prior", excitation: "excitation" } as const;

/** Every weight that a checkpoint of this configuration holds. */
export function checkpointWeights(config: CheckpointConfig): WeightSpec[] {
  const { bands, hopLength } = config.mel;
  if (config.prior === "standard") {
    return specsWithin(weightParts.denoiser, waveGradWeights(config.denoiser.shape, bands));
  }
  const { denoiser, excitation } = config;
  return [
    ...specsWithin(weightParts.prior, spectralPriorWeights({ bands, bins: hopLength })),
    ...(excitation ? specsWithin(weightParts.excitation, excitationWeights(bands, excitation)) : []),
    ...specsWithin(weightParts.denoiser, maskNetWeights(denoiser.shape, bands, hopLength)),
  ];
}

/** A configuration of this version. */
export function checkpointConfig(parts: Omit<MaskNetCheckpointConfig, "version">): MaskNetCheckpointConfig;
export function checkpointConfig(parts: Omit<WaveGradCheckpointConfig, "version">): WaveGradCheckpointConfig;
export function checkpointConfig(
  parts: Omit<MaskNetCheckpointConfig, "version"> | Omit<WaveGradCheckpointConfig, "version">,
): CheckpointConfig {
  return { version: VERSION, ...parts };
}

/**
 * Reads config.json's content.
 *
 * @param path of the file, for messages
 * @throws CheckpointError where something is missing or of the wrong kind
 */
export function parseCheckpointConfig(text: string, path: string): CheckpointConfig {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new CheckpointError(path, `is not JSON: ${(error as Error).message}`);
  }
  const fields = objectOf(json, path, "it");
  if (fields["version"] !== VERSION) {
    throw new CheckpointError(
      path,
      `has version ${JSON.stringify(fields["version"])}, and this vocode reads version ${VERSION}`,
    );
  }
  const denoiser = objectOf(fields["denoiser"], path, "'denoiser'");
  const mel = formatFromFields(objectOf(fields["mel"], path, "'mel'"));
  const schedules = schedulesOf(fields["schedules"] ?? {}, path);
  const tunings = fields["tunings"];
  const shared = {
    version: VERSION,
    mel,
    logSnrRange: rangeOf(fields["logSnrRange"], path),
    schedules,
    ...(tunings !== undefined && {
      tunings: parseTunings(objectOf(tunings, path, "'tunings'"), schedules, path),
    }),
    training: objectOf(fields["training"] ?? {}, path, "'training'"),
  };
  switch (denoiser["kind"]) {
    case "mask-net": {
      const shape = maskNetShape(denoiser["shape"], path);
      const prior = priorOf(fields["prior"], "spectral", "mask-net", path);
      const quantisations = quantisationsOf(fields, trunkLayers(shape), "quantisation", path);
      const excitation = excitationOf(fields, path);
      return { ...shared, denoiser: { kind: "mask-net", shape }, prior, ...excitation, ...quantisations };
    }
    case "wavegrad": {
      const shape = waveGradShape(denoiser["shape"], mel.hopLength, path);
      const prior = priorOf(fields["prior"], "standard", "wavegrad", path);
      return { ...shared, denoiser: { kind: "wavegrad", shape }, prior };
    }
    default:
      throw new CheckpointError(
        path,
        `has a denoiser of the unknown kind ${JSON.stringify(denoiser["kind"])}`,
      );
  }
}

function excitationOf(
  fields: Readonly<Record<string, unknown>>,
  path: string,
): Pick<MaskNetCheckpointConfig, "excitation" | "excitationQuantisation"> {
  if (fields["excitation"] === undefined) return {};
  const excitation = encoderShape(fields["excitation"], path, "excitation");
  const layers = excitationLayers(excitation);
  return { excitation, ...quantisationsOf(fields, layers, "excitationQuantisation", path) };
}

/** Each denoiser is made for one prior. */
function priorOf<Prior extends string>(value: unknown, expected: Prior, kind: string, path: string): Prior {
  if (value === expected) return expected;
  throw new CheckpointError(
    path,
    `has the prior ${JSON.stringify(value)}, and a ${kind} has the prior '${expected}'`,
  );
}

function rangeOf(value: unknown, path: string): [number, number] {
  const [low, high, ...more] = numbers(value, path, "logSnrRange");
  if (high === undefined || more.length > 0 || low >= high) {
    throw new CheckpointError(path, "has a 'logSnrRange' that is not a lowest and a highest number");
  }
  return [low, high];
}

function schedulesOf(value: unknown, path: string): Record<string, number[]> {
  const entries = Object.entries(objectOf(value, path, "'schedules'"));
  return Object.fromEntries(
    entries.map(([name, levels]) => [name, numbers(levels, path, `schedules.${name}`)]),
  );
}

/** A field that says how layers' inputs become 8-bit; nothing where it is absent. */
function quantisationsOf<Field extends "quantisation" | "excitationQuantisation">(
  fields: Readonly<Record<string, unknown>>,
  layers: readonly string[],
  field: Field,
  path: string,
): { [Key in Field]?: Readonly<Record<string, LayerQuantisation>> } {
  const value = fields[field];
  if (value === undefined) return {};
  const entries = Object.entries(objectOf(value, path, `'${field}'`)).map(([name, each]) => {
    if (!layers.includes(name)) {
      throw new CheckpointError(path, `has the unknown layer '${name}' in its '${field}'`);
    }
    const place = `${field}.${name}`;
    return [name, inputQuantisation(objectOf(each, path, `'${place}'`), place, path)] as const;
  });
  return { [field]: Object.fromEntries(entries) } as {
    [Key in Field]?: Readonly<Record<string, LayerQuantisation>>;
  };
}

function inputQuantisation(
  { scale, zeroPoint }: Record<string, unknown>,
  place: string,
  path: string,
): LayerQuantisation {
  if (typeof scale !== "number" || !Number.isFinite(scale) || scale <= 0) {
    throw new CheckpointError(
      path,
      `has ${JSON.stringify(scale)} for '${place}.scale', which should be above 0`,
    );
  }
  if (typeof zeroPoint !== "number" || !Number.isInteger(zeroPoint) || zeroPoint < 0 || zeroPoint > 255) {
    throw new CheckpointError(
      path,
      `has ${JSON.stringify(zeroPoint)} for '${place}.zeroPoint', which should be a whole number up to 255`,
    );
  }
  return { scale, zeroPoint };
}

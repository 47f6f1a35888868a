// What a checkpoint's config.json says: everything that is needed to rebuild its models, and how they came about.
import { formatFromFields } from "../audio/mel-format/mel-format-fields.js";
import type { MelFormat } from "../audio/mel-format/mel-format.js";
import { type MaskNetConfig, maskNetWeights, trunkLayers } from "../models/mask-net-config.js";
import { spectralPriorWeights } from "../models/spectral-prior.js";
import { specsWithin, type WeightSpec } from "../models/weights.js";
import { CheckpointError } from "./errors.js";

const VERSION = 1;

/** The denoiser's kind and shape. */
export interface DenoiserConfig {
  readonly kind: "mask-net";
  readonly shape: MaskNetConfig;
}

/** How a layer's input becomes 8-bit: q = round(x/scale) + zeroPoint, limited to 0 … 255. */
export interface LayerQuantisation {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** A checkpoint's configuration. */
export interface CheckpointConfig {
  readonly version: number;
  readonly denoiser: DenoiserConfig;
  /** How the waveform is whitened before it is diffused. */
  readonly prior: "spectral";
  readonly mel: MelFormat;
  /** The trained range of λ: a network is never asked about levels outside. */
  readonly logSnrRange: readonly [number, number];
  /** Levels found for a number of steps, from noise to data, by the schedule's name. */
  readonly schedules: Readonly<Record<string, readonly number[]>>;
  /** How the inputs of the trunk's Linear layers become 8-bit, by the layer's weight; absent until it is calibrated. */
  readonly quantisation?: Readonly<Record<string, LayerQuantisation>>;
  /** How it was trained: settings, steps, audio-hours, measures. For people. */
  readonly training: Readonly<Record<string, unknown>>;
}

/** Names of the parts of a checkpoint's weights. */
export const weightParts = { denoiser: "denoiser", prior: "prior" } as const;

/** Every weight that a checkpoint of this configuration holds. */
export function checkpointWeights(config: CheckpointConfig): WeightSpec[] {
  const { bands, hopLength } = config.mel;
  return [
    ...specsWithin(weightParts.prior, spectralPriorWeights({ bands, bins: hopLength })),
    ...specsWithin(weightParts.denoiser, maskNetWeights(config.denoiser.shape, bands, hopLength)),
  ];
}

/** A configuration of this version. */
export function checkpointConfig(parts: Omit<CheckpointConfig, "version">): CheckpointConfig {
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
  if (denoiser["kind"] !== "mask-net") {
    throw new CheckpointError(path, `has a denoiser of the unknown kind ${JSON.stringify(denoiser["kind"])}`);
  }
  if (fields["prior"] !== "spectral") {
    throw new CheckpointError(path, `has the unknown prior ${JSON.stringify(fields["prior"])}`);
  }
  const shape = maskNetShape(denoiser["shape"], path);
  return {
    version: VERSION,
    denoiser: { kind: "mask-net", shape },
    prior: "spectral",
    mel: formatFromFields(objectOf(fields["mel"], path, "'mel'")),
    logSnrRange: rangeOf(fields["logSnrRange"], path),
    schedules: schedulesOf(fields["schedules"] ?? {}, path),
    ...quantisationOf(fields["quantisation"], shape, path),
    training: objectOf(fields["training"] ?? {}, path, "'training'"),
  };
}

function maskNetShape(value: unknown, path: string): MaskNetConfig {
  const fields = objectOf(value, path, "'denoiser.shape'");
  const encoder = objectOf(fields["encoder"], path, "'denoiser.shape.encoder'");
  return {
    windowLengths: counts(fields["windowLengths"], path, "windowLengths"),
    channels: count(fields["channels"], path, "channels"),
    expanded: count(fields["expanded"], path, "expanded"),
    dilations: counts(fields["dilations"], path, "dilations"),
    corrections: count(fields["corrections"], path, "corrections", 0),
    levelWidth: count(fields["levelWidth"], path, "levelWidth"),
    encoder: {
      channels: count(encoder["channels"], path, "encoder.channels"),
      expanded: count(encoder["expanded"], path, "encoder.expanded"),
      dilations: counts(encoder["dilations"], path, "encoder.dilations"),
    },
  };
}

function objectOf(value: unknown, path: string, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new CheckpointError(path, `has no object where ${what} should be one`);
}

function count(value: unknown, path: string, name: string, least = 1): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= 65_536) return value;
  throw new CheckpointError(
    path,
    `has ${JSON.stringify(value)} for '${name}', which should be a whole number`,
  );
}

function counts(value: unknown, path: string, name: string): number[] {
  if (Array.isArray(value) && value.length <= 64) return value.map((each) => count(each, path, name));
  throw new CheckpointError(path, `has no list of whole numbers for '${name}'`);
}

function numbers(value: unknown, path: string, name: string): number[] {
  if (Array.isArray(value) && value.every((each) => typeof each === "number" && Number.isFinite(each))) {
    return value as number[];
  }
  throw new CheckpointError(path, `has no list of numbers for '${name}'`);
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

function quantisationOf(
  value: unknown,
  shape: MaskNetConfig,
  path: string,
): Pick<CheckpointConfig, "quantisation"> {
  if (value === undefined) return {};
  const layers = new Set(trunkLayers(shape));
  const entries = Object.entries(objectOf(value, path, "'quantisation'")).map(([name, fields]) => {
    if (!layers.has(name)) {
      throw new CheckpointError(path, `has the unknown layer '${name}' in its 'quantisation'`);
    }
    return [name, inputQuantisation(objectOf(fields, path, `'quantisation.${name}'`), name, path)] as const;
  });
  return { quantisation: Object.fromEntries(entries) };
}

function inputQuantisation(
  { scale, zeroPoint }: Record<string, unknown>,
  name: string,
  path: string,
): LayerQuantisation {
  if (typeof scale !== "number" || !Number.isFinite(scale) || scale <= 0) {
    throw new CheckpointError(
      path,
      `has ${JSON.stringify(scale)} for 'quantisation.${name}.scale', which should be above 0`,
    );
  }
  if (typeof zeroPoint !== "number" || !Number.isInteger(zeroPoint) || zeroPoint < 0 || zeroPoint > 255) {
    throw new CheckpointError(
      path,
      `has ${JSON.stringify(zeroPoint)} for 'quantisation.${name}.zeroPoint', which should be a whole number up to 255`,
    );
  }
  return { scale, zeroPoint };
}

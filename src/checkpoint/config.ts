// What a checkpoint's config.json says: everything that is needed to rebuild its models, and how they came about.
import { formatFromFields } from "../audio/mel-format/mel-format-fields.js";
import type { MelFormat } from "../audio/mel-format/mel-format.js";
import type { EncoderConfig } from "../models/encoder.js";
import { excitationLayers, excitationWeights } from "../models/excitation-model.js";
import { maskNetWeights, trunkLayers } from "../models/mask-net-config.js";
import { spectralPriorWeights } from "../models/spectral-prior.js";
import { waveGradWeights } from "../models/wavegrad-config.js";
import { specsWithin, type WeightSpec } from "../models/weights.js";
import { numbers, objectOf } from "./config-fields.js";
import {
  type MaskNetDenoiser,
  encoderShape,
  maskNetShape,
  type WaveGradDenoiser,
  waveGradShape,
} from "./denoiser-config.js";
import { CheckpointError } from "./errors.js";
import { parseTunings, type Tuning } from "./tunings.js";

const VERSION = 1;

/** How a layer's input becomes 8-bit: q = round(x/scale) + zeroPoint, limited to 0 … 255. */
export interface LayerQuantisation {
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

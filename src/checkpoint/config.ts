// What a checkpoint's config.json says: everything that is needed to rebuild its models, and how they came about.
import * as v from "valibot";
import { CheckpointError } from "../errors.js";
import {
  fields,
  numbers,
  object,
  parseFields,
  parseJson,
  record,
  type Refusal,
  type Schema,
  value,
} from "../formats/json-fields.js";
import { formatFromFields } from "../mel/format-fields.js";
import { type MelFormat, voiceFault } from "../mel/format.js";
import type { Architecture, PriorName } from "../models/architecture.js";
import { excitationLayers, excitationWeights } from "../models/excitation/shape.js";
import { type EncoderConfig, encoderSchema } from "../models/layers/shapes.js";
import { spectralPriorWeights } from "../models/prior/shape.js";
import { architectureOf, denoiserKinds, findArchitecture } from "../models/registry.js";
import { specsWithin, type WeightSpec } from "../models/weights.js";
import { checkTunedLevels, type Tuning, tuningsSchema } from "./tunings.js";

const VERSION = 1;

/** A denoiser: what it is, and its size and shape as its architecture reads them. */
export interface DenoiserConfig<Shape = unknown> {
  readonly kind: string;
  readonly shape: Shape;
}

/** How a layer's input becomes 8-bit: q = round(x/scale) + zeroPoint, limited to 0 … 255. */
interface LayerQuantisation {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** By the layer's weight. */
type Quantisations = Readonly<Record<string, LayerQuantisation>>;

/** A checkpoint's configuration. */
export interface CheckpointConfig<Shape = unknown> {
  readonly version: number;
  readonly mel: MelFormat;
  /** The trained range of λ: a network is never asked about levels outside. */
  readonly logSnrRange: readonly [number, number];
  /** Levels found for a number of steps, from noise to data, by the schedule's name. */
  readonly schedules: Readonly<Record<string, readonly number[]>>;
  /** What goes with those of the schedules that were tuned, by the same name. */
  readonly tunings?: Readonly<Record<string, Tuning>>;
  /** Steps of a synthesis where nobody says how many; 6 where it is absent. */
  readonly defaultSteps?: number;
  /** How it was trained: settings, steps, audio-hours, measures. For people. */
  readonly training: Readonly<Record<string, unknown>>;
  readonly denoiser: DenoiserConfig<Shape>;
  /** That of the denoiser's architecture. */
  readonly prior: PriorName;
  /** The shape of the model that reads pitch and voicing off a mel; absent where there is none. */
  readonly excitation?: EncoderConfig;
  /** How the inputs of the denoiser's Linear layers become 8-bit; absent until it is calibrated. */
  readonly quantisation?: Quantisations;
  /** The same for the excitation model. */
  readonly excitationQuantisation?: Quantisations;
}

/** Names of the parts of a checkpoint's weights. */
export const weightParts = { denoiser: "denoiser", prior: "prior", excitation: "excitation" } as const;

/** Every weight that a checkpoint of this configuration holds. */
export function checkpointWeights({ denoiser, mel, prior, excitation }: CheckpointConfig): WeightSpec[] {
  const { bands, hopLength } = mel;
  return [
    ...(prior === "spectral"
      ? specsWithin(weightParts.prior, spectralPriorWeights({ bands, bins: hopLength }))
      : []),
    ...(excitation ? specsWithin(weightParts.excitation, excitationWeights(bands, excitation)) : []),
    ...specsWithin(weightParts.denoiser, architectureOf(denoiser.kind).weights(denoiser.shape, mel)),
  ];
}

/** A configuration of this version. */
export function checkpointConfig<Shape>(
  parts: Omit<CheckpointConfig<Shape>, "version">,
): CheckpointConfig<Shape> {
  return { version: VERSION, ...parts };
}

const quantisationsSchema: Schema<Record<string, LayerQuantisation>> = record(
  fields({
    scale: value<number>((given) => Number.isFinite(given) && (given as number) > 0, "above 0"),
    zeroPoint: value<number>(
      (given) => Number.isInteger(given) && (given as number) >= 0 && (given as number) <= 255,
      "a whole number up to 255",
    ),
  }),
);

/** What every configuration says, and which denoiser and prior it names. */
const sharedSchema = fields({
  version: v.custom<number>(
    (given) => given === VERSION,
    ({ input }) => `has version ${JSON.stringify(input)}, and this vocode reads version ${VERSION}`,
  ),
  mel: v.pipe(
    object(),
    v.transform((given) => formatFromFields(given)),
  ),
  logSnrRange: v.pipe(
    numbers(),
    v.check(
      ({ length, 0: low, 1: high }) => length === 2 && low < high,
      "has a 'logSnrRange' that is not a lowest and a highest number",
    ),
    v.transform(([low, high]) => [low, high] as const),
  ),
  schedules: v.optional(record(numbers()), {}),
  tunings: v.exactOptional(tuningsSchema),
  defaultSteps: v.exactOptional(
    value<number>(
      (given) => Number.isInteger(given) && (given as number) >= 1 && (given as number) <= 1000,
      "a whole number from 1 to 1000",
    ),
  ),
  training: v.optional(object(), {}),
  denoiser: fields({ kind: v.unknown(), shape: v.unknown() }),
  prior: v.unknown(),
});

/** What goes with the spectral prior. */
const excitationSchema = fields({
  excitation: v.exactOptional(encoderSchema()),
  excitationQuantisation: v.exactOptional(quantisationsSchema),
});

const quantisationSchema = fields({ quantisation: v.exactOptional(quantisationsSchema) });

/**
 * Reads config.json's content.
 *
 * @param path of the file, for messages
 * @throws CheckpointError where something is missing or of the wrong kind
 */
export function parseCheckpointConfig(text: string, path: string): CheckpointConfig {
  const refusal: Refusal = (fault, options) => new CheckpointError(path, fault, options);
  const json = parseJson(text, refusal);
  const { denoiser: named, prior, ...shared } = parseFields(sharedSchema, json, "it", refusal);
  checkTunedLevels(shared.tunings ?? {}, shared.schedules, path);
  const architecture = findArchitecture(named.kind);
  if (!architecture) {
    throw refusal(
      `has a denoiser of the unknown kind ${JSON.stringify(named.kind)}, and this vocode knows ${denoiserKinds().join(", ")}`,
    );
  }
  const { kind } = architecture;
  if (prior !== architecture.prior) {
    throw refusal(
      `has the prior ${JSON.stringify(prior)}, and a ${kind} has the prior '${architecture.prior}'`,
    );
  }
  const shape = parseFields(architecture.schema, named.shape, "'denoiser.shape'", refusal);
  const fault = voiceFault(shared.mel);
  if (fault !== undefined) throw refusal(`is for mels that no voice takes: ${fault}`);
  const mismatch = architecture.mismatch?.(shape, shared.mel);
  if (mismatch !== undefined) throw refusal(mismatch);
  return {
    ...shared,
    denoiser: { kind, shape },
    prior: architecture.prior,
    ...optionalModels(json, architecture, shape, refusal),
  };
}

/** The excitation model, and how the networks' inputs become 8-bit, where they are there. */
function optionalModels(
  json: unknown,
  architecture: Architecture,
  shape: unknown,
  refusal: Refusal,
): Pick<CheckpointConfig, "excitation" | "quantisation" | "excitationQuantisation"> {
  const checkLayers = (field: string, given: Quantisations | undefined, layers: readonly string[]): void => {
    const unknown = Object.keys(given ?? {}).find((name) => !layers.includes(name));
    if (unknown !== undefined) throw refusal(`has the unknown layer '${unknown}' in its '${field}'`);
  };
  const { excitation, excitationQuantisation } =
    architecture.prior === "spectral" ? parseFields(excitationSchema, json, "it", refusal) : {};
  const { quantisation } = architecture.int8Layers
    ? parseFields(quantisationSchema, json, "it", refusal)
    : {};
  checkLayers("quantisation", quantisation, architecture.int8Layers?.(shape) ?? []);
  const isRead = excitation && excitationQuantisation;
  if (isRead) checkLayers("excitationQuantisation", excitationQuantisation, excitationLayers(excitation));
  return {
    ...(excitation && { excitation }),
    ...(isRead && { excitationQuantisation }),
    ...(quantisation && { quantisation }),
  };
}

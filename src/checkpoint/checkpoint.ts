// A checkpoint: a folder with model.safetensors (the weights), config.json (what they are the weights of) and README.md
// (a model card). Loading checks every name and shape; saving writes the weights before the config that describes them.
import { allFinite, type Files } from "../formats/bytes.js";
import {
  floatTensor,
  halfTensor,
  headerEnd,
  isFloatTensor,
  isSafetensors,
  parseHeader,
  parseSafetensors,
  type StoredTensor,
  type TensorEntry,
  tensorFloats,
} from "../formats/safetensors.js";
import type { WeightSpec, WeightValue } from "../models/weights.js";
import {
  type CheckpointConfig,
  checkpointWeights,
  parseCheckpointConfig,
  type weightParts,
} from "./config.js";
import { CheckpointError, WeightsError } from "../errors.js";
import type { Tuning } from "./tunings.js";

/** The files of a checkpoint's folder. */
export const checkpointFiles = {
  weights: "model.safetensors",
  config: "config.json",
  card: "README.md",
} as const;

/** A configuration with its weights, which are named "prior.…", "excitation.…" and "denoiser.…". */
export interface Checkpoint<Shape = unknown> {
  readonly config: CheckpointConfig<Shape>;
  readonly weights: Readonly<Record<string, WeightValue>>;
}

/** A checkpoint in its folder, whose weights are read when somebody needs them. */
export interface StoredCheckpoint<Shape = unknown> {
  readonly config: CheckpointConfig<Shape>;
  /** The file of the weights. */
  readonly weightsPath: string;
  /**
   * Reads them, once.
   *
   * @throws FileError; WeightsError where values are no numbers
   */
  readonly readWeights: () => Promise<Checkpoint["weights"]>;
}

/** A checkpoint, in memory or not. */
export type AnyCheckpoint<Shape = unknown> = Checkpoint<Shape> | StoredCheckpoint<Shape>;

/** How weights are stored: float16 halves the file and is exact to 11 bits. */
export type StoredPrecision = "float32" | "float16";

/** Where a file of a checkpoint lies. */
export function checkpointFile(folder: string, file: keyof typeof checkpointFiles): string {
  return `${folder.replace(/(?<=.)\/+$/, "")}/${checkpointFiles[file]}`;
}

/**
 * Opens a checkpoint and checks that its weights are those of its configuration, by their names and shapes.
 *
 * @param folder its place
 * @throws CheckpointError, WeightsError where its files do not fit together, and what `files` throws
 */
export async function openCheckpoint(folder: string, files: Files): Promise<StoredCheckpoint> {
  const config = await readConfig(folder, files);
  const path = checkpointFile(folder, "weights");
  const specs = checkpointWeights(config);
  requireSpecs(await readHeader(path, files), specs, path);
  let weights: Promise<Checkpoint["weights"]> | undefined;
  const read = async (): Promise<Checkpoint["weights"]> => parseWeights(await files.read(path), specs, path);
  return { config, weightsPath: path, readWeights: () => (weights ??= read()) };
}

/**
 * Reads a checkpoint's configuration without its weights.
 *
 * @throws CheckpointError, and what `files` throws
 */
export async function readConfig(folder: string, files: Files): Promise<CheckpointConfig> {
  const path = checkpointFile(folder, "config");
  return parseCheckpointConfig(new TextDecoder().decode(await files.read(path)), path);
}

/** A checkpoint's weights as its file stores them. */
export function storedWeights({ config, weights }: Checkpoint, precision: StoredPrecision): StoredTensor[] {
  return checkpointWeights(config).map(({ name }) => {
    const { data, shape } = weights[name];
    return precision === "float16" ? halfTensor(name, shape, data) : floatTensor(name, shape, data);
  });
}

/** The weights of one part, without its name before theirs. */
export function weightsOfPart(
  { weights }: Pick<Checkpoint, "weights">,
  part: keyof typeof weightParts,
): Record<string, WeightValue> {
  const prefix = `${part}.`;
  return Object.fromEntries(
    Object.entries(weights)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}

/** Room for a header; that of the voice that ships has 20 kB. */
const HEADER_BYTES = 65_536;

/** The tensors that a weights file says it has. */
async function readHeader(path: string, files: Files): Promise<readonly TensorEntry[]> {
  const source = await files.open(path);
  try {
    const start = await source.read(0, HEADER_BYTES);
    if (!isSafetensors(start)) throw new CheckpointError(path, "is not a safetensors file");
    const end = headerEnd(start);
    return parseHeader(end > start.length ? await source.read(0, end) : start, source.length).entries;
  } finally {
    await source.close();
  }
}

function requireSpecs(
  tensors: readonly Pick<TensorEntry, "name" | "shape" | "dtype">[],
  specs: readonly WeightSpec[],
  path: string,
): void {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const differences: string[] = [];
  for (const { name, shape } of specs) {
    const tensor = byName.get(name);
    if (!tensor) differences.push(`'${name}' is missing`);
    else if (tensor.shape.join() !== shape.join()) {
      differences.push(`'${name}' is [${tensor.shape.join(", ")}], not [${shape.join(", ")}]`);
    } else if (!isFloatTensor(tensor)) differences.push(`'${name}' holds ${tensor.dtype} values`);
  }
  const known = new Set(specs.map(({ name }) => name));
  for (const name of byName.keys()) if (!known.has(name)) differences.push(`'${name}' is not known`);
  if (differences.length > 0) throw new WeightsError(path, differences);
}

function parseWeights(bytes: Uint8Array, specs: readonly WeightSpec[], path: string): Checkpoint["weights"] {
  const { tensors } = parseSafetensors(bytes);
  // it may have been written anew since it was opened
  requireSpecs([...tensors.values()], specs, path);
  const weights: Record<string, WeightValue> = {};
  for (const { name, shape } of specs) weights[name] = { data: tensorFloats(tensors.get(name)!), shape };
  const broken = Object.entries(weights).find(([, { data }]) => !allFinite(data));
  if (broken) throw new WeightsError(path, [`'${broken[0]}' holds values that are no numbers`]);
  return weights;
}

// Puts what was tuned or calibrated into a checkpoint's config.json. Everything else in the file stays as it is, also
// what this version of vocode does not know.

/** Levels with what goes with them. */
export interface NamedTuning {
  /** As `tuningName` gives it. */
  readonly name: string;
  /** λ from noise to data, [N]. */
  readonly logSnrs: readonly number[];
  readonly tuning: Tuning;
}

/**
 * A config.json with tunings, in place of those of the same names.
 *
 * @param text the file's
 * @throws CheckpointError where the result would be no configuration
 */
export function withTunings(text: string, tunings: readonly NamedTuning[], path: string): string {
  return withChanges(text, path, ({ schedules, tunings: known = {} }) => ({
    schedules: {
      ...schedules,
      ...Object.fromEntries(tunings.map(({ name, logSnrs }) => [name, logSnrs])),
    },
    tunings: { ...known, ...Object.fromEntries(tunings.map(({ name, tuning }) => [name, tuning])) },
  }));
}

/** How the inputs of a voice's layers become 8-bit. */
export type Calibration = Pick<CheckpointConfig, "quantisation" | "excitationQuantisation">;

/**
 * A config.json with a calibration, in place of the one that is there.
 *
 * @param text the file's
 * @throws CheckpointError where the result would be no configuration
 */
export function withCalibration(text: string, calibration: Calibration, path: string): string {
  return withChanges(text, path, () => calibration);
}

function withChanges(
  text: string,
  path: string,
  change: (config: CheckpointConfig) => Partial<CheckpointConfig>,
): string {
  const changes = change(parseCheckpointConfig(text, path));
  const changed = JSON.stringify({ ...(JSON.parse(text) as object), ...changes }, null, 2);
  parseCheckpointConfig(changed, path);
  return `${changed}\n`;
}

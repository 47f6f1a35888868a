// A checkpoint: a folder with model.safetensors (the weights), config.json (what they are the weights of) and README.md
// (a model card). Loading checks every name and shape; saving writes the weights before the config that describes them.
import { join } from "node:path";
import { makeFolder, writeAtomically } from "../host/node/write-files.js";
import { readWholeFile } from "../host/node/read-files.js";
import { openByteSource } from "../formats/byte-source.js";
import {
  floatTensor,
  halfTensor,
  headerEnd,
  isFloatTensor,
  isSafetensors,
  parseHeader,
  parseSafetensors,
  type TensorEntry,
  tensorFloats,
  writeSafetensors,
} from "../formats/safetensors.js";
import type { MaskNetConfig } from "../models/mask-net/shape.js";
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

/** A mask-net and its prior in memory. */
export type MaskNetCheckpoint = Checkpoint<MaskNetConfig>;

/** Whether a checkpoint holds a mask-net. */
export function isMaskNet(checkpoint: Checkpoint): checkpoint is MaskNetCheckpoint;
export function isMaskNet(checkpoint: AnyCheckpoint): checkpoint is AnyCheckpoint<MaskNetConfig>;
export function isMaskNet({ config }: AnyCheckpoint): boolean {
  return config.denoiser.kind === "mask-net";
}

/** How weights are stored: float16 halves the file and is exact to 11 bits. */
export type StoredPrecision = "float32" | "float16";

/**
 * Loads a checkpoint.
 *
 * @throws FileError where its files cannot be read, CheckpointError, WeightsError where they do not fit together
 */
export async function loadCheckpoint(folder: string): Promise<Checkpoint> {
  const { config, readWeights } = await openCheckpoint(folder);
  return { config, weights: await readWeights() };
}

/**
 * Opens a checkpoint and checks that its weights are those of its configuration, by their names and shapes.
 *
 * @throws FileError where its files cannot be read, CheckpointError, WeightsError where they do not fit together
 */
export async function openCheckpoint(folder: string): Promise<StoredCheckpoint> {
  const config = await readCheckpointConfig(folder);
  const path = join(folder, checkpointFiles.weights);
  const specs = checkpointWeights(config);
  requireSpecs(await readHeader(path), specs, path);
  let weights: Promise<Checkpoint["weights"]> | undefined;
  return { config, weightsPath: path, readWeights: () => (weights ??= readWeights(path, specs)) };
}

/**
 * Saves a checkpoint.
 *
 * @param card the text of README.md
 * @throws FileError where the file system refuses
 */
export async function saveCheckpoint(
  folder: string,
  { config, weights }: Checkpoint,
  card: string,
  precision: StoredPrecision = "float32",
): Promise<void> {
  await makeFolder(folder);
  const tensors = checkpointWeights(config).map(({ name }) => {
    const { data, shape } = weights[name];
    return precision === "float16" ? halfTensor(name, shape, data) : floatTensor(name, shape, data);
  });
  await writeSafetensors(join(folder, checkpointFiles.weights), tensors);
  await writeAtomically(join(folder, checkpointFiles.config), `${JSON.stringify(config, null, 2)}\n`);
  await writeAtomically(join(folder, checkpointFiles.card), card);
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
async function readHeader(path: string): Promise<readonly TensorEntry[]> {
  const source = await openByteSource(path);
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

async function readWeights(path: string, specs: readonly WeightSpec[]): Promise<Checkpoint["weights"]> {
  const { tensors } = parseSafetensors(await readWholeFile(path));
  // it may have been written anew since it was opened
  requireSpecs([...tensors.values()], specs, path);
  const weights: Record<string, WeightValue> = {};
  for (const { name, shape } of specs) weights[name] = { data: tensorFloats(tensors.get(name)!), shape };
  const broken = Object.entries(weights).find(([, { data }]) => !allFinite(data));
  if (broken) throw new WeightsError(path, [`'${broken[0]}' holds values that are no numbers`]);
  return weights;
}

/** A plain loop, since millions of weights are looked at each time that a checkpoint is loaded. */
function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

// Puts what was tuned into a checkpoint's config.json. Everything else in the file stays as it is, also what this
// version of vocode does not know.

/** Levels with what goes with them. */
export interface NamedTuning {
  /** As `tuningName` gives it. */
  readonly name: string;
  /** λ from noise to data, [N]. */
  readonly logSnrs: readonly number[];
  readonly tuning: Tuning;
}

/**
 * Reads a checkpoint's configuration without its weights.
 *
 * @throws FileError, CheckpointError
 */
export async function readCheckpointConfig(folder: string): Promise<CheckpointConfig> {
  const path = join(folder, checkpointFiles.config);
  return parseCheckpointConfig(new TextDecoder().decode(await readWholeFile(path)), path);
}

/**
 * Stores tunings, in place of those of the same names.
 *
 * @throws FileError, CheckpointError where the result would be no configuration; the file is left as it was then
 */
export async function storeTunings(folder: string, tunings: readonly NamedTuning[]): Promise<void> {
  const path = join(folder, checkpointFiles.config);
  const text = new TextDecoder().decode(await readWholeFile(path));
  const { schedules, tunings: known = {} } = parseCheckpointConfig(text, path);
  const fields = JSON.parse(text) as Record<string, unknown>;
  const changed = JSON.stringify(
    {
      ...fields,
      schedules: {
        ...schedules,
        ...Object.fromEntries(tunings.map(({ name, logSnrs }) => [name, logSnrs])),
      },
      tunings: { ...known, ...Object.fromEntries(tunings.map(({ name, tuning }) => [name, tuning])) },
    },
    null,
    2,
  );
  parseCheckpointConfig(changed, path);
  await writeAtomically(path, `${changed}\n`);
}

// A checkpoint: a folder with model.safetensors (the weights), config.json (what they are the weights of) and README.md
// (a model card). Loading checks every name and shape; saving writes the weights before the config that describes them.
import { join } from "node:path";
import { makeFolder, writeAtomically } from "../host/node/write-files.js";
import { readWholeFile } from "../host/node/read-files.js";
import {
  floatTensor,
  halfTensor,
  isFloatTensor,
  isSafetensors,
  parseSafetensors,
  type Safetensors,
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

/** A mask-net and its prior in memory. */
export type MaskNetCheckpoint = Checkpoint<MaskNetConfig>;

/** Whether a checkpoint holds a mask-net. */
export function isMaskNet(checkpoint: Checkpoint): checkpoint is MaskNetCheckpoint {
  return checkpoint.config.denoiser.kind === "mask-net";
}

/** How weights are stored: float16 halves the file and is exact to 11 bits. */
export type StoredPrecision = "float32" | "float16";

/**
 * Loads a checkpoint.
 *
 * @throws FileError where its files cannot be read, CheckpointError, WeightsError where they do not fit together
 */
export async function loadCheckpoint(folder: string): Promise<Checkpoint> {
  const configPath = join(folder, checkpointFiles.config);
  const text = new TextDecoder().decode(await readWholeFile(configPath));
  const config = parseCheckpointConfig(text, configPath);
  const weightsPath = join(folder, checkpointFiles.weights);
  const bytes = await readWholeFile(weightsPath);
  if (!isSafetensors(bytes)) throw new CheckpointError(weightsPath, "is not a safetensors file");
  const weights = readWeights(parseSafetensors(bytes), checkpointWeights(config), weightsPath);
  return { config, weights };
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
  { weights }: Checkpoint,
  part: keyof typeof weightParts,
): Record<string, WeightValue> {
  const prefix = `${part}.`;
  return Object.fromEntries(
    Object.entries(weights)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}

function readWeights(
  { tensors }: Safetensors,
  specs: readonly WeightSpec[],
  path: string,
): Record<string, WeightValue> {
  const differences: string[] = [];
  const weights: Record<string, WeightValue> = {};
  for (const { name, shape } of specs) {
    const tensor = tensors.get(name);
    if (!tensor) differences.push(`'${name}' is missing`);
    else if (tensor.shape.join() !== shape.join()) {
      differences.push(`'${name}' is [${tensor.shape.join(", ")}], not [${shape.join(", ")}]`);
    } else if (!isFloatTensor(tensor)) differences.push(`'${name}' holds ${tensor.dtype} values`);
    else weights[name] = { data: tensorFloats(tensor), shape };
  }
  const known = new Set(specs.map(({ name }) => name));
  for (const name of tensors.keys()) if (!known.has(name)) differences.push(`'${name}' is not known`);
  if (differences.length > 0) throw new WeightsError(path, differences);
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

// Checkpoints in folders: loaded and checked, saved, inspected, and tunings put into them. Saving writes the weights before
// the config that describes them.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  type Calibration,
  type Checkpoint,
  checkpointFile,
  checkpointFiles,
  type NamedTuning,
  openCheckpoint,
  readConfig,
  storedWeights,
  type StoredPrecision,
  withCalibration,
  withTunings,
} from "../../checkpoint/checkpoint.js";
import type { CheckpointConfig } from "../../checkpoint/config.js";
import { type CheckpointInspection, describeCheckpoint } from "../../checkpoint/inspection.js";
import { FileError, InputError } from "../../errors.js";
import { isAddress, isFolder, nodeFiles, readWholeFile } from "./read-files.js";
import { writeSafetensors, makeFolder, writeAtomically } from "./write-files.js";

/**
 * Loads a checkpoint from a folder.
 *
 * @throws FileError where its files cannot be read, CheckpointError, WeightsError where they do not fit together
 */
export async function loadCheckpoint(folder: string): Promise<Checkpoint> {
  const { config, readWeights } = await openCheckpoint(folder, nodeFiles);
  return { config, weights: await readWeights() };
}

/**
 * Reads a checkpoint's configuration without its weights.
 *
 * @throws FileError, CheckpointError
 */
export async function readCheckpointConfig(folder: string): Promise<CheckpointConfig> {
  return readConfig(folder, nodeFiles);
}

/** What every card of ours says, those of older versions too. */
const CARD_MARK = "made by `vocode ";

/**
 * Saves a checkpoint.
 *
 * @param card the text of README.md; a README.md that is not one of ours stays as it is
 * @throws FileError where the file system refuses
 */
export async function saveCheckpoint(
  folder: string,
  checkpoint: Checkpoint,
  card: string,
  precision: StoredPrecision = "float32",
): Promise<void> {
  await makeFolder(folder);
  await writeSafetensors(join(folder, checkpointFiles.weights), storedWeights(checkpoint, precision));
  await writeAtomically(
    join(folder, checkpointFiles.config),
    `${JSON.stringify(checkpoint.config, null, 2)}\n`,
  );
  const path = join(folder, checkpointFiles.card);
  if (await isOurs(path)) await writeAtomically(path, card);
}

/** Whether a file can be replaced by a card: it is one, or there is none. */
async function isOurs(path: string): Promise<boolean> {
  try {
    return new TextDecoder().decode(await readWholeFile(path)).includes(CARD_MARK);
  } catch (error) {
    return error instanceof FileError && error.code === "ENOENT";
  }
}

/**
 * Stores tunings, in place of those of the same names. Everything else in config.json stays as it is, also what this
 * version of vocode does not know.
 *
 * @throws FileError, CheckpointError where the result would be no configuration; the file is left as it was then
 */
export async function storeTunings(folder: string, tunings: readonly NamedTuning[]): Promise<void> {
  await changeConfig(folder, (text, path) => withTunings(text, tunings, path));
}

/** The same for a calibration, in place of the one that is there. */
export async function storeCalibration(folder: string, calibration: Calibration): Promise<void> {
  await changeConfig(folder, (text, path) => withCalibration(text, calibration, path));
}

/**
 * Refuses to change a checkpoint at an address, before the work that finds out what would be stored.
 *
 * @throws InputError
 */
export function requireOwnCheckpoint(place: string): void {
  if (!isAddress(place)) return;
  throw new InputError(
    `'${place}' is an address, and what is found is stored with the voice. Download its files, and name their folder.`,
  );
}

async function changeConfig(folder: string, change: (text: string, path: string) => string): Promise<void> {
  const path = checkpointFile(folder, "config");
  await writeAtomically(path, change(new TextDecoder().decode(await readWholeFile(path)), path));
}

/** Whether a path is a folder that says to be a checkpoint. */
export async function isCheckpoint(path: string): Promise<boolean> {
  if (!(await isFolder(path))) return false;
  return stat(join(path, checkpointFiles.config)).then(
    (found) => found.isFile(),
    () => false,
  );
}

/**
 * Reads and checks a checkpoint and says what it is.
 *
 * @throws what loadCheckpoint throws
 */
export async function inspectCheckpoint(folder: string): Promise<CheckpointInspection> {
  const { config } = await loadCheckpoint(folder);
  const { size } = await stat(join(folder, checkpointFiles.weights));
  return describeCheckpoint(config, size);
}

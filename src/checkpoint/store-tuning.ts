// Puts what was tuned into a checkpoint's config.json. Everything else in the file stays as it is, also what this
// version of vocode does not know.
import { join } from "node:path";
import { readWholeFile } from "../files/read-whole-file.js";
import { writeAtomically } from "../files/write-atomically.js";
import { checkpointFiles } from "./checkpoint.js";
import { type CheckpointConfig, parseCheckpointConfig } from "./config.js";
import type { Tuning } from "./tunings.js";

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

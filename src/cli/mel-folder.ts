// `vocode mel` for a folder: each recording in it becomes a .mel of the same name in the output folder. A broken file
// does not stop the others; it is named at the end.
import { dirname, extname, join, resolve } from "node:path";
import { findRecordings } from "../audio/recording/find-recordings.js";
import { describeFormat } from "../audio/mel-format/mel-format-text.js";
import type { MelFormat } from "../audio/mel-format/mel-format.js";
import { writeMelOfFile, type MelOfFile } from "../audio/mel-analysis/mel-of-file.js";
import { presetNameOf } from "../audio/mel-format/mel-presets.js";
import { FileError, InputError } from "../errors.js";
import { isFolder } from "../files/is-folder.js";
import { makeFolder } from "../files/make-folder.js";
import { FailedInputsError, type Failure } from "./failures.js";
import { melNotes } from "./mel-notes.js";
import { printNote, printResult, type OutputOptions } from "./output.js";
import { Progress } from "./progress.js";

interface Job {
  readonly recording: string;
  readonly mel: string;
}

/**
 * Writes the mels of all recordings in and below a folder.
 *
 * @throws InputError before anything is written; FailedInputsError at the end, if any recording could not be used
 */
export async function runMelFolder(
  input: string,
  output: string | undefined,
  format: MelFormat,
  options: OutputOptions,
): Promise<void> {
  const folder = await outputFolder(input, output);
  const jobs = planJobs(input, folder, await findRecordings(input));
  await makeFolder(folder);
  const progress = new Progress(options, jobs.length, "recordings");
  const started = performance.now();
  const made: MelOfFile[] = [];
  const failures: Failure[] = [];
  try {
    for (const { recording, mel } of jobs) {
      const result = await attempt(recording, mel, format);
      if ("error" in result) failures.push(result);
      else made.push(result);
      progress.advance(recording);
    }
  } finally {
    progress.end();
  }
  for (const note of groupedNotes(made, format)) printNote(options, note);
  const elapsed = (performance.now() - started) / 1000;
  printMels(folder, made, failures, format, elapsed, options);
  if (failures.length > 0) throw new FailedInputsError(failures, jobs.length, "recordings");
}

async function outputFolder(input: string, output?: string): Promise<string> {
  if (output === undefined)
    throw new InputError(`'${input}' is a folder: name one for its mels, as in vocode mel ${input} mels.`);
  if (resolve(output) === resolve(input))
    throw new InputError(`The mels would lie among the recordings of '${input}'. Name another folder.`);
  if ([".mel", ".npy"].includes(extname(output).toLowerCase()) && !(await isFolder(output)))
    throw new InputError(`'${input}' is a folder, and '${output}' is named like a file. Name a folder.`);
  return output;
}

/** Which recording becomes which mel, the folders below kept. */
function planJobs(input: string, folder: string, names: readonly string[]): Job[] {
  const sources = new Map<string, string>();
  return names.map((name) => {
    const melName = `${name.slice(0, name.length - extname(name).length)}.mel`;
    const other = sources.get(melName);
    if (other !== undefined)
      throw new InputError(
        `'${other}' and '${name}' in '${input}' would both become '${melName}'. Rename one, or move it elsewhere.`,
      );
    sources.set(melName, name);
    return { recording: join(input, name), mel: join(folder, melName) };
  });
}

async function attempt(recording: string, mel: string, format: MelFormat): Promise<MelOfFile | Failure> {
  await makeFolder(dirname(mel));
  try {
    return await writeMelOfFile(recording, mel, format);
  } catch (error) {
    // where a mel cannot be written, the others cannot either
    const unwritable = error instanceof FileError && error.path === mel;
    if (unwritable || !(error instanceof InputError)) throw error;
    return { input: recording, error: error.message };
  }
}

/** The notes on all recordings, each said once with the recordings that it is about. */
function groupedNotes(made: readonly MelOfFile[], format: MelFormat): string[] {
  const recordings = new Map<string, string[]>();
  for (const mel of made) {
    for (const note of melNotes(mel, format)) {
      const named = recordings.get(note) ?? [];
      named.push(mel.input);
      recordings.set(note, named);
    }
  }
  return [...recordings].map(([note, [first, ...others]]) => {
    return others.length === 0
      ? `${first}: ${note}`
      : `${first} and ${counted(others.length, "other")}: ${note}`;
  });
}

function printMels(
  folder: string,
  made: readonly MelOfFile[],
  failures: readonly Failure[],
  format: MelFormat,
  elapsed: number,
  options: OutputOptions,
): void {
  const seconds = made.reduce((sum, mel) => sum + mel.seconds, 0);
  const frames = made.reduce((sum, mel) => sum + mel.frames, 0);
  const preset = presetNameOf(format);
  const result = { output: folder, mels: made, failures, frames, seconds, preset: preset ?? null, format };
  printResult(options, result, () => {
    const speed = elapsed > 0 ? `, ${(seconds / elapsed).toFixed(0)}× real time` : "";
    return (
      `${folder}: ${counted(made.length, "mel")}, ${frames} frames, ${seconds.toFixed(1)} s of audio in ${elapsed.toFixed(1)} s${speed}\n` +
      `${preset ?? "own format"}: ${describeFormat(format)}`
    );
  });
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

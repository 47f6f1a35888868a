// `vocode mel`: the log-mel of a recording, or of each recording in a folder.
import { basename, dirname, extname, join, resolve } from "node:path";
import { Command } from "commander";
import { readMel, formatFromOption } from "../host/node/mel-files.js";
import { bankRateOf, describeFormat, type MelFormat } from "../mel/format.js";
import { isNpyOutput, type MelOfFile, writeMelOfFile } from "./mel-of-file.js";
import { DEFAULT_PRESET, presetAliases, presetNameOf, presetNames } from "../mel/presets.js";
import { FileError, InputError } from "../errors.js";
import type { Figure } from "../plots/figure.js";
import { findRecordings, isFolder } from "../host/node/read-files.js";
import { makeFolder, requireTarget } from "../host/node/write-files.js";
import {
  FailedInputsError,
  type Failure,
  groupedNotes,
  type OutputOptions,
  printForeignFiles,
  printNote,
  printResult,
} from "./output.js";
import { Progress, WorkProgress } from "./status.js";
import { type PictureOptions, requirePicture, writePicture } from "./option-values.js";
import { describeClipping } from "../audio/inspection.js";
import { countEmptyBands } from "../mel/bank.js";

// What a person should know about a recording whose mel was computed, each a sentence.

/** Notes about one recording: what is odd about the file, resampling, missing treble, clipping. */
function melNotes(made: MelOfFile, format: MelFormat): string[] {
  const notes = [...made.source.remarks];
  if (made.sampleRate !== format.sampleRate)
    notes.push(`Resampled from ${made.sampleRate} Hz to the format's ${format.sampleRate} Hz.`);
  const highest = (format.maxFrequency * format.sampleRate) / bankRateOf(format);
  if (made.sampleRate / 2 < highest)
    notes.push(
      `At ${made.sampleRate} Hz the recording holds nothing above ${made.sampleRate / 2} Hz, ` +
        `and the format's bands go up to ${highest} Hz: a vocoder will make dull speech of it.`,
    );
  const clipping = describeClipping(made.clippedByChannel, made.seconds * made.sampleRate);
  if (clipping !== undefined) {
    const { count, share, where } = clipping;
    notes.push(`${count} (${share}) are cut off at full scale${where}: the recording is clipped.`);
  }
  if (made.level.minimum === made.level.maximum)
    notes.push("Its mel is silent throughout: nothing in the recording is louder than the format's floor.");
  const empty = countEmptyBands(format);
  if (empty > 0)
    notes.push(
      `${empty} of the format's ${format.bands} bands are narrower than the FFT can tell apart and always at the ` +
        "floor. Take fewer bands, or a larger fftSize.",
    );
  return notes;
}

// `vocode mel` for a folder: each recording in it becomes a .mel of the same name in the output folder. A broken file
// does not stop the others; it is named at the end.

interface Job {
  readonly recording: string;
  readonly mel: string;
}

/**
 * Writes the mels of all recordings in and below a folder.
 *
 * @throws InputError before anything is written; FailedInputsError at the end, if any recording could not be used
 */
async function runMelFolder(
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
  const notes = made.flatMap((mel) => melNotes(mel, format).map((note) => ({ input: mel.input, note })));
  for (const note of groupedNotes(notes)) printNote(options, note);
  await printForeignFiles(input, options);
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

interface MelOptions extends PictureOptions {
  readonly format: string;
}

/** The command `vocode mel <input> [output]`. */
export function melCommand(): Command {
  return new Command("mel")
    .argument("<input>", "a .wav or .flac file, or a folder, searched to any depth")
    .argument("[output]", "a .mel or .npy file, or a folder; without it, the recording's name with .mel")
    .option("--format <format>", "a preset, preset,field=value,… or a JSON file", DEFAULT_PRESET)
    .option("--picture <file>", "also draw the mel of one recording, as .png or .svg")
    .option("--json", "print JSON")
    .option("--quiet", "no notes on stderr")
    .addHelpText(
      "after",
      `
Presets:
  ${presetNames().join("\n  ")}
  and by the models' names: ${presetAliases()
    .map(([alias]) => alias)
    .join(", ")}

Examples:
  vocode mel speech.wav                                writes speech.mel
  vocode mel speech.flac speech.npy                    float32 [bands, frames], as HiFi-GAN and librosa keep them
  vocode mel speech.wav speech.mel --picture mel.png
  vocode mel wavs mels --format bigvgan-24k-100        each recording in wavs and below it
  vocode mel speech.wav --format hifigan-22k-80,fmax=11025,bands=100

A .mel file states its format, and vocode checks it wherever the file is used; a .npy file cannot.`,
    )
    .action(run);
}

async function run(input: string, output: string | undefined, options: MelOptions): Promise<void> {
  const format = await formatFromOption(options.format);
  if (!(await isFolder(input))) {
    await runFile(input, await outputFile(input, output), format, options);
    return;
  }
  if (options.picture !== undefined)
    throw new InputError(
      `--picture draws the mel of one recording, and '${input}' is a folder. Leave it out.`,
    );
  await runMelFolder(input, output, format, options);
}

async function runFile(input: string, output: string, format: MelFormat, options: MelOptions): Promise<void> {
  await requirePicture(options);
  const made = await writeWithProgress(input, output, format, options);
  for (const note of melNotes(made, format)) printNote(options, note);
  await writePicture(options, () => drawMelFile(made, format));
  const preset = presetNameOf(format);
  const result = { ...made, bands: format.bands, preset: preset ?? null, format };
  printResult(
    options,
    result,
    () => `${describe(made, format)}\n${preset ?? "own format"}: ${describeFormat(format)}`,
  );
}

async function writeWithProgress(
  input: string,
  output: string,
  format: MelFormat,
  options: MelOptions,
): Promise<MelOfFile> {
  const progress = new WorkProgress(options);
  try {
    return await writeMelOfFile(input, output, format, (samples, total) => {
      progress.update(samples, total ?? 0, input);
    });
  } finally {
    progress.end();
  }
}

/** Where the mel of one recording goes: as named, into the folder named, or beside the recording. */
async function outputFile(input: string, output?: string): Promise<string> {
  const name = `${basename(input, extname(input))}.mel`;
  let target = output ?? join(dirname(input), name);
  if (output !== undefined && (/[\\/]$/.test(output) || (await isFolder(output)))) {
    target = join(output, name);
    await makeFolder(output);
  }
  isNpyOutput(target);
  if (resolve(target) === resolve(input))
    throw new InputError(`The mel would replace the recording '${input}' itself. Name another output.`);
  await requireTarget(target);
  return target;
}

function describe({ output, frames, seconds, level }: MelOfFile, format: MelFormat): string {
  const range = [level.minimum, level.maximum].map((value) => value.toFixed(2).replace("-", "−"));
  return `${output}: ${frames} ${frames === 1 ? "frame" : "frames"} of ${format.bands} bands, ${seconds.toFixed(2)} s, ${range.join(" to ")} (${format.log})`;
}

async function drawMelFile(made: MelOfFile, format: MelFormat): Promise<Figure> {
  const { drawMel } = await import("../plots/mel-picture.js");
  const layout = isNpyOutput(made.output) ? "bands-first" : "frames-first";
  const { mel } = await readMel(made.output, { expected: format, layout, trust: true });
  return drawMel([basename(made.input), presetNameOf(format)].filter(Boolean).join(", "), mel);
}

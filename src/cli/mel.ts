// `vocode mel`: the log-mel of a recording, or of each recording in a folder.
import { basename, dirname, extname, join, resolve } from "node:path";
import { Command } from "commander";
import { readMel } from "../audio/mel-file/mel-file.js";
import { formatFromOption } from "../audio/mel-format/mel-format-option.js";
import { describeFormat } from "../audio/mel-format/mel-format-text.js";
import type { MelFormat } from "../audio/mel-format/mel-format.js";
import { isNpyOutput, writeMelOfFile, type MelOfFile } from "../audio/mel-analysis/mel-of-file.js";
import { DEFAULT_PRESET, presetNameOf, presetNames } from "../audio/mel-format/mel-presets.js";
import { InputError } from "../errors.js";
import type { Figure } from "../evaluation/plots/figure.js";
import { isFolder } from "../files/is-folder.js";
import { makeFolder } from "../files/make-folder.js";
import { requireTarget } from "../files/require-target.js";
import { runMelFolder } from "./mel-folder.js";
import { melNotes } from "./mel-notes.js";
import { printNote, printResult } from "./output.js";
import { WorkProgress } from "./progress.js";
import { requirePicture, writePicture, type PictureOptions } from "./picture-option.js";

interface MelOptions extends PictureOptions {
  readonly format: string;
}

/** The command `vocode mel <input> [output]`. */
export function melCommand(): Command {
  return new Command("mel")
    .description("compute the log-mel of a recording, or of each recording in a folder")
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
  const { drawMel } = await import("../evaluation/plots/mel-picture.js");
  const layout = isNpyOutput(made.output) ? "bands-first" : "frames-first";
  const { mel } = await readMel(made.output, { expected: format, layout, trust: true });
  return drawMel([basename(made.input), presetNameOf(format)].filter(Boolean).join(", "), mel);
}

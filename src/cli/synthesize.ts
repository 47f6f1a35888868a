// `vocode <mel> <wav>`: the main command. A mel, or a recording's mel, through a checkpoint into a WAV file; several of
// them into a folder; frames from a pipe, and samples into one.
import { existsSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { Command } from "commander";
import { InputError } from "../errors.js";
import type { Figure } from "../plots/figure.js";
import { isFolder } from "../host/node/read-files.js";
import { requireTarget } from "../host/node/write-files.js";
import { printNote, printResult } from "./output.js";
import { requirePicture, writePicture } from "./option-values.js";
import { PIPE } from "./synthesis-input.js";
import { addSynthesizeOptions, type SynthesizeOptions, withScheduleRead } from "./options.js";
import { ChosenVoices } from "./voices.js";
import { type MadeSpeech, makeSpeech, reportObject, reportText } from "./synthesis-run.js";

// Whether a file's name says that it holds WAV audio, which is all that is written here: another ending would lie.

const WAV_EXTENSIONS = [".wav", ".wave"];

/** The name of a waveform's file does not end in .wav. */
export class WavNameError extends InputError {
  constructor(readonly path: string) {
    super(`Audio is written as .wav, and '${path}' ${wayOut(path)}`);
  }
}

function wayOut(path: string): string {
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length).replace(/[\\/]+$/, "");
  const renamed = stem.endsWith(".wav") ? `'${stem}'` : `'${stem}.wav'`;
  switch (extension.toLowerCase()) {
    case "":
    case ".":
      return `has no ending. Name it ${renamed}, or make the folder '${path}' first.`;
    case ".mel":
    case ".npy":
      return `is named like a mel. Name it ${renamed}; 'vocode mel' makes mels of recordings.`;
    default:
      return (
        `ends in ${extension}. Name it ${renamed}; for another format write to - and convert what comes, as in ` +
        `vocode … - | ffmpeg -i - ${basename(path)}`
      );
  }
}

/**
 * Checks the name of a waveform's file before the work that makes its content.
 *
 * @throws WavNameError
 */
export function requireWavName(path: string): void {
  if (!WAV_EXTENSIONS.includes(extname(path).toLowerCase())) throw new WavNameError(path);
}

/** The command `vocode <input> <output>`. */
export function synthesizeCommand(): Command {
  const command = new Command("synthesize")
    .usage("[options] <input...> <output>")
    .argument(
      "<paths...>",
      "one or more inputs, then the output. Inputs: .mel, .npy, .npz, .pt or .safetensors mels, .wav or .flac recordings, " +
        "folders of them, or - for frames from a pipe. Output: a .wav file, - for a pipe, or a folder for several inputs",
    );
  return addSynthesizeOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  vocode speech.mel speech.wav
  vocode speech.mel speech.wav --steps 25 --refine 64     slower and closer to the mel
  vocode recording.wav copy.wav                           analyse and synthesise again, at the same length
  vocode mel.npy speech.wav --mel-format log10
  vocode mels wavs                                        each mel and recording in the folder mels and below it
  vocode mels wavs --shard 0/4 --skip-existing            a quarter of them, without those that are done
  tts | vocode - - --raw | aplay -f S16_LE -r 22050       sound while the frames come

A pipe begins with a line of JSON that says the mel's format, {} for the checkpoint's own or such as
{"preset": "tacotron2-22k-80"}; then come the frames, each as many little-endian float32 as there are bands.`,
    )
    .action(run);
}

async function run(paths: readonly string[], given: SynthesizeOptions): Promise<void> {
  const output = paths[paths.length - 1];
  const inputs = paths.slice(0, -1);
  if (inputs.length === 0)
    throw new InputError(
      `There is an input, '${output}', and no output. Name the .wav file to write after it.`,
    );
  if (given.raw && output !== PIPE)
    throw new InputError("--raw is for - as output; a file gets a WAV header. Leave it out.");
  await requireOutput(inputs, output);
  const options = await withScheduleRead(given);
  if (inputs.length > 1 || (await isFolder(inputs[0])) || (await isFolder(output))) {
    const { runBatch } = await import("./synthesis-batch.js");
    await runBatch(inputs, output, options);
  } else {
    await runSingle(inputs[0], output, options);
  }
}

/** Refuses what a pattern leaves behind that was given without an output, or that no shell has expanded. */
async function requireOutput(inputs: readonly string[], output: string): Promise<void> {
  const pattern = inputs.find((path) => /[*?]/.test(path) && !existsSync(path));
  if (pattern !== undefined)
    throw new InputError(
      `There is no file '${pattern}': it is a pattern, which no shell has replaced by names. Name the folder instead, and ` +
        "all mels and recordings in it are taken.",
    );
  if (inputs.length < 2 || output === PIPE || !existsSync(output) || (await isFolder(output))) return;
  throw new InputError(
    `There are ${inputs.length + 1} files and no output: the last one, '${output}', is there already and is no folder. Name ` +
      "the folder to write into after them.",
  );
}

async function runSingle(input: string, output: string, options: SynthesizeOptions): Promise<void> {
  for (const [flag, value] of [
    ["--shard", options.shard],
    ["--skip-existing", options.skipExisting],
  ] as const)
    if (value !== undefined)
      throw new InputError(`${flag} is for several inputs and a folder as output. Leave it out.`);
  if (output === PIPE && process.stdout.isTTY)
    throw new InputError("Samples would go to the terminal. Name a file, or lead - into a pipe.");
  if (output !== PIPE && resolve(input) === resolve(output))
    throw new InputError(`The result would replace '${input}' itself. Name another output.`);
  if (output !== PIPE) {
    await requireTarget(output);
    requireWavName(output);
  }
  await requirePicture(options);
  const voices = new ChosenVoices(options);
  const made = await makeSpeech(voices, input, output, options).finally(() => {
    // a pipe that stays open would keep the process
    if (input === PIPE) process.stdin.destroy();
  });
  await voices.dispose();
  await writePicture(options, () => drawMels(made));
  printReport(made, voices.loadSeconds, options);
}

function printReport(made: MadeSpeech, loadSeconds: number, options: SynthesizeOptions): void {
  const { input, output, report, written } = made;
  const { sampleRate } = report;
  const result = { ...reportObject(made), loadSeconds };
  printNote(options, reportText(made, loadSeconds));
  if (input === PIPE || output === PIPE)
    printNote(options, `first sound after ${report.firstSoundSeconds.toFixed(2)} s`);
  if (output === PIPE) {
    // stdout is for the samples
    if (options.json) process.stderr.write(`${JSON.stringify(result)}\n`);
    return;
  }
  printResult(
    options,
    result,
    () => `${output}: ${(written.samples / sampleRate).toFixed(2)} s at ${sampleRate} Hz`,
  );
}

async function drawMels({ input, mels, report }: MadeSpeech): Promise<Figure> {
  const { drawFigure } = await import("../plots/figure.js");
  const { melPanel } = await import("../plots/mel-picture.js");
  const [given, made] = mels!;
  const name = input === PIPE ? "the mel given" : basename(input, extname(input));
  return drawFigure([
    melPanel(`${name}: the mel given`, given),
    melPanel(
      `the mel made · ${report.steps} steps, mean difference ${report.melDifference.toFixed(3)}`,
      made,
    ),
  ]);
}

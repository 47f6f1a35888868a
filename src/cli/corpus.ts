// `vocode corpus`: what a folder of recordings would be to train on, and what is wrong with which file.
import { Command } from "commander";
import { formatFromOption } from "../host/node/mel-files.js";
import type { MelFormat } from "../mel/format.js";
import { DEFAULT_PRESET } from "../mel/presets.js";
import { type CorpusSurvey, type PitchRange, type Spread, surveyCorpus } from "../training/corpus/survey.js";
import { duration, Progress } from "./status.js";
import { type OutputOptions, printForeignFiles, printResult } from "./output.js";

interface CorpusCommandOptions extends OutputOptions {
  readonly format: string;
  readonly heldOut?: string;
  readonly files?: string;
}

const MOST_LISTED = 20;

/** The command `vocode corpus <folder>`. */
export function corpusCommand(): Command {
  return new Command("corpus")
    .argument("<folder>", "recordings, .wav or .flac, in it and below it")
    .option("--format <format>", "mel format that it would be trained in", DEFAULT_PRESET)
    .option("--held-out <list>", "text file with the names of recordings not to train on")
    .option("--files <list>", "text file with the recordings to use, one path a line")
    .option("--json", "print JSON")
    .option("--quiet", "no progress on stderr")
    .addHelpText(
      "after",
      `
Examples:
  vocode corpus wavs
  vocode corpus wavs --held-out dev.txt --json

It reads every recording, looks for the pitch in some of them, and writes nothing. Training leaves out what it names as left out.`,
    )
    .action(run);
}

async function run(folder: string, options: CorpusCommandOptions): Promise<void> {
  const { files, heldOut } = options;
  const format = await formatFromOption(options.format);
  let progress: Progress | undefined;
  const survey = await surveyCorpus({
    folder,
    format,
    ...(files !== undefined && { fileList: files }),
    ...(heldOut !== undefined && { heldOutList: heldOut }),
    onProgress: (name, total) => {
      progress ??= new Progress(options, total, "recordings");
      progress.advance(name);
    },
  });
  progress?.end();
  await printForeignFiles(folder, options);
  printResult(options, { folder, ...survey }, () => describe(folder, survey, format));
}

function describe(folder: string, survey: CorpusSurvey, format: MelFormat): string {
  const { recordings, seconds, heldOut, sampleRates, notMono, spreads, problems, remarks } = survey;
  const lines = [`${folder}: ${counted(recordings, "usable recording")}, ${duration(seconds)}`];
  if (spreads) {
    const rates = sampleRates.map(({ sampleRate, recordings: count }) =>
      sampleRates.length === 1 ? `${sampleRate} Hz` : `${sampleRate} Hz (${count})`,
    );
    const others = sampleRates.some(({ sampleRate }) => sampleRate !== format.sampleRate);
    lines.push(
      `  held out  ${counted(heldOut.recordings, "recording")}, ${duration(heldOut.seconds)}`,
      `  rate      ${rates.join(", ")}${others ? `; the format has ${format.sampleRate} Hz` : ""}`,
      `  channels  ${notMono === 0 ? "mono" : `${notMono} not mono, which are averaged`}`,
      `  length    ${spread(spreads.seconds, "s")}`,
      `  peak      ${spread(spreads.peakDb, "dBFS")}`,
      `  RMS       ${spread(spreads.rmsDb, "dBFS")}`,
      `  pitch     ${pitchWords(survey.pitch)}`,
    );
  }
  return [
    ...lines,
    ...listed(
      `${counted(problems.length, "file")} left out`,
      problems.map(({ name, reason }) => (reason.includes(`'${name}'`) ? reason : `${name}: ${reason}`)),
    ),
    ...listed(
      `${counted(remarks.length, "remark")} on others, which are used`,
      remarks.map(({ name, remark }) => `${name}: ${remark}`),
    ),
  ].join("\n");
}

function listed(head: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const more = items.length - MOST_LISTED;
  return [
    `${head}:`,
    ...items.slice(0, MOST_LISTED).map((item) => `  ${item}`),
    ...(more > 0 ? [`  … and ${more} more; --json lists them all.`] : []),
  ];
}

function spread({ median, least, most }: Spread, unit: string): string {
  return `median ${number(median)} ${unit}, ${number(least)} to ${number(most)}`;
}

function pitchWords(pitch?: PitchRange): string {
  if (pitch === undefined) return "none: nothing in them is voiced";
  const { median, low, high, recordings, seconds } = pitch;
  const hertz = [median, low, high].map((value) => value.toFixed(0));
  return (
    `median ${hertz[0]} Hz, nine tenths of it ${hertz[1]} to ${hertz[2]} Hz, ` +
    `in ${duration(seconds)} of ${counted(recordings, "recording")}`
  );
}

function number(value: number): string {
  return value.toFixed(1).replace("-", "−");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

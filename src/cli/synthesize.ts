// `vocode <mel> <wav>`: the main command. A mel, or a recording's mel, through a checkpoint into a WAV file.
import { cpus } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { melAssumptionFromOption } from "../audio/mel-file/mel-assumption.js";
import { type MelLayout, melLayouts } from "../audio/mel-file/mel-layout.js";
import { type WavOutputEncoding, writeWav, type WrittenWav } from "../audio/wav/write-wav.js";
import { parseSeed, type Seed } from "../diffusion/noise.js";
import { type SamplerName, samplerNames } from "../diffusion/samplers/plan-for.js";
import { InputError } from "../errors.js";
import { requireTarget } from "../files/require-target.js";
import { type Precision, precisionNames } from "../synthesis/precision.js";
import type { SynthesisReport } from "../vocoder.js";
import { defaultSynthesis } from "../vocoder.js";
import { addEngineOptions, type EngineOptions } from "./engine-options.js";
import { wholeNumber } from "./number-option.js";
import { type OutputOptions, printNote, printResult } from "./output.js";
import { WorkProgress } from "./progress.js";
import { readSynthesisInput, trimmed } from "./synthesis-input.js";

interface SynthesizeOptions extends OutputOptions, EngineOptions {
  readonly steps: number;
  readonly sampler?: SamplerName;
  readonly schedule?: string;
  readonly refine?: number;
  readonly seed: Seed;
  readonly precision: Precision;
  readonly checkpoint: string;
  readonly bitDepth: "16" | "24" | "32";
  readonly melFormat?: string;
  readonly melLayout?: MelLayout;
  readonly trustMel?: boolean;
}

const SHIPPED = fileURLToPath(new URL("../../checkpoints/speech-22k", import.meta.url));
const encodings: Readonly<Record<SynthesizeOptions["bitDepth"], WavOutputEncoding>> = {
  "16": "16-bit",
  "24": "24-bit",
  "32": "32-bit float",
};

/** The command `vocode <input> <output>`. */
export function synthesizeCommand(): Command {
  const command = new Command("synthesize")
    .description("turn a mel, or the mel of a recording, into speech; 'vocode in.mel out.wav' does it too")
    .argument("<input>", "a .mel, .npy or .safetensors mel, or a .wav or .flac recording")
    .argument("<output>", "the .wav file to write")
    .option(
      "--steps <n>",
      "denoiser calls: more is slower and better",
      wholeNumber(1, 1000),
      defaultSynthesis.steps,
    )
    .addOption(
      new Option(
        "--sampler <name>",
        "how the steps are taken (default: dpmpp-2m, for a wavegrad ddpm)",
      ).choices(samplerNames),
    )
    .option("--schedule <name>", "noise levels by name, in place of the default for --steps")
    .option(
      "--refine <k>",
      `mel corrections after the last step (default: as tuned with the levels, or ${defaultSynthesis.refine})`,
      wholeNumber(0, 1000),
    )
    .addOption(
      new Option("--seed <n>", "seed of the noise").argParser(parseSeed).default(defaultSynthesis.seed),
    )
    .addOption(
      new Option(
        "--precision <name>",
        "of the network's Linear layers; int8 is for the graph engine on the CPU",
      )
        .choices(precisionNames)
        .default("float32"),
    )
    .option("--checkpoint <folder>", "the model (default: the one that comes with vocode)", SHIPPED)
    .addOption(
      new Option("--bit-depth <bits>", "of the WAV file; 32 is float")
        .choices(["16", "24", "32"])
        .default("16"),
    )
    .option("--mel-format <scale>", "what the values of a mel that does not say are")
    .addOption(new Option("--mel-layout <order>", "the order of its axes").choices(melLayouts))
    .option("--trust-mel", "take the mel as it is, whatever it looks like")
    .option("--json", "print JSON")
    .option("--quiet", "no report on stderr");
  return addEngineOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  vocode speech.mel speech.wav
  vocode speech.mel speech.wav --steps 25 --refine 64     slower and closer to the mel
  vocode recording.wav copy.wav                           analyse and synthesise again
  vocode mel.npy speech.wav --mel-format log10`,
    )
    .action(run);
}

async function run(input: string, output: string, options: SynthesizeOptions): Promise<void> {
  if (resolve(input) === resolve(output)) {
    throw new InputError(`The result would replace '${input}' itself. Name another output.`);
  }
  await requireTarget(output);
  const loading = performance.now();
  const { Vocoder } = await import("../vocoder.js");
  const { engine, device, threads, precision, steps, sampler, schedule, refine, seed } = options;
  const vocoder = await Vocoder.load(options.checkpoint, {
    engine,
    precision,
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
  });
  const loadSeconds = (performance.now() - loading) / 1000;
  const source = await readSynthesisInput(input, vocoder.format, {
    ...(options.melFormat === undefined ? {} : { assume: await melAssumptionFromOption(options.melFormat) }),
    ...(options.melLayout === undefined ? {} : { layout: options.melLayout }),
    ...(options.trustMel === undefined ? {} : { trust: options.trustMel }),
  });
  for (const remark of source.remarks) printNote(options, remark);
  const progress = new WorkProgress(options);
  const { samples, sampleRate, report } = await vocoder.synthesize(source.mel, {
    steps,
    seed,
    ...(refine === undefined ? {} : { refine }),
    ...(sampler === undefined ? {} : { sampler }),
    ...(schedule === undefined ? {} : { schedule }),
    onProgress: (done, total) => {
      progress.update(done, total);
    },
  });
  progress.end();
  const written = await writeWav(output, [trimmed(samples, source)], sampleRate, encodings[options.bitDepth]);
  await vocoder.dispose();
  if (written.clippedSamples > 0) {
    printNote(options, `${written.clippedSamples} samples lay beyond full scale and were cut off.`);
  }
  const result = { output, ...report, loadSeconds, cpu: cpus()[0]?.model ?? "", ...written };
  printNote(options, reportText(report, loadSeconds, written));
  printResult(
    options,
    result,
    () => `${output}: ${(written.samples / sampleRate).toFixed(2)} s at ${sampleRate} Hz`,
  );
}

function reportText(report: SynthesisReport, loadSeconds: number, written: WrittenWav): string {
  const {
    sampler,
    schedule,
    steps,
    refine,
    seed,
    engine,
    device,
    precision,
    audioSeconds,
    seconds,
    realTimeFactor,
  } = report;
  const peak =
    written.peak === 0
      ? "silent"
      : `peak ${(20 * Math.log10(written.peak)).toFixed(1).replace("-", "−")} dBFS`;
  return [
    `${steps} ${steps === 1 ? "step" : "steps"} of ${sampler} on ${schedule}, ${refine} mel corrections, seed ${seed}, ${engine} on ${device}, ${precision}`,
    `${audioSeconds.toFixed(2)} s of audio in ${seconds.toFixed(2)} s: RTF ${realTimeFactor.toFixed(3)}, ` +
      `${(1 / realTimeFactor).toFixed(1)}× real time; loaded in ${loadSeconds.toFixed(2)} s; ${peak}`,
  ].join("\n");
}

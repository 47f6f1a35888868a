// `vocode info`: what files and checkpoints are, how long or large, in which format, and what is odd about them.
import { Command } from "commander";
import { isMelContainer } from "../mel/container.js";
import { describeForeignContainer } from "../mel/foreign.js";
import { NoMelError } from "../mel/format-fields.js";
import { describeLikeness, inspectMel, type MelInspection, wayOutOf } from "../mel/diagnosis.js";
import { describeFormat } from "../mel/format.js";
import { describeLayout } from "../mel/layout.js";
import { openRecordingIn } from "../audio/open-recording.js";
import { isRecording } from "../audio/recording.js";
import { inspectStream, type RecordingInspection } from "../audio/inspection.js";
import type { CheckpointInspection, Sight } from "../checkpoint/inspection.js";
import { inspectCheckpoint, isCheckpoint } from "../host/node/checkpoints.js";
import { InputError } from "../errors.js";
import { isAddress, isFile, openByteSource } from "../host/node/read-files.js";
import { shippedFolder, shippedVoices } from "../host/node/voices.js";
import { checkpointFolder } from "./voices.js";
import { isSafetensors, parseSafetensors } from "../formats/safetensors.js";
import { FailedInputsError, type Failure, type OutputOptions, printResult } from "./output.js";
import { architectureOf } from "../models/registry.js";

// A checkpoint's inspection in words, for `vocode info`.

/** Its lines, without the file's name. */
function describeCheckpoint(found: CheckpointInspection): string[] {
  const { denoiser, weights, receptiveField, multiplyAdds, logSnrRange, schedules } = found;
  const total = weights.denoiser + weights.encoder + weights.prior;
  return [
    `checkpoint, ${denoiser.kind}, ${millions(total)} weights in ${(found.bytes / 1e6).toFixed(1)} MB`,
    `format    ${found.preset ?? "its own"}: ${describeFormat(found.format)}`,
    `network   ${architectureOf(denoiser.kind).describe(denoiser.shape)}`,
    ...(total > weights.denoiser
      ? [
          `weights   denoiser ${millions(weights.denoiser)}, encoder ${millions(weights.encoder)}, prior ${millions(weights.prior)}`,
        ]
      : []),
    `sees      ${describeSight(receptiveField.waveform)} of the noisy waveform; ` +
      `${weights.encoder > 0 ? "its encoder " : ""}${describeSight(receptiveField.mel)} of the mel`,
    `computes  ${billions(multiplyAdds.step)} multiply-adds a second of audio and step` +
      (multiplyAdds.conditioning > 0 ? `, ${billions(multiplyAdds.conditioning)} once before` : ""),
    `levels    log-SNR ${levelText(logSnrRange[0])} to ${levelText(logSnrRange[1])}${schedules.length > 0 ? `; schedules ${schedules.join(", ")}` : ""}`,
    ...describeTraining(found.training),
  ];
}

function describeSight({ milliseconds, before, after }: Sight): string {
  return `${milliseconds.toFixed(0)} ms (${before} frames before, ${after} after)`;
}

/** What training stores, as far as it is there and what it should be. */
function describeTraining(training: Readonly<Record<string, unknown>>): string[] {
  const { recordings, recordedHours, steps, audioHours, devError } = training;
  const facts = [
    ...(typeof recordings === "number" ? [`${recordings} recordings`] : []),
    ...(typeof recordedHours === "number" ? [`${recordedHours.toFixed(2)} hours of them`] : []),
    ...(typeof steps === "number" ? [`${steps} steps`] : []),
    ...(typeof audioHours === "number" ? [`${audioHours.toFixed(2)} audio-hours seen`] : []),
    ...(hasMean(devError) ? [`ε error ${devError.mean.toFixed(4)}`] : []),
  ];
  return facts.length > 0 ? [`trained   ${facts.join(", ")}`] : [];
}

function hasMean(value: unknown): value is { mean: number } {
  return typeof value === "object" && value !== null && "mean" in value && typeof value.mean === "number";
}

function millions(count: number): string {
  return `${(count / 1e6).toFixed(2)} M`;
}

function billions(count: number): string {
  return `${(count / 1e9).toFixed(3)} G`;
}

function levelText(value: number): string {
  return String(Math.round(100 * value) / 100).replace("-", "−");
}

/** A safetensors file that is no mel. */
interface TensorsInspection {
  readonly kind: "tensors";
  readonly tensors: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly shape: readonly number[];
  }[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly remarks: readonly string[];
}

type Inspection = RecordingInspection | MelInspection | TensorsInspection | CheckpointInspection;

/** The command `vocode info <file...>`. */
export function infoCommand(): Command {
  return new Command("info")
    .argument(
      "[file...]",
      ".wav, .flac, .mel, .npy, .npz, .pt or .safetensors files, recognised by their content, or voices by name, folder or " +
        "address (default: the voices that come with vocode)",
    )
    .option("--json", "print JSON: a list with an object a file")
    .option("--quiet", "no notes on stderr")
    .addHelpText(
      "after",
      `
Examples:
  vocode info speech.wav
  vocode info mels/*.npy              what an unlabelled mel looks like, and which formats have its bands
  vocode info speech.mel --json
  vocode info                         the voices that come with vocode
  vocode info speech-22k              size, receptive field, multiply-adds, training`,
    )
    .action(run);
}

async function run(given: readonly string[], options: OutputOptions): Promise<void> {
  const paths = given.length > 0 ? given : (await shippedVoices()).map(({ name }) => name);
  const results: { file: string; inspection: Inspection }[] = [];
  const failures: Failure[] = [];
  for (const path of paths) {
    try {
      results.push({ file: path, inspection: await inspect(path, options) });
    } catch (error) {
      if (paths.length === 1 || !(error instanceof InputError)) throw error;
      failures.push({ input: path, error: error.message });
    }
  }
  if (results.length > 0 || options.json)
    printResult(
      options,
      [
        ...results.map(({ file, inspection }) => ({ file, ...inspection })),
        ...failures.map(({ input, error }) => ({ file: input, error })),
      ],
      () => results.map(({ file, inspection }) => describe(file, inspection)).join("\n\n"),
    );
  if (failures.length > 0) throw new FailedInputsError(failures, paths.length, "files");
}

async function inspect(path: string, options: OutputOptions): Promise<Inspection> {
  if (isAddress(path)) return inspectCheckpoint(await checkpointFolder(path, options));
  if (await isCheckpoint(path)) return inspectCheckpoint(path);
  const shipped = (await isFile(path)) ? undefined : await shippedFolder(path);
  if (shipped !== undefined) return inspectCheckpoint(shipped);
  const file = await openByteSource(path);
  try {
    if (await isRecording(file, path)) return await inspectStream(await openRecordingIn(file, path));
    return inspectBytes(await file.read(0, file.length), path);
  } finally {
    await file.close();
  }
}

function inspectBytes(bytes: Uint8Array, path: string): Inspection {
  if (!isMelContainer(bytes))
    throw new InputError(
      bytes.length === 0
        ? `'${path}' is empty.`
        : `'${path}' is nothing that vocode reads: ${describeForeignContainer(bytes) ?? "by its content it is no WAV, FLAC, .mel, .npy or .safetensors file"}.`,
    );
  try {
    return inspectMel(bytes);
  } catch (error) {
    if (error instanceof NoMelError && isSafetensors(bytes)) return inspectTensors(bytes, error);
    // several files may be named, so that the message has to say which one
    if (error instanceof InputError) throw new InputError(`'${path}': ${error.message}`, { cause: error });
    throw error;
  }
}

function inspectTensors(bytes: Uint8Array, error: NoMelError): TensorsInspection {
  const { tensors, metadata } = parseSafetensors(bytes);
  return {
    kind: "tensors",
    tensors: [...tensors.values()].map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    metadata,
    remarks: [error.message],
  };
}

function describe(file: string, inspection: Inspection): string {
  const lines = describeKind(inspection);
  const remarks = inspection.remarks.map((remark) => `! ${remark}`);
  return [file, ...[...lines, ...remarks].map((line) => `  ${line}`)].join("\n");
}

function describeKind(inspection: Inspection): string[] {
  switch (inspection.kind) {
    case "recording":
      return describeRecording(inspection);
    case "mel":
      return describeMel(inspection);
    case "tensors":
      return describeTensors(inspection);
    case "checkpoint":
      return describeCheckpoint(inspection);
  }
}

function describeRecording(found: RecordingInspection): string[] {
  const { source, silence } = found;
  const measured = source.used === undefined ? "averaged" : `the ${source.used} one alone`;
  const channels = source.channels === 1 ? "mono" : `${source.channels} channels, ${measured} below`;
  return [
    `${source.container.toUpperCase()}, ${source.encoding}, ${channels}, ${found.sampleRate} Hz, ${seconds(found.seconds)}`,
    `level     peak ${decibels(found.peakDb)}, RMS ${decibels(found.rmsDb)}, mean ${number(found.offset)}`,
    `clipped   ${found.clippedSamples} samples`,
    `silence   ${seconds(silence.start)} at the start, ${seconds(silence.end)} at the end`,
  ];
}

const containers = {
  mel: "mel",
  npy: "NumPy array",
  safetensors: "safetensors",
  npz: "NumPy archive",
  torch: "PyTorch file",
} as const;

function describeMel(found: MelInspection): string[] {
  const { statistics, format, looksLike, candidates } = found;
  const lines = [`${containers[found.container]}, ${found.dtype}, [${found.shape.join(", ")}]`];
  if (found.frames !== undefined && found.seconds !== undefined) {
    const laidOut = describeLayout(found.frames, found.bands ?? 0, found.layout ?? "frames-first");
    lines.push(`length    ${laidOut}, ${seconds(found.seconds)}${format ? "" : ` as ${candidates[0]}`}`);
  }
  if (format) lines.push(`format    ${found.preset ?? "its own"}: ${describeFormat(format)}`);
  else if (candidates.length > 0) lines.push(`format    not stated; the bands fit ${candidates.join(", ")}`);
  if (statistics) {
    const { minimum, maximum, mean, standardDeviation } = statistics;
    lines.push(
      `values    ${number(minimum)} to ${number(maximum)}, mean ${number(mean)}, standard deviation ${number(standardDeviation)}`,
    );
  }
  if (looksLike)
    lines.push(`they look like ${describeLikeness(looksLike)} (${wayOutOf(looksLike).replace(/^say /, "")})`);
  return lines;
}

// more would scroll a checkpoint's shape away
const LISTED_TENSORS = 20;

function describeTensors({ tensors, metadata }: TensorsInspection): string[] {
  const values = tensors.reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
  const more = tensors.length - LISTED_TENSORS;
  return [
    `safetensors, ${tensors.length} tensors, ${values} values`,
    ...tensors
      .slice(0, LISTED_TENSORS)
      .map(({ name, dtype, shape }) => `${name}  ${dtype} [${shape.join(", ")}]`),
    ...(more > 0 ? [`and ${more} more`] : []),
    ...(Object.keys(metadata).length > 0 ? [`metadata  ${Object.keys(metadata).join(", ")}`] : []),
  ];
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`;
}

function decibels(value: number): string {
  return value === -Infinity ? "−∞ dBFS" : `${value.toFixed(1).replace("-", "−")} dBFS`;
}

function number(value: number): string {
  return String(Number(value.toPrecision(4))).replaceAll("-", "−");
}

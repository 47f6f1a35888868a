// `vocode pitch FILE`: F0 and voicing. Of a recording they are measured; of a mel the checkpoint's excitation model reads
// them, as a harmonic start does.
import { basename, resolve } from "node:path";
import { Command } from "commander";
import { InputError } from "../errors.js";
import { melOfRecording, samplesAtRate } from "../audio/resample.js";
import { formatFromOption, readMel } from "../host/node/mel-files.js";
import { requireTarget } from "../host/node/write-files.js";
import { naturalLog } from "../mel/encoding.js";
import { type Mel, type MelFormat } from "../mel/format.js";
import { DEFAULT_PRESET } from "../mel/presets.js";
import { VOICING_EDGES } from "../audio/band-voicing.js";
import { analysePitch, createPitchTransforms, type Pitch } from "../audio/pitch.js";
import { pitchFileKind, readInspected, readRecording, writePitch } from "../host/node/recordings.js";
import { addEngineOptions, type EngineOptions, openChosenEngine } from "./options.js";
import { openByteSource } from "../host/node/read-files.js";
import { shippedVoices, voiceFor } from "../host/node/voices.js";
import { statedFormat } from "../mel/open-mel.js";
import { checkpointFolder } from "./voices.js";
import { printNote, printResult, table } from "./output.js";
import { type PictureOptions, requirePicture, writePicture } from "./option-values.js";
import { holdsRecording } from "./synthesis-input.js";

// Pitch frame by frame in fewer words: the stretches with a voice, and the whole.

/** F0 over some voiced frames, Hz. */
interface PitchRange {
  readonly medianHertz: number;
  readonly lowestHertz: number;
  readonly highestHertz: number;
}

/** Voiced frames without a gap. */
interface VoicedStretch extends PitchRange {
  /** Seconds. */
  readonly from: number;
  readonly to: number;
  /** Mean of each band. [5] */
  readonly bandVoicing: readonly number[];
}

/** The whole; the pitch is undefined where there is no voice. */
interface PitchSummary extends Partial<PitchRange> {
  readonly seconds: number;
  /** Of the frames, 0 … 1. */
  readonly voicedShare: number;
  readonly stretches: readonly VoicedStretch[];
}

/** Sums up. */
export function summarisePitch(pitch: Pitch, frameSeconds: number): PitchSummary {
  const { hertz } = pitch;
  const stretches: VoicedStretch[] = [];
  for (let from = 0; from < hertz.length; from++) {
    if (hertz[from] === 0) continue;
    let to = from + 1;
    while (to < hertz.length && hertz[to] > 0) to++;
    stretches.push({
      from: from * frameSeconds,
      to: to * frameSeconds,
      ...rangeOf(hertz.subarray(from, to)),
      bandVoicing: bandMeans(pitch, from, to),
    });
    from = to;
  }
  const voiced = hertz.filter((value) => value > 0);
  return {
    seconds: hertz.length * frameSeconds,
    voicedShare: hertz.length > 0 ? voiced.length / hertz.length : 0,
    ...(voiced.length > 0 && rangeOf(voiced)),
    stretches,
  };
}

function rangeOf(hertz: Float32Array): PitchRange {
  const sorted = hertz.slice().sort();
  return {
    medianHertz: sorted[Math.floor(sorted.length / 2)],
    lowestHertz: sorted[0],
    highestHertz: sorted[sorted.length - 1],
  };
}

function bandMeans({ hertz, bandVoicing }: Pitch, from: number, to: number): number[] {
  const bands = bandVoicing.length / hertz.length;
  return Array.from({ length: bands }, (_, band) => {
    let sum = 0;
    for (let frame = from; frame < to; frame++) sum += bandVoicing[frame * bands + band];
    return sum / (to - from);
  });
}

interface PitchCommandOptions extends PictureOptions, EngineOptions {
  readonly checkpoint?: string;
  readonly format?: string;
}

/** What was found, and the mel that it belongs to. */
interface FoundPitch {
  readonly pitch: Pitch;
  readonly mel: Mel;
  readonly source: "recording" | "excitation model";
}

/** The command `vocode pitch <file> [output]`. */
export function pitchCommand(): Command {
  const command = new Command("pitch")
    .argument("<file>", "a .wav or .flac recording, or a .mel, .npy or .safetensors mel")
    .argument("[output]", "a .npy or .csv file for the pitch, which 'vocode in out.wav --pitch' takes")
    .option(
      "--voice, --checkpoint <place>",
      "the voice, by name, folder or address, whose excitation model reads the mel, that of a recording too (default, for a " +
        "mel: the one that comes with vocode and takes it as it is)",
    )
    .option(
      "--format <format>",
      `the mel format whose frames a recording's pitch is measured in (default: ${DEFAULT_PRESET})`,
    )
    .option(
      "--picture <file>",
      "draw the mel with the pitch on it, the pitch and the voicing, as .png or .svg",
    )
    .option("--json", "print JSON, with a value for every frame")
    .option("--quiet", "no notes on stderr");
  return addEngineOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  vocode pitch recording.wav --picture pitch.png
  vocode pitch recording.wav pitch.npy                  the pitch frame by frame, for --pitch
  vocode pitch speech.mel --checkpoint checkpoints/my-voice
  vocode pitch recording.wav --checkpoint checkpoints/my-voice    what the model makes of the recording's mel

The table has a row for each stretch with a voice: when, its F0 in Hz, and how periodic each band of frequencies is.`,
    )
    .action(run);
}

async function run(file: string, output: string | undefined, options: PitchCommandOptions): Promise<void> {
  await requirePicture(options);
  if (output !== undefined) {
    pitchFileKind(output);
    if (resolve(output) === resolve(file))
      throw new InputError(`The pitch would replace '${file}' itself. Name another output.`);
    await requireTarget(output);
  }
  const isRecording = await holdsRecording(file);
  if (options.format !== undefined && (!isRecording || options.checkpoint !== undefined))
    throw new InputError(
      "--format says in whose frames the pitch of a recording is measured; what a model reads is in its own. Leave it out.",
    );
  const { pitch, mel, source } =
    isRecording && options.checkpoint === undefined
      ? await measured(file, options)
      : await readOff(file, isRecording, options);
  const { hopLength, sampleRate } = mel.format;
  const summary = summarisePitch(pitch, hopLength / sampleRate);
  await writePicture(options, async () => {
    const { drawPitch } = await import("../plots/mel-picture.js");
    return drawPitch(basename(file), mel, pitch);
  });
  if (output !== undefined) await writePitch(output, pitch.hertz, mel.format);
  printNote(options, describe(summary));
  const bands = VOICING_EDGES.length - 1;
  const result = {
    file,
    ...(output !== undefined && { output }),
    source,
    frameSeconds: hopLength / sampleRate,
    ...summary,
    hertz: Array.from(pitch.hertz),
    bandVoicing: Array.from(pitch.hertz, (_, frame) =>
      Array.from(pitch.bandVoicing.subarray(frame * bands, (frame + 1) * bands)),
    ),
  };
  printResult(options, result, () => stretchTable(summary.stretches));
}

/** The pitch that a recording has. */
async function measured(file: string, options: PitchCommandOptions): Promise<FoundPitch> {
  const format = await formatFromOption(options.format ?? DEFAULT_PRESET);
  const { recording, inspection } = await readInspected(file);
  for (const remark of inspection.remarks) printNote(options, `${file}: ${remark}`);
  const mel = await melOfRecording(recording, format);
  const { RealFft } = await import("../audio/real-fft.js");
  const transforms = await createPitchTransforms(format.sampleRate, (size) => RealFft.create(size));
  const samples = centredFrames(await samplesAtRate(recording, format.sampleRate), format);
  const pitch = analysePitch(samples, format.sampleRate, format.hopLength, transforms);
  transforms.correlation.dispose();
  transforms.filter.dispose();
  return { pitch, mel, source: "recording" };
}

/** Samples whose frames, centred within their hops, are those of a format that centres them on multiples of the hop. */
function centredFrames(samples: Float32Array, { padding, hopLength }: MelFormat): Float32Array {
  if (padding === "same") return samples;
  const frames = new Float32Array((1 + Math.floor(samples.length / hopLength)) * hopLength);
  const early = Math.floor(hopLength / 2);
  frames.set(samples.subarray(0, frames.length - early), early);
  return frames;
}

/** The folder of the shipped voice for a mel file's own format; undefined where it states none. */
async function voiceOfMel(file: string): Promise<string | undefined> {
  const source = await openByteSource(file);
  try {
    const format = await statedFormat(source);
    return format && voiceFor(format, await shippedVoices())?.folder;
  } finally {
    await source.close();
  }
}

/** The pitch that a checkpoint's excitation model reads off a mel. */
async function readOff(
  file: string,
  isRecording: boolean,
  options: PitchCommandOptions,
): Promise<FoundPitch> {
  const { loadCheckpoint } = await import("../host/node/checkpoints.js");
  const { ExcitationSource } = await import("../synthesis/excitation.js");
  const place = options.checkpoint ?? (isRecording ? undefined : await voiceOfMel(file));
  const checkpoint = await loadCheckpoint(await checkpointFolder(place, options));
  const { mel: expected } = checkpoint.config;
  const source = await ExcitationSource.open(await openChosenEngine(options), checkpoint);
  const mel = isRecording ? await melOfRecording(await readRecording(file), expected) : await melOf(file);
  const { pitch, voiced, bandVoicing } = await source.read(naturalLog(mel));
  await source.dispose();
  const isVoiced = voiced.map((probability) => (probability > 0.5 ? 1 : 0));
  const bands = bandVoicing.length / mel.frames;
  return {
    pitch: {
      hertz: Float32Array.from(pitch, (hertz, frame) => hertz * isVoiced[frame]),
      bandVoicing: bandVoicing.map((value, i) => value * isVoiced[Math.floor(i / bands)]),
    },
    mel,
    source: "excitation model",
  };

  async function melOf(path: string): Promise<Mel> {
    const { mel: found, conversions, remarks } = await readMel(path, { expected });
    for (const remark of [...conversions, ...remarks]) printNote(options, remark);
    return found;
  }
}

function describe({ seconds, voicedShare, medianHertz, lowestHertz, highestHertz }: PitchSummary): string {
  const length = `${seconds.toFixed(2)} s`;
  if (medianHertz === undefined) return `${length}, no voice`;
  const range = `${lowestHertz!.toFixed(0)} to ${highestHertz!.toFixed(0)}`;
  return `${length}, ${(100 * voicedShare).toFixed(0)} % voiced; F0 ${medianHertz.toFixed(0)} Hz in the median, ${range}`;
}

function stretchTable(stretches: readonly VoicedStretch[]): string {
  const bands = VOICING_EDGES.slice(1).map((edge, band) => `${VOICING_EDGES[band]}–${edge}`);
  return table([
    ["from s", "to s", "F0 Hz", "lowest", "highest", ...bands],
    ...stretches.map(({ from, to, medianHertz, lowestHertz, highestHertz, bandVoicing }) => [
      from.toFixed(2),
      to.toFixed(2),
      ...[medianHertz, lowestHertz, highestHertz].map((hertz) => hertz.toFixed(1)),
      ...bandVoicing.map((share) => share.toFixed(2)),
    ]),
  ]);
}

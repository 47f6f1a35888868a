// One input of the main command on its way into one output: read, synthesised and written piece by piece.
import { fstatSync, writeFile } from "node:fs";
import { promisify } from "node:util";
import type { Mel } from "../mel/format.js";
import { WaveformBytes, type WrittenWav } from "../audio/write-wav.js";
import { writeWav } from "../host/node/recordings.js";
import type { SynthesisReport } from "../synthesis/report.js";
import { describeStdoutError, printNote } from "./output.js";
import { WorkProgress } from "./status.js";
import { findSynthesisInput, fitted, PIPE } from "./synthesis-input.js";
import type { ChosenVoices } from "./voices.js";
import { encodings, inputOptions, streamOptions, type SynthesizeOptions } from "./options.js";
import { cpus } from "node:os";

/** What became of an input. */
export interface MadeSpeech {
  readonly input: string;
  readonly output: string;
  /** The voice that spoke, by its name or as it was named. */
  readonly voice: string;
  readonly report: SynthesisReport;
  readonly written: WrittenWav;
  /** What was noticed of the input and of what was made, each a sentence. */
  readonly remarks: readonly string[];
  /** The mel given and the mel made, where they are to be drawn. */
  readonly mels: readonly [Mel, Mel] | undefined;
}

/**
 * Turns one input into speech.
 *
 * @param output a file, or "-" for stdout
 * @throws what findSynthesisInput, ChosenVoices.for, Vocoder.stream and writeWav throw
 */
export async function makeSpeech(
  voices: ChosenVoices,
  input: string,
  output: string,
  { signal, ...options }: SynthesizeOptions & { readonly signal?: AbortSignal },
): Promise<MadeSpeech> {
  const whole = options.picture !== undefined;
  const chosen = await streamOptions(options);
  const finding = findSynthesisInput(input, { ...(await inputOptions(options)), whole });
  // frames may be long in coming: the voice that most of them are for is loaded meanwhile
  const found = await (input === PIPE ? voices.meanwhile(finding) : finding);
  const progress = new WorkProgress(options);
  try {
    const { name: voice, vocoder } = await voices.for(found.stated);
    // loaded here, since it analyses what is made
    const drawn = whole ? new (await import("./drawn-mels.js")).DrawnMels(vocoder.format) : undefined;
    const source = await found.open(vocoder.format);
    const early = source.remarks;
    for (const remark of early) printNote(options, remark);
    if (options.shift !== undefined && options.shift !== 0) printNote(options, SHIFT_REMARK);
    const speech = vocoder.stream(drawn?.watchMel(source.source) ?? source.source, {
      ...chosen,
      ...(signal && { signal }),
      patient: input !== PIPE,
      ...(source.expectedFrames === undefined ? {} : { expectedFrames: source.expectedFrames }),
      onProgress: (done, total) => {
        progress.update(done, total, total > 0 ? "" : `${speech.report.audioSeconds.toFixed(1)} s of audio`);
      },
    });
    if (input === PIPE || output === PIPE) {
      const { frames, seconds } = speech.lookAhead;
      printNote(options, `sound comes ${seconds.toFixed(2)} s (${frames} frames) and a tile behind the mel`);
    }
    const pieces = fitted(drawn?.watchSpeech(speech) ?? speech, source);
    const written = await write(output, pieces, speech.sampleRate, options);
    const late = source.remarks.filter((remark) => !early.includes(remark));
    const clipping = clippingRemark(input, speech.report, written.samples);
    if (clipping !== undefined) late.push(clipping);
    progress.end();
    for (const remark of late) printNote(options, remark);
    const remarks = [...early, ...late];
    return { input, output, voice, report: speech.report, written, remarks, mels: drawn?.mels() };
  } finally {
    progress.end();
    await found.close();
  }
}

/** What a person expects of --shift and does not get: docs/synthesis.md has the figures. */
const SHIFT_REMARK =
  "--shift moves the pulses that the steps begin with. The harmonics that can be seen in the mel stay where they are, and " +
  "with them the pitch that is heard.";

/** More samples beyond full scale than this share are no single peaks. */
const CLIPPED_SHARE = 0.01;

/** A warning where more than a few samples are beyond full scale: what is heard then is not the voice. */
function clippingRemark(
  input: string,
  { clippedSamples, peak }: SynthesisReport,
  samples: number,
): string | undefined {
  if (clippedSamples <= CLIPPED_SHARE * samples) return undefined;
  const share = ((100 * clippedSamples) / samples).toPrecision(2);
  return (
    `Warning: ${share} % of the samples made of '${input}' lie beyond full scale (peak +${(20 * Math.log10(peak)).toFixed(1)} dBFS). ` +
    "It is louder than a waveform can be: 'vocode info' says what its values look like, and --mel-format takes them for " +
    "what they are."
  );
}

async function write(
  output: string,
  pieces: AsyncIterable<Float32Array>,
  sampleRate: number,
  options: SynthesizeOptions,
): Promise<WrittenWav> {
  const encoding = encodings[options.bitDepth];
  if (output !== PIPE) return writeWav(output, pieces, sampleRate, encoding);
  const bytes = new WaveformBytes(sampleRate, encoding, options.raw ? "raw" : "wav");
  const writeOut = fstatSync(process.stdout.fd).isFile() ? writeToFile : writeToPipe;
  await writeOut(bytes.header);
  for await (const piece of pieces) await writeOut(bytes.encode(piece));
  return bytes.written;
}

/** Where stdout is a file, its stream takes for whole what a full disk has taken a part of. */
async function writeToFile(bytes: Uint8Array): Promise<void> {
  try {
    await promisify(writeFile)(process.stdout.fd, bytes);
  } catch (error) {
    throw describeStdoutError(error);
  }
}

async function writeToPipe(bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

// What the main command says of its work: a report for people, and the same as an object for --json.

/** The report of one input, for --json. */
export function reportObject(made: MadeSpeech): Record<string, unknown> {
  const { input, output, voice, report, written, remarks } = made;
  return { input, output, voice, ...report, ...written, remarks, cpu: cpus()[0]?.model ?? "" };
}

/** The report of one input. */
export function reportText({ voice, report, written }: MadeSpeech, loadSeconds: number): string {
  const { audioSeconds, seconds } = report;
  return [
    `${voice}: ${processText(report)}`,
    `${speedText(audioSeconds, seconds)}; loaded in ${loadSeconds.toFixed(2)} s`,
    `mel within ${report.melDifference.toFixed(3)} of the one given (mean of |ln|); ${levelText(written)}`,
  ].join("\n");
}

/** What was done, in a line. */
export function processText(report: SynthesisReport): string {
  const { steps, sampler, schedule, refine, seed, engine, device, threads, precision } = report;
  return [
    `${steps} ${steps === 1 ? "step" : "steps"} of ${sampler} on ${schedule} from ${startText(report)}`,
    `${refine} mel ${refine === 1 ? "correction" : "corrections"}`,
    `seed ${seed}`,
    `${engine} on ${device}, ${precision}${threads === undefined ? "" : `, ${threads} ${threads === 1 ? "thread" : "threads"}`}`,
  ].join(", ");
}

function startText({ start, startLevel, pitch, pitchShift }: SynthesisReport): string {
  if (startLevel === undefined) return start;
  const shift = pitchShift === undefined ? "" : `${pitchShift > 0 ? "+" : "−"}${Math.abs(pitchShift)} cents`;
  const said = [...(pitch ? ["the pitch given"] : []), ...(shift ? [shift] : [])];
  return `a ${start} start at λ ${startLevel.toFixed(1).replace("-", "−")}${said.length > 0 ? ` with ${said.join(", ")}` : ""}`;
}

/** How long it took, as people compare it. */
export function speedText(audioSeconds: number, seconds: number): string {
  const audio = `${audioSeconds.toFixed(2)} s of audio in ${seconds.toFixed(2)} s`;
  if (audioSeconds === 0) return audio;
  const factor = seconds / audioSeconds;
  return `${audio}: RTF ${factor.toFixed(3)}, ${(1 / factor).toFixed(1)}× real time`;
}

function levelText({ peak, clippedSamples }: MadeSpeech["written"]): string {
  if (peak === 0) return "silent";
  const level = `peak ${(20 * Math.log10(peak)).toFixed(1).replace("-", "−")} dBFS`;
  if (clippedSamples === 0) return `${level}, nothing clipped`;
  return `${level}; ${clippedSamples} ${clippedSamples === 1 ? "sample" : "samples"} beyond full scale cut off`;
}

// What `vocode` turns into speech, as frames that can be taken one after the other: a mel file, a recording that is
// analysed as it is read (copy synthesis), or frames from a pipe.
import { fewestSamples } from "../audio/mel-analysis/mel-frames.js";
import { melPieces } from "../audio/mel-analysis/mel.js";
import { openFrameStream } from "../audio/mel-file/frame-stream.js";
import type { MelAssumption } from "../audio/mel-file/mel-assumption.js";
import { readMel } from "../audio/mel-file/mel-file.js";
import { inMemory, type MelFrames, openMel, type OpenMel } from "../audio/mel-file/open-mel.js";
import type { MelLayout } from "../audio/mel-file/mel-layout.js";
import type { Mel, MelFormat } from "../audio/mel-format/mel-format.js";
import { isRecording, openRecording } from "../audio/recording/open-recording.js";
import { resamplePieces } from "../audio/recording/resample.js";
import { openByteSource } from "../files/byte-source.js";

/** The name of a pipe. */
export const PIPE = "-";

/** A mel to synthesise, and what to do with the result. */
export interface SynthesisInput {
  /** A mel in the expected format, whole, in its file, or frame by frame, [any number of frames, bands] each. */
  readonly source: Mel | MelFrames | AsyncIterable<Float32Array>;
  /** How many frames there will be; undefined where nobody knows. */
  readonly expectedFrames: number | undefined;
  /** Samples to drop from the start of the result. */
  readonly leadingSamples: number;
  /** Samples that the result should have then, known when the frames have ended; undefined for all that there are. */
  readonly samples: () => number | undefined;
  /** What was done and noticed, each a sentence. */
  readonly remarks: readonly string[];
  close(): Promise<void>;
}

/** How to read mels. */
export interface SynthesisInputOptions {
  readonly assume?: MelAssumption;
  readonly layout?: MelLayout;
  readonly trust?: boolean;
  /** Reads a mel file as a whole. */
  readonly whole?: boolean;
}

/**
 * Opens a mel file or a recording, recognised by its content, or a pipe.
 *
 * @param path "-" for stdin
 * @throws what openMel, openRecording and openFrameStream throw
 */
export async function openSynthesisInput(
  path: string,
  expected: MelFormat,
  options: SynthesisInputOptions,
): Promise<SynthesisInput> {
  if (path === PIPE) return openPipe(expected, options);
  if (await holdsRecording(path)) return openCopy(path, expected);
  const open = await openMelFile(path, expected, options);
  return {
    source: open.mel,
    expectedFrames: open.mel.frames,
    leadingSamples: open.leadingSamples,
    samples: () => undefined,
    remarks: open.notes,
    close: () => open.close(),
  };
}

/** Pieces of a result, the leading samples dropped and what lies behind the wanted length. */
export async function* fitted(
  pieces: AsyncIterable<Float32Array>,
  { leadingSamples, samples }: SynthesisInput,
): AsyncGenerator<Float32Array, void> {
  let [dropped, given] = [0, 0];
  for await (const piece of pieces) {
    const leading = Math.min(piece.length, leadingSamples - dropped);
    const kept = piece.subarray(leading, leading + (samples() ?? Infinity) - given);
    dropped += leading;
    given += kept.length;
    if (kept.length > 0) yield kept;
  }
}

async function openMelFile(
  path: string,
  expected: MelFormat,
  { whole = false, ...options }: SynthesisInputOptions,
): Promise<OpenMel> {
  const reading = { expected, ...options };
  return whole ? inMemory(await readMel(path, reading)) : openMel(path, reading);
}

async function openPipe(expected: MelFormat, options: SynthesisInputOptions): Promise<SynthesisInput> {
  const stream = await openFrameStream(process.stdin, { expected, ...options });
  return {
    source: stream.frames,
    expectedFrames: undefined,
    leadingSamples: stream.leadingSamples,
    samples: () => undefined,
    remarks: stream.conversions,
    close: () => Promise.resolve(),
  };
}

async function openCopy(path: string, expected: MelFormat): Promise<SynthesisInput> {
  const recording = await openRecording(path);
  const { sampleRate, hopLength } = expected;
  const seen = { samples: 0, ended: false };
  const samples = resamplePieces(recording.pieces(), recording.sampleRate, sampleRate);
  const { sampleCount } = recording;
  const expectedFrames =
    sampleCount && Math.ceil((sampleCount * sampleRate) / recording.sampleRate / hopLength);
  return {
    source: melPieces(wholeFrames(samples, expected, seen), expected),
    expectedFrames,
    leadingSamples: 0,
    samples: () => (seen.ended ? seen.samples : undefined),
    remarks: recording.source.remarks,
    close: () => recording.close(),
  };
}

/** A signal with silence behind it up to a whole frame, so that its mel covers all of it. */
async function* wholeFrames(
  pieces: AsyncIterable<Float32Array>,
  format: MelFormat,
  seen: { samples: number; ended: boolean },
): AsyncGenerator<Float32Array, void> {
  for await (const piece of pieces) {
    seen.samples += piece.length;
    yield piece;
  }
  seen.ended = true;
  const { hopLength, padding } = format;
  if (padding !== "same" || seen.samples === 0) return;
  // a frame takes one sample more than the hop where that is odd
  const whole = Math.ceil(seen.samples / hopLength) * hopLength + fewestSamples(format) - hopLength;
  yield new Float32Array(whole - seen.samples);
}

/** Whether a file's content is that of a recording. */
export async function holdsRecording(path: string): Promise<boolean> {
  const source = await openByteSource(path);
  try {
    return await isRecording(source);
  } finally {
    await source.close();
  }
}

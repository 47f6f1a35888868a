// What `vocode` turns into speech, as frames that can be taken one after the other: a mel file, a recording that is
// analysed as it is read (copy synthesis), or frames from a pipe. What reads each is loaded when it is needed.
import { isRecording } from "../audio/recording.js";
import type { ByteSource } from "../formats/bytes.js";
import { openByteSource } from "../host/node/read-files.js";
import { InputError } from "../errors.js";
import { type MelAssumption, MelFormatMismatchError } from "../mel/conversion.js";
import { presetNameOf } from "../mel/presets.js";
import type { Mel, MelFormat } from "../mel/format.js";
import { fewestSamples } from "../mel/frames.js";
import type { MelLayout } from "../mel/layout.js";
import { type MelFrames, openMelIn, readMelIn, statedFormat } from "../mel/open-mel.js";

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
  /** What was done and noticed, each a sentence; what only reading all of it tells comes in at the end. */
  readonly remarks: readonly string[];
}

/** How to read mels. */
export interface SynthesisInputOptions {
  readonly assume?: MelAssumption;
  /** As in ReadMelOptions. */
  readonly lossy?: boolean;
  readonly layout?: MelLayout;
  readonly tensor?: string;
  readonly trust?: boolean;
  /** Reads a mel file as a whole. */
  readonly whole?: boolean;
}

/** What there is to synthesise, before a voice is chosen for it; close it. */
export interface FoundInput {
  /** The format that a mel is in by its own words or the options'; undefined for a recording, and where nothing says it. */
  readonly stated: MelFormat | undefined;
  /**
   * Opens it in the format that a voice expects; once.
   *
   * @throws what openMel, openRecording and readFrameLine throw
   */
  open(expected: MelFormat): Promise<SynthesisInput>;
  /** Closes its file, whether it was opened or not. */
  close(): Promise<void>;
}

/**
 * Looks at a mel file or a recording, recognised by its content, or a pipe.
 *
 * @param path "-" for stdin; a file is opened once
 * @throws what a damaged header or a pipe's first line throws, and FileError
 */
export async function findSynthesisInput(path: string, options: SynthesisInputOptions): Promise<FoundInput> {
  if (path === PIPE) return findPiped(options);
  const file = await openByteSource(path);
  try {
    if (!(await isRecording(file, path))) return await foundMel(file, options);
    return {
      stated: undefined,
      open: (expected) => openCopy(file, path, expected),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A mel file. What it states goes before what is assumed, as where it is read. */
async function foundMel(file: ByteSource, options: SynthesisInputOptions): Promise<FoundInput> {
  return {
    stated: (await statedFormat(file)) ?? options.assume?.format,
    open: (expected) =>
      openMelFile(file, { expected, ...options }).catch((error: unknown) => {
        throw error instanceof MelFormatMismatchError && !options.assume?.format
          ? withConversion(error)
          : error;
      }),
    close: () => file.close(),
  };
}

/** The same, with a way out that only the command line has. */
function withConversion({ message, format }: MelFormatMismatchError): InputError {
  const named = presetNameOf(format);
  return new InputError(
    `${message} Or have it converted, with what that costs: ${named === undefined ? "vocode convert" : `--mel-format ${named}`}.`,
  );
}

async function openMelFile(
  file: ByteSource,
  { whole = false, ...options }: SynthesisInputOptions & { expected: MelFormat },
): Promise<SynthesisInput> {
  const open = await (whole ? readMelIn(file, options) : openMelIn(file, options));
  return {
    source: open.mel,
    expectedFrames: open.mel.frames,
    leadingSamples: open.leadingSamples,
    samples: () => undefined,
    remarks: open.notes,
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

async function findPiped(options: SynthesisInputOptions): Promise<FoundInput> {
  const { readPiped } = await import("./frame-stream.js");
  const piped = await readPiped(process.stdin);
  if ("file" in piped) return foundMel(piped.file, options);
  return {
    stated: piped.stated ?? options.assume?.format,
    open: (expected) => {
      const { frames, leadingSamples, conversions } = piped.open({ expected, ...options });
      return Promise.resolve({
        source: frames,
        expectedFrames: undefined,
        leadingSamples,
        samples: () => undefined,
        remarks: conversions,
      });
    },
    close: () => Promise.resolve(),
  };
}

async function openCopy(file: ByteSource, path: string, expected: MelFormat): Promise<SynthesisInput> {
  const [{ openRecordingIn }, { ClippingCounter, clippingWarning }, { resamplePieces }, { melPieces }] =
    await Promise.all([
      import("../audio/open-recording.js"),
      import("../audio/inspection.js"),
      import("../audio/resample.js"),
      import("../mel/analysis.js"),
    ]);
  const recording = await openRecordingIn(file, path);
  const { sampleRate, hopLength } = expected;
  const seen = { samples: 0, ended: false };
  const clipping = new ClippingCounter(recording.source);
  const samples = resamplePieces(watched(), recording.sampleRate, sampleRate);
  const { sampleCount } = recording;
  const expectedFrames =
    sampleCount && Math.ceil((sampleCount * sampleRate) / recording.sampleRate / hopLength);
  return {
    source: melPieces(wholeFrames(samples, expected, seen), expected),
    expectedFrames,
    leadingSamples: 0,
    samples: () => (seen.ended ? seen.samples : undefined),
    get remarks() {
      const warning = clippingWarning(clipping);
      return [...recording.source.remarks, ...(warning === undefined ? [] : [warning])];
    },
  };

  async function* watched(): AsyncGenerator<Float32Array, void> {
    for await (const { mono, channels } of recording.channelPieces()) {
      clipping.take(channels);
      yield mono;
    }
  }
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
    return await isRecording(source, path);
  } finally {
    await source.close();
  }
}

// From an audio file to a mel file, piece by piece, so that memory does not grow with the recording: read, resample where
// the rates differ, analyse, write.
import { extname } from "node:path";
import { InputError } from "../errors.js";
import { encodeNpyHeader } from "../formats/npy.js";
import { encodeFloats } from "../formats/bytes.js";
import { streamAtomically } from "../host/node/write-files.js";
import { ClippingCounter } from "../audio/inspection.js";
import { writeMelFrames } from "../host/node/mel-files.js";
import type { MelFormat } from "../mel/format.js";
import { melPieces } from "../mel/analysis.js";
import { openRecording } from "../host/node/recordings.js";
import type { OpenRecording } from "../audio/open-recording.js";
import type { RecordingSource } from "../audio/recording.js";
import { resamplePieces } from "../audio/resample.js";

/** What was made of a recording, and what was noticed about it. */
export interface MelOfFile {
  readonly input: string;
  readonly output: string;
  /** The recording's length. */
  readonly seconds: number;
  /** The recording's own; where it differs from the format's, it was resampled. */
  readonly sampleRate: number;
  readonly source: RecordingSource;
  /** Samples that seem cut off at full scale, before resampling, in the channel that has most of them. */
  readonly clippedSamples: number;
  /** [channels] */
  readonly clippedByChannel: readonly number[];
  readonly frames: number;
  /** Of the mel, in the format's logarithm. */
  readonly level: { readonly minimum: number; readonly maximum: number };
}

/** The name of a mel file ends in nothing that can be written. */
export class MelExtensionError extends InputError {
  constructor(readonly path: string) {
    super(`A mel is written as .mel or .npy, and '${path}' ends in neither. Rename it.`);
  }
}

/**
 * Whether a path names a NumPy array rather than a .mel file.
 *
 * @throws MelExtensionError for an ending that is neither
 */
export function isNpyOutput(path: string): boolean {
  const extension = extname(path).toLowerCase();
  if (extension !== ".mel" && extension !== ".npy") throw new MelExtensionError(path);
  return extension === ".npy";
}

/**
 * Writes the mel of an audio file, whole or not at all.
 *
 * @param output ends in .mel, or in .npy for a float32 array [bands, frames], which states no format
 * @param onProgress is told now and then how many samples were read, of how many, where the file's header says that
 * @throws MelExtensionError, FileError, and what `openRecording`, its pieces and `melPieces` throw
 */
export async function writeMelOfFile(
  input: string,
  output: string,
  format: MelFormat,
  onProgress?: (samples: number, total: number | undefined) => void,
): Promise<MelOfFile> {
  const write = isNpyOutput(output) ? writeNpy : writeMelFrames;
  const recording = await openRecording(input);
  const { sampleRate, source } = recording;
  const clipping = new ClippingCounter(source);
  const seen = { samples: 0, minimum: Infinity, maximum: -Infinity };
  try {
    const samples = resamplePieces(
      watchSamples(recording, clipping, seen, onProgress),
      sampleRate,
      format.sampleRate,
    );
    const frames = await write(output, format, watchLevel(melPieces(samples, format), seen));
    const { minimum, maximum } = seen;
    const seconds = seen.samples / sampleRate;
    const { clippedSamples, clippedByChannel } = clipping;
    return {
      input,
      output,
      seconds,
      sampleRate,
      source,
      clippedSamples,
      clippedByChannel,
      frames,
      level: { minimum, maximum },
    };
  } finally {
    await recording.close();
  }
}

async function* watchSamples(
  recording: OpenRecording,
  clipping: ClippingCounter,
  seen: { samples: number },
  onProgress?: (samples: number, total: number | undefined) => void,
): AsyncGenerator<Float32Array, void> {
  for await (const { mono, channels } of recording.channelPieces()) {
    clipping.take(channels);
    seen.samples += mono.length;
    onProgress?.(seen.samples, recording.sampleCount);
    yield mono;
  }
}

async function* watchLevel(
  pieces: AsyncIterable<Float32Array>,
  seen: { minimum: number; maximum: number },
): AsyncGenerator<Float32Array, void> {
  for await (const piece of pieces) {
    for (const value of piece) {
      if (value < seen.minimum) seen.minimum = value;
      if (value > seen.maximum) seen.maximum = value;
    }
    yield piece;
  }
}

/**
 * Writes [bands, frames], the order in which librosa, HiFi-GAN and Tacotron keep mels. The lowest
 * band of the last frame stands in its first row, so this holds the mel in memory.
 */
async function writeNpy(
  path: string,
  format: MelFormat,
  pieces: AsyncIterable<Float32Array>,
): Promise<number> {
  const { bands } = format;
  const mel: Float32Array[] = [];
  for await (const piece of pieces) mel.push(piece);
  const frames = mel.reduce((sum, piece) => sum + piece.length / bands, 0);
  return streamAtomically(path, async (file) => {
    await file.writeFile(encodeNpyHeader([bands, frames]));
    const row = new Float32Array(frames);
    for (let band = 0; band < bands; band++) {
      let frame = 0;
      for (const piece of mel) for (let at = band; at < piece.length; at += bands) row[frame++] = piece[at];
      await file.writeFile(encodeFloats(row));
    }
    return frames;
  });
}

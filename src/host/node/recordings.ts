// Recordings and their pitch by their paths: WAV, FLAC and SPHERE files read, WAV files written, pitch tracks both.
import { extname } from "node:path";
import { InputError } from "../../errors.js";
import { isFloat32Array, kindOf, type MelFormat } from "../../mel/format.js";
import type { RecordingInspection } from "../../audio/inspection.js";
import type { OpenRecording } from "../../audio/open-recording.js";
import { concatenate } from "../../formats/bytes.js";
import { type Recording, wholeRecording } from "../../audio/recording.js";
import { WavFile, type WavOutputEncoding, type WrittenWav } from "../../audio/write-wav.js";
import { openByteSource, readWholeFile } from "./read-files.js";
import { streamAtomically, writeAtomically } from "./write-files.js";

/**
 * Opens a WAV, FLAC, Wave64 or SPHERE file and reads its header. Close it.
 *
 * @throws FileError where the file cannot be read, RecordingError where it holds no usable recording
 */
export async function openRecording(path: string): Promise<OpenRecording> {
  const file = await openByteSource(path);
  try {
    // loaded here: decoders take long, and a file that is written needs none
    const { openRecordingIn } = await import("../../audio/open-recording.js");
    return await openRecordingIn(file, path);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Reads a WAV, FLAC, Wave64 or SPHERE file.
 *
 * @returns at least one sample, all of them finite
 * @throws FileError where the file cannot be read, RecordingError where it holds no usable recording
 */
export async function readRecording(path: string): Promise<Recording> {
  const recording = await openRecording(path);
  try {
    return await wholeRecording(recording);
  } finally {
    await recording.close();
  }
}

/**
 * Reads a recording and measures it on the way, each channel too.
 *
 * @throws what readRecording throws
 */
export async function readInspected(
  path: string,
): Promise<{ readonly recording: Recording; readonly inspection: RecordingInspection }> {
  const { RecordingMeter } = await import("../../audio/inspection.js");
  const open = await openRecording(path);
  try {
    const meter = new RecordingMeter(open);
    const pieces: Float32Array[] = [];
    for await (const piece of open.channelPieces()) {
      meter.take(piece);
      pieces.push(piece.mono);
    }
    const { sampleRate, source } = open;
    return {
      recording: { samples: concatenate(pieces), sampleRate, source },
      inspection: meter.inspection(),
    };
  } finally {
    await open.close();
  }
}

/**
 * Writes a mono WAV file, whole or not at all.
 *
 * @param pieces the waveform in −1…1, in order, any lengths: `[samples]` for a whole one
 * @param sampleRate Hz
 * @throws InputError for pieces that are no Float32Array, and a rate or an encoding that WAV does not have; FileError,
 *   WavTooLongError, NonFiniteWaveformError
 */
export async function writeWav(
  path: string,
  pieces: Iterable<Float32Array> | AsyncIterable<Float32Array>,
  sampleRate: number,
  encoding: WavOutputEncoding = "16-bit",
): Promise<WrittenWav> {
  const isList =
    typeof pieces === "object" &&
    pieces !== null &&
    (Symbol.iterator in pieces || Symbol.asyncIterator in pieces);
  if (!isList || isFloat32Array(pieces))
    throw new InputError(
      `writeWav takes the waveform in pieces, and got ${kindOf(pieces)}. Give it in a list: writeWav(path, [samples], ` +
        "sampleRate).",
    );
  return streamAtomically(path, async (file) => {
    const wav = new WavFile(sampleRate, encoding);
    await file.writeFile(wav.header);
    for await (const piece of pieces) {
      if (!isFloat32Array(piece))
        throw new InputError(
          `writeWav takes pieces of Float32Array, and one is ${kindOf(piece)}. Float32Array.from(samples) makes one.`,
        );
      await file.writeFile(wav.encode(piece));
    }
    const { padding, header, written } = wav.finish();
    await file.writeFile(padding);
    await file.write(header, 0, header.length, 0);
    return written;
  });
}

/**
 * Reads a pitch track from a .npy or text file.
 *
 * @returns Hz [frames], NaN or 0 where there is no voice
 * @throws FileError, PitchFileError, NpyError
 */
export async function readPitch(path: string): Promise<Float32Array> {
  const { parsePitchTrack } = await import("../../audio/pitch-track.js");
  return parsePitchTrack(await readWholeFile(path));
}

/**
 * The kind of a pitch track's file, by its name.
 *
 * @throws InputError for an ending that is neither .npy nor .csv
 */
export function pitchFileKind(path: string): "npy" | "csv" {
  const ending = extname(path).toLowerCase();
  if (ending === ".npy" || ending === ".csv") return ending === ".npy" ? "npy" : "csv";
  throw new InputError(`A pitch is written as .npy or .csv, and '${path}' ends in neither. Rename it.`);
}

/**
 * Writes a pitch track that `readPitch` reads, whole or not at all.
 *
 * @param hertz 0 where there is no voice [frames]
 * @param format whose frames they are
 * @throws InputError for an ending that is neither .npy nor .csv; FileError
 */
export async function writePitch(path: string, hertz: Float32Array, format: MelFormat): Promise<void> {
  const kind = pitchFileKind(path);
  const { encodePitchTrack } = await import("../../audio/pitch-track.js");
  await writeAtomically(path, encodePitchTrack(hertz, format, kind));
}

// Recordings by their paths: WAV and FLAC files read, WAV files written.
import type { OpenRecording } from "../../audio/open-recording.js";
import { type Recording, wholeRecording } from "../../audio/recording.js";
import { WavFile, type WavOutputEncoding, type WrittenWav } from "../../audio/write-wav.js";
import { openByteSource } from "./read-files.js";
import { streamAtomically } from "./write-files.js";

/**
 * Opens a WAV or FLAC file and reads its header. Close it.
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
 * Reads a WAV or FLAC file.
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
 * Writes a mono WAV file, whole or not at all.
 *
 * @param pieces the waveform in −1…1, in order, any lengths
 * @param sampleRate Hz
 * @throws FileError, WavTooLongError, NonFiniteWaveformError
 */
export async function writeWav(
  path: string,
  pieces: Iterable<Float32Array> | AsyncIterable<Float32Array>,
  sampleRate: number,
  encoding: WavOutputEncoding = "16-bit",
): Promise<WrittenWav> {
  return streamAtomically(path, async (file) => {
    const wav = new WavFile(sampleRate, encoding);
    await file.writeFile(wav.header);
    for await (const piece of pieces) await file.writeFile(wav.encode(piece));
    const { padding, header, written } = wav.finish();
    await file.writeFile(padding);
    await file.write(header, 0, header.length, 0);
    return written;
  });
}

// Whole recordings in memory, read as open-recording.ts does.
import { byteSource } from "../../files/byte-source.js";
import { openRecording, openStream } from "./open-recording.js";
import { wholeRecording, type Recording } from "./recording.js";

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
 * Decodes a WAV or FLAC file's bytes.
 *
 * @returns at least one sample; those of a float file may be no numbers
 * @throws WavError, FlacError, InputError for bytes that are neither
 */
export async function decodeRecording(bytes: Uint8Array): Promise<Recording> {
  return wholeRecording(await openStream(byteSource(bytes)));
}

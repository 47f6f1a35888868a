// Mels of recordings at any sample rate.
import type { Mel, MelFormat } from "../mel-format/mel-format.js";
import { computeMel } from "./mel.js";
import type { Recording } from "../recording/recording.js";
import { resample } from "../recording/resample.js";

/** A recording's samples at a sample rate in Hz: resampled, or as they are where that is their own. */
export async function samplesAtRate(recording: Recording, sampleRate: number): Promise<Float32Array> {
  if (recording.sampleRate === sampleRate) return recording.samples;
  return resample(recording.samples, recording.sampleRate, sampleRate);
}

/**
 * The log-mel of a recording, resampled to the format's rate where it has another.
 *
 * @throws TooShortForMelError, MelFormatError, NonFiniteSampleError
 */
export async function melOfRecording(recording: Recording, format: MelFormat): Promise<Mel> {
  return computeMel(await samplesAtRate(recording, format.sampleRate), format);
}

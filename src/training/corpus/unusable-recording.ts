// What makes a recording useless for training: silence, clipping, or too little of it.
import type { MelFormat } from "../../audio/mel-format/mel-format.js";
import type { RecordingInspection } from "../../audio/recording/recording-inspection.js";

/** The fewest mel frames that are trained on: a crop. */
export const DEFAULT_MINIMUM_FRAMES = 64;
/** A peak below it is silence: −60 dBFS. */
export const SILENT_PEAK = 1e-3;
/** Share of clipped samples from which on a recording is left out; a few in a long recording do no harm. */
const CLIPPED_SHARE = 1e-3;

/** Why a recording is not trained on, a sentence with the measured fact; undefined where it is. */
export function unusableReason(
  { seconds, sampleRate, peakDb, clippedSamples }: RecordingInspection,
  format: MelFormat,
  minimumFrames: number,
): string | undefined {
  const frames = Math.floor((seconds * format.sampleRate) / format.hopLength);
  if (frames < minimumFrames) {
    const needed = (minimumFrames * format.hopLength) / format.sampleRate;
    return `It is too short: ${seconds.toFixed(2)} s, and a crop takes ${needed.toFixed(2)} s.`;
  }
  if (peakDb === -Infinity) return "It is digital silence throughout.";
  if (peakDb < 20 * Math.log10(SILENT_PEAK)) return `It is silent: its peak is ${peakDb.toFixed(0)} dBFS.`;
  const share = clippedSamples / (seconds * sampleRate);
  if (share > CLIPPED_SHARE)
    return `It is clipped: ${(100 * share).toPrecision(2)} % of its samples are cut off at full scale.`;
  return undefined;
}

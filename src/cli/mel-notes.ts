// What a person should know about a recording whose mel was computed, each a sentence.
import { countEmptyBands } from "../audio/mel-analysis/mel-bank.js";
import type { MelFormat } from "../audio/mel-format/mel-format.js";
import type { MelOfFile } from "../audio/mel-analysis/mel-of-file.js";

/** Notes about one recording: what is odd about the file, resampling, missing treble, clipping. */
export function melNotes(made: MelOfFile, format: MelFormat): string[] {
  const notes = [...made.source.remarks];
  if (made.sampleRate !== format.sampleRate)
    notes.push(`Resampled from ${made.sampleRate} Hz to the format's ${format.sampleRate} Hz.`);
  if (made.sampleRate / 2 < format.maxFrequency)
    notes.push(
      `At ${made.sampleRate} Hz the recording holds nothing above ${made.sampleRate / 2} Hz, ` +
        `and the format's bands go up to ${format.maxFrequency} Hz: a vocoder will make dull speech of it.`,
    );
  if (made.clippedSamples > 0) {
    const share = (100 * made.clippedSamples) / (made.seconds * made.sampleRate);
    notes.push(
      `${made.clippedSamples} samples (${share < 1 ? share.toPrecision(2) : share.toFixed(0)} %) are cut off at full scale: the recording is clipped.`,
    );
  }
  if (made.level.minimum === made.level.maximum)
    notes.push("Its mel is silent throughout: nothing in the recording is louder than the format's floor.");
  const empty = countEmptyBands(format);
  if (empty > 0)
    notes.push(
      `${empty} of the format's ${format.bands} bands are narrower than the FFT can tell apart and always at the ` +
        "floor. Take fewer bands, or a larger fftSize.",
    );
  return notes;
}

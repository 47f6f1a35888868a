// Mels of signals, in memory or piece by piece, with the check that there is enough of them.
import { InputError } from "../../errors.js";
import { MelAnalyzer } from "./mel-analyzer.js";
import type { Mel, MelFormat } from "../mel-format/mel-format.js";
import { fewestSamples } from "./mel-frames.js";
import { concatenate } from "../recording/recording.js";

/** A signal is too short for a single mel frame. */
export class TooShortForMelError extends InputError {
  constructor(
    readonly samples: number,
    readonly needed: number,
  ) {
    super(
      samples === 0
        ? "The recording is empty: there is nothing to compute a mel of."
        : `The recording has ${samples} ${samples === 1 ? "sample" : "samples"}, too few for one mel frame, which takes ${needed}.`,
    );
  }
}

/**
 * The log-mel of a signal as its samples come, so that neither need be in memory.
 *
 * @param pieces [count] each, any lengths, in −1…1, at `format.sampleRate`: resampling is the caller's part
 * @returns [frames, bands] each, in order
 * @throws MelFormatError; NonFiniteSampleError; at the end TooShortForMelError below `fewestSamples(format)`
 */
export async function* melPieces(
  pieces: AsyncIterable<Float32Array>,
  format: MelFormat,
): AsyncGenerator<Float32Array, void> {
  const analyzer = new MelAnalyzer(format);
  for await (const piece of pieces) yield analyzer.push(piece);
  requireSamples(analyzer.samples, format);
  yield analyzer.finish();
}

/**
 * The log-mel of a whole signal.
 *
 * @param samples [count] as for `melPieces`, whose errors it throws
 */
export function computeMel(samples: Float32Array, format: MelFormat): Mel {
  const analyzer = new MelAnalyzer(format);
  requireSamples(samples.length, format);
  const values = concatenate([analyzer.push(samples), analyzer.finish()]);
  return { frames: analyzer.frames, format, values };
}

function requireSamples(count: number, format: MelFormat): void {
  const needed = fewestSamples(format);
  if (count < needed) throw new TooShortForMelError(count, needed);
}

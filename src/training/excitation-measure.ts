// How well an excitation model reads recordings that it was not trained on, against the pitch that was found in them.
import { excitationLogits, readExcitation, type Excitation } from "../models/excitation-model.js";
import { type WeightValue, weightsOf } from "../models/weights.js";
import { frames, type Runtime } from "../runtime/runtime.js";
import type { CropSource, PitchSource } from "./crop-source.js";

/** Errors over all frames of some recordings. */
export interface PitchError {
  /** Median distance in cents, over frames with a voice in both. */
  readonly medianCents: number;
  /** Share of those frames that are more than 200 cents away. */
  readonly gross: number;
  /** Share of all frames where one has a voice and the other has none. */
  readonly voicing: number;
  /** Mean distance of the bands' voicing, over frames with a voice in both. */
  readonly bandVoicing: number;
}

const GROSS_CENTS = 200;

/** Compares pitch frame by frame. */
export class PitchComparison {
  readonly #cents: number[] = [];
  #frames = 0;
  #voicingErrors = 0;
  #bandSum = 0;

  /**
   * Adds a recording.
   *
   * @param hertz 0 where there is no voice [frames]
   * @param bandVoicing [frames, 5]
   */
  add(hertz: Float32Array, bandVoicing: Float32Array, read: Excitation): void {
    const bands = bandVoicing.length / hertz.length;
    hertz.forEach((truth, frame) => {
      this.#frames++;
      const isVoiced = read.voiced[frame] > 0.5;
      if (truth > 0 !== isVoiced) this.#voicingErrors++;
      if (!(truth > 0) || !isVoiced) return;
      this.#cents.push(Math.abs(1200 * Math.log2(read.pitch[frame] / truth)));
      for (let band = 0; band < bands; band++) {
        const at = frame * bands + band;
        this.#bandSum += Math.abs(read.bandVoicing[at] - bandVoicing[at]) / bands;
      }
    });
  }

  /** The errors; undefined where no frame has a voice in both. */
  result(): PitchError | undefined {
    const sorted = Float64Array.from(this.#cents).sort();
    if (sorted.length === 0) return undefined;
    return {
      medianCents: sorted[Math.floor(sorted.length / 2)],
      gross: sorted.filter((cents) => cents > GROSS_CENTS).length / sorted.length,
      voicing: this.#voicingErrors / this.#frames,
      bandVoicing: this.#bandSum / sorted.length,
    };
  }
}

/** The errors on the held-out recordings; undefined where they have no voice. */
export async function measureExcitation(
  runtime: Runtime,
  source: CropSource & PitchSource,
  weights: Readonly<Record<string, WeightValue>>,
): Promise<PitchError | undefined> {
  const { bands } = source.format;
  const program = await runtime.compile(
    (inputs, held) => ({ logits: excitationLogits(weightsOf(held), inputs["mel"]) }),
    { inputs: { mel: { shape: [1, frames(), bands] } }, weights },
  );
  const comparison = new PitchComparison();
  for (const utterance of source.utterances.filter(({ heldOut, speed }) => heldOut && speed === 1)) {
    const count = utterance.frames;
    const mel = new Float32Array(count * bands);
    source.readMel(utterance, 0, count, mel, 0);
    const { logits } = await program.run({ mel: { data: mel, shape: [1, count, bands] } });
    const rows = new Float32Array(count * 6);
    source.readPitch(utterance, 0, count, rows, 0);
    const hertz = Float32Array.from({ length: count }, (_, frame) => rows[6 * frame]);
    const bandVoicing = rows.filter((_, index) => index % 6 > 0);
    comparison.add(hertz, bandVoicing, readExcitation(logits.data as Float32Array));
  }
  await program.dispose();
  return comparison.result();
}

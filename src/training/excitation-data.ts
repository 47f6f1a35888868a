// The batches of the excitation model's training, as a function of the run's seed and the step: crops of mels, drawn with
// probability proportional to the recordings' lengths, a gain for each, and their frames' pitch and voicing.
import {
  type Excitation,
  PITCH_CLASSES,
  pitchClass,
  readExcitation,
  voicingBands,
} from "../models/excitation/shape.js";
import { excitationLogits } from "../models/excitation/graph.js";
import { frames, type Program, type Engine, type TensorValue } from "../engine/engine.js";
import { longestCrop, utterancesToTrainOn } from "./batches.js";
import { CropDraw, type CropSource, type PitchSource, StepRandom, type Utterance } from "./draws.js";
import type { TrainConfig } from "./config.js";
import { weightsOf, type WeightValue } from "../models/weights.js";

// How well an excitation model reads recordings that it was not trained on, against the pitch that was found in them.

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

/** The model for so many natural-log mels of one length: mel [crops, frames, bands] → logits. */
export function compileExcitation(
  runtime: Engine,
  crops: number,
  bands: number,
  weights: Readonly<Record<string, TensorValue>>,
): Promise<Program> {
  return runtime.compile((inputs, held) => ({ logits: excitationLogits(weightsOf(held), inputs["mel"]) }), {
    inputs: { mel: { shape: [crops, frames(), bands] } },
    weights,
  });
}

/** The errors on the held-out recordings; undefined where they have no voice. */
export async function measureExcitation(
  runtime: Engine,
  source: CropSource & PitchSource,
  weights: Readonly<Record<string, WeightValue>>,
): Promise<PitchError | undefined> {
  const { bands } = source.format;
  const program = await compileExcitation(runtime, 1, bands, weights);
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

/** Mel frames a crop: less where no recording is so long. */
export const CROP_FRAMES = 100;

const BANDS = voicingBands.length;
const ROW = 1 + BANDS;

/** What is known of frames' pitch, for a batch of crops. */
interface PitchTargets {
  /** The class, a fraction between two [batch, frames]. */
  readonly pitchClass: TensorValue;
  /** 1 where there is a voice whose pitch is among the classes [batch, frames]. */
  readonly pitched: TensorValue;
  /** 1 where there is a voice [batch, frames]. */
  readonly voiced: TensorValue;
  /** Of each band [batch, frames, 5]. */
  readonly bandVoicing: TensorValue;
}

/** Draws the batches. */
export class ExcitationBatches {
  readonly #source: CropSource & PitchSource;
  readonly #config: TrainConfig;
  readonly #draw: CropDraw;
  readonly cropFrames: number;

  /** @throws NothingToTrainOnError where there is no recording to train on */
  constructor(source: CropSource & PitchSource, config: TrainConfig) {
    this.#source = source;
    this.#config = config;
    const utterances = withPitch(source.utterances);
    this.cropFrames = longestCrop(utterances, CROP_FRAMES);
    this.#draw = new CropDraw(utterancesToTrainOn({ utterances }, this), this.cropFrames);
  }

  /** The inputs of a step but for the schedule's. */
  inputs(step: number): Record<string, TensorValue> {
    const { batch, seed, gainLow, gainHigh } = this.#config;
    const random = new StepRandom(seed, "excitation", step);
    const crops = Array.from({ length: batch }, () => this.#draw.next(random));
    const gains = crops.map(() => random.between(gainLow, gainHigh));
    const { bands } = this.#source.format;
    const mel = new Float32Array(crops.length * this.cropFrames * bands);
    const pitch = new Float32Array(crops.length * this.cropFrames * ROW);
    crops.forEach(({ utterance, frame }, item) => {
      const at = item * this.cropFrames;
      this.#source.readMel(utterance, frame, this.cropFrames, mel, at * bands);
      this.#source.readPitch(utterance, frame, this.cropFrames, pitch, at * ROW);
    });
    return {
      mel: { data: mel, shape: [crops.length, this.cropFrames, bands] },
      gain: { data: Float32Array.from(gains), shape: [crops.length] },
      ...pitchTargets(pitch, crops.length),
    };
  }
}

/** Utterances whose own recording, from which the pitch is known, is there too. */
function withPitch(utterances: readonly Utterance[]): readonly Utterance[] {
  const natural = new Set(utterances.filter(({ speed }) => speed === 1).map(({ name }) => name));
  return utterances.filter(({ name }) => natural.has(name));
}

/**
 * Rows of pitch as what the loss compares with.
 *
 * @param pitch [batch, frames, 6]: Hz, 0 where there is no voice, then the bands' voicing
 */
export function pitchTargets(pitch: Float32Array, batch: number): PitchTargets & Record<string, TensorValue> {
  const count = pitch.length / ROW;
  const [classes, pitched, voiced] = [0, 0, 0].map(() => new Float32Array(count));
  const bandVoicing = new Float32Array(count * BANDS);
  for (let frame = 0; frame < count; frame++) {
    const hertz = pitch[frame * ROW];
    if (!(hertz > 0)) continue;
    voiced[frame] = 1;
    classes[frame] = pitchClass(hertz);
    // a copy's pitch may lie beyond the classes
    pitched[frame] = classes[frame] >= 0 && classes[frame] <= PITCH_CLASSES - 1 ? 1 : 0;
    for (let band = 0; band < BANDS; band++) {
      const share = pitch[frame * ROW + 1 + band];
      bandVoicing[frame * BANDS + band] = Math.min(1, Math.max(0, share));
    }
  }
  const shape = [batch, count / batch];
  return {
    pitchClass: { data: classes, shape },
    pitched: { data: pitched, shape },
    voiced: { data: voiced, shape },
    bandVoicing: { data: bandVoicing, shape: [...shape, BANDS] },
  };
}

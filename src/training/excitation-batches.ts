// The batches of the excitation model's training, as a function of the run's seed and the step: crops of mels, drawn with
// probability proportional to the recordings' lengths, a gain for each, and their frames' pitch and voicing.
import { PITCH_CLASSES, pitchClass, voicingBands } from "../models/excitation-model.js";
import type { TensorValue } from "../runtime/runtime.js";
import { utterancesToTrainOn } from "./batches.js";
import { CropDraw } from "./crop-draw.js";
import type { CropSource, PitchSource, Utterance } from "./crop-source.js";
import { StepRandom } from "./random.js";
import type { TrainConfig } from "./train-config.js";

/** Mel frames a crop: less where no recording is so long. */
const CROP_FRAMES = 100;

const BANDS = voicingBands.length;
const ROW = 1 + BANDS;

/** What is known of frames' pitch, for a batch of crops. */
export interface PitchTargets {
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
    const longest = Math.max(1, ...utterances.filter(({ heldOut }) => !heldOut).map(({ frames }) => frames));
    this.cropFrames = Math.min(longest, CROP_FRAMES);
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

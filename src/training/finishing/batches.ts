// The inputs of a finishing step, as a function of the run's seed and the step: crops of which the first half keep the mel
// of their recording and the others are given smoothed ones, and for each the pulses and the voicing that the excitation
// model reads off the mel that the network is given. Where there are mels that a model predicted, some of the others have
// those.
import { fillNormals } from "../../diffusion/noise.js";
import type { Program, Engine, TensorValue } from "../../engine/engine.js";
import { framePhases, heldPitch, pulses } from "../../models/excitation/pulse-train.js";
import { binVoicing, EXCITATION_OUTPUTS, readExcitation } from "../../models/excitation/shape.js";
import type { MelFormat } from "../../mel/format.js";
import { smoothed } from "../../mel/smoothing.js";
import type { BatchSource } from "../batches.js";
import type { TrainConfig } from "../config.js";
import { MARGIN } from "../crops.js";
import { compileExcitation } from "../excitation-data.js";
import { drawSmoothing, StepRandom } from "../draws.js";
import type { SamplerInputs } from "./sampler.js";

type Inputs = Record<string, TensorValue>;

/** Numbers of the noise signals, far from those of other purposes. */
const NOISE_STEPS = { mel: 2 ** 42, breath: 2 ** 43, start: 2 ** 44 } as const;

/** Crops whose noise is predicted too: those that keep their own mel. */
export function sharpCrops({ batch, smoothShare }: Pick<TrainConfig, "batch" | "smoothShare">): number {
  return Math.max(1, batch - Math.round(batch * smoothShare));
}

/** How many of a batch's crops have mels that a model predicted, where a run has such mels. */
export function predictedCount({
  batch,
  smoothShare,
  predictedShare,
}: Pick<TrainConfig, "batch" | "smoothShare" | "predictedShare">): number {
  return Math.round((batch - sharpCrops({ batch, smoothShare })) * predictedShare);
}

/** Draws the batches of a finishing phase. */
export class FinishingBatches {
  readonly #batches: BatchSource;
  readonly #config: TrainConfig;
  readonly #format: MelFormat;
  readonly #excitation: Program;

  private constructor(batches: BatchSource, config: TrainConfig, format: MelFormat, excitation: Program) {
    this.#batches = batches;
    this.#config = config;
    this.#format = format;
    this.#excitation = excitation;
  }

  /**
   * @param batches of the crops
   * @param config of the phase
   * @param weights the excitation model's
   */
  static async open(
    runtime: Engine,
    batches: BatchSource,
    config: TrainConfig,
    format: MelFormat,
    weights: Readonly<Record<string, TensorValue>>,
  ): Promise<FinishingBatches> {
    const excitation = await compileExcitation(runtime, config.batch, format.bands, weights);
    return new FinishingBatches(batches, config, format, excitation);
  }

  /** Inputs of a step. */
  async inputs(step: number): Promise<Inputs> {
    const { seed } = this.#config;
    const crops = this.#batches.networkInputs(step);
    const mel = this.#smoothedMels(crops["mel"], step);
    const random = new StepRandom(seed, "sampler", step);
    return {
      ...crops,
      mel,
      ...(await this.#excitationOf(mel, crops["gain"].data as Float32Array, random)),
      ...this.#levels(random),
      breath: this.#noise(NOISE_STEPS.breath + step),
      startNoise: this.#noise(NOISE_STEPS.start + step),
    };
  }

  /** Frees the compiled excitation model. */
  async dispose(): Promise<void> {
    await this.#excitation.dispose();
  }

  #smoothedMels({ data, shape }: TensorValue, step: number): TensorValue {
    const { seed, batch } = this.#config;
    const random = new StepRandom(seed, "smoothing", step);
    const normals = fillNormals(new Float32Array(data.length), { seed, step: NOISE_STEPS.mel + step });
    const values = Float32Array.from(data);
    const size = data.length / batch;
    for (let item = sharpCrops(this.#config); item < batch - this.#batches.predictedCount; item++) {
      const part = values.subarray(item * size, (item + 1) * size);
      const strength = drawSmoothing(this.#config, random);
      part.set(smoothed(part, this.#format.bands, strength, normals.subarray(item * size)));
    }
    return { data: values, shape };
  }

  /** What the excitation model says of mels with their margins, and the pulses of it. */
  async #excitationOf(
    mel: TensorValue,
    gains: Float32Array,
    random: StepRandom,
  ): Promise<Pick<Record<keyof SamplerInputs, TensorValue>, "pulses" | "voicing">> {
    const { batch, cropFrames } = this.#config;
    const { hopLength, sampleRate, floor } = this.#format;
    const size = mel.data.length / batch;
    const least = Math.log(floor);
    const heard = Float32Array.from(mel.data, (value, i) =>
      Math.max(least, value + gains[Math.floor(i / size)]),
    );
    const { logits } = await this.#excitation.run({ mel: { data: heard, shape: mel.shape } });
    const signals = new Float32Array(batch * cropFrames * hopLength);
    const voicing = new Float32Array(batch * cropFrames * hopLength);
    const rows = (cropFrames + 2 * MARGIN) * EXCITATION_OUTPUTS;
    for (let item = 0; item < batch; item++) {
      const first = item * rows + MARGIN * EXCITATION_OUTPUTS;
      const inside = (logits.data as Float32Array).subarray(first, first + cropFrames * EXCITATION_OUTPUTS);
      const { pitch, voiced, bandVoicing } = readExcitation(inside);
      const held = heldPitch(pitch, voiced);
      const phase = random.uniform();
      const phases = framePhases(held, hopLength, sampleRate).map((cycles) => cycles + phase);
      const at = item * cropFrames * hopLength;
      signals.set(pulses(held, phases, sampleRate, hopLength), at);
      voicing.set(binVoicing(voiced, bandVoicing, hopLength, sampleRate), at);
    }
    return {
      pulses: { data: signals, shape: [batch, cropFrames * hopLength] },
      voicing: { data: voicing, shape: [batch, cropFrames, hopLength] },
    };
  }

  /** λ of both calls: around the settings' levels, and for a share of the crops the first alone. */
  #levels(random: StepRandom): Pick<Record<keyof SamplerInputs, TensorValue>, "firstLevel" | "secondLevel"> {
    const { batch, samplerLevels, levelJitter, oneStepShare, lowestLogSnr, highestLogSnr } = this.#config;
    const [first, second] = [new Float32Array(batch), new Float32Array(batch)];
    const jittered = (level: number): number =>
      Math.min(highestLogSnr, Math.max(lowestLogSnr, level + random.between(-levelJitter, levelJitter)));
    for (let item = 0; item < batch; item++) {
      first[item] = jittered(samplerLevels[0]);
      second[item] = Math.max(first[item], jittered(samplerLevels[1]));
      if (random.uniform() < oneStepShare) second[item] = first[item];
    }
    return { firstLevel: { data: first, shape: [batch] }, secondLevel: { data: second, shape: [batch] } };
  }

  #noise(step: number): TensorValue {
    const { batch, cropFrames, seed } = this.#config;
    const samples = cropFrames * this.#format.hopLength;
    return { data: fillNormals(new Float32Array(batch * samples), { seed, step }), shape: [batch, samples] };
  }
}

// The whole way from mel to waveform as one wavefront: conditioning, start, the plan's steps, the waveform, its mel
// corrections, and a look at how well it has the mel. Natural-log mel [frames, bands] in, samples [frames·hop] out.
import type { MelFormat } from "../../audio/mel-format/mel-format.js";
import type { Seed } from "../../diffusion/noise.js";
import type { SamplingPlan } from "../../diffusion/samplers/sampling-plan.js";
import type { RefinementOptions } from "../mel-consistency.js";
import type { MelCorrection } from "../mel-correction.js";
import type { Networks } from "../networks.js";
import type { RefinementPool } from "../refinement-pool.js";
import type { StartSignal } from "../start-signal.js";
import { MatchStage } from "./match-stage.js";
import { conditioningStage, startStage, type StepState, stepStage, waveformStage } from "./network-stages.js";
import { RefinementStage } from "./refinement-stage.js";
import { Track } from "./track.js";
import { type Stage, Wavefront } from "./wavefront.js";

/** What computes. */
export interface SynthesisParts {
  readonly format: MelFormat;
  readonly networks: Networks;
  /** Corrects waveforms. */
  readonly pool: RefinementPool;
  /** Measures waveforms. */
  readonly correction: MelCorrection;
}

/** What is computed. */
export interface SynthesisSettings {
  readonly plan: SamplingPlan;
  readonly start: StartSignal;
  /** Of the noise that the plan adds. */
  readonly seed: Seed;
  readonly refinement: RefinementOptions;
  /** Frames that a stage computes at once, about. */
  readonly tile: number;
  /** Where the signal begins in a longer one, as far as its noise goes. */
  readonly firstFrame: number;
}

/** The synthesis of one signal. */
export class SynthesisWavefront {
  readonly #wavefront: Wavefront;
  readonly #match: MatchStage;
  readonly #stages: number;

  constructor({ format, networks, pool, correction }: SynthesisParts, settings: SynthesisSettings) {
    const { plan, start, seed, refinement, tile, firstFrame } = settings;
    const noise = { seed, firstFrame };
    const mel = new Track(format.bands);
    const conditioning = conditioningStage(networks, mel);
    const begin = startStage(start, mel, format.hopLength, firstFrame);
    const stages: Stage[] = [...conditioning.stages, begin];
    let state: StepState = { z: begin.z, x0: undefined };
    for (const [index, step] of plan.steps.entries()) {
      const isLast = index + 1 === plan.steps.length;
      const stage = stepStage(networks, step, index, isLast, state, conditioning.tracks, noise);
      stages.push(stage);
      state = stage.state;
    }
    const coloured = waveformStage(networks, state.x0 ?? state.z, conditioning.tracks);
    stages.push(coloured);
    let { waveform } = coloured;
    if (refinement.iterations > 0) {
      const refining = new RefinementStage(pool, format, refinement, mel, waveform);
      stages.push(refining);
      [waveform] = refining.outputs;
    }
    this.#match = new MatchStage(correction, mel, waveform);
    stages.push(this.#match);
    this.#stages = stages.length;
    this.#wavefront = new Wavefront(stages, mel, waveform, tile);
  }

  /** Mel frames behind a frame of the waveform that have to be known before it comes out. */
  get lookAhead(): number {
    return this.#wavefront.lookAhead;
  }

  /** The mean absolute difference between the waveform's log-mel and the given one so far, in ln. */
  get melDifference(): number {
    return this.#match.difference;
  }

  /** The work that is done, in frames times stages. */
  get workDone(): number {
    return this.#wavefront.framesDone;
  }

  /** The whole work on a mel of so many frames. */
  workFor(frames: number): number {
    return this.#stages * frames;
  }

  /** Takes the mel's next frames. */
  push(mel: Float32Array): void {
    this.#wavefront.push(mel);
  }

  /** Says that the mel has ended. */
  end(): void {
    this.#wavefront.end();
  }

  /**
   * Computes what can be computed.
   *
   * @param afterEach called between tiles; what it throws ends the work
   * @returns the waveform's next samples
   */
  async advance(afterEach: () => void): Promise<Float32Array> {
    await this.#wavefront.advance(afterEach);
    return this.#wavefront.take();
  }
}

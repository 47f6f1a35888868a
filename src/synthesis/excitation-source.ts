// A checkpoint's excitation model on an engine, and the mixture of pulses and noise that it asks for.
import {
  type Checkpoint,
  isMaskNet,
  type MaskNetCheckpoint,
  weightsOfPart,
} from "../checkpoint/checkpoint.js";
import { weightParts } from "../checkpoint/config.js";
import type { EncoderConfig } from "../models/encoder.js";
import { type Excitation, excitationLogits, readExcitation } from "../models/excitation-model.js";
import { mixExcitation } from "../models/excitation-signal.js";
import { createMdct } from "../models/mdct.js";
import { encoderReach, type Reach } from "../models/reach.js";
import { weightsOf } from "../models/weights.js";
import { frames, type Program, type Runtime } from "../runtime/runtime.js";
import { InputError } from "../errors.js";
import { type NetworkFunction, signalSpecs } from "./network-functions.js";
import { Turns } from "./turns.js";

/** A checkpoint was trained without an excitation model, and one is needed. */
export class NoExcitationError extends InputError {
  constructor() {
    super(
      "This checkpoint has no excitation model, which reads the pitch off a mel. Train one with 'vocode train " +
        "--excitation-steps 1000', or take another checkpoint.",
    );
  }
}

/** Natural-log mel → the excitation model's logits [1, F, 206]. Weights by the model's own names. */
export function excitationFunction(checkpoint: MaskNetCheckpoint, shape: EncoderConfig): NetworkFunction {
  return {
    fn: (inputs, held) => ({ logits: excitationLogits(weightsOf(held), inputs["mel"], shape) }),
    signature: {
      inputs: { mel: signalSpecs(checkpoint).mel },
      weights: weightsOfPart(checkpoint, weightParts.excitation),
      source: JSON.stringify({ part: "excitation", shape, format: checkpoint.config.mel }),
    },
  };
}

/** Pulses and noise [1, F·hop] and the voicing of each bin [1, F, hop] → their mixture [1, F·hop]. */
export function excitationMixFunction(checkpoint: MaskNetCheckpoint): NetworkFunction {
  const { hopLength } = checkpoint.config.mel;
  const transform = createMdct(hopLength);
  const { signal } = signalSpecs(checkpoint);
  return {
    fn: ({ pulses, noise, voicing }) => ({ signal: mixExcitation(transform, pulses, noise, voicing) }),
    signature: {
      inputs: { pulses: signal, noise: signal, voicing: { shape: [1, frames(), hopLength] } },
      source: JSON.stringify({ part: "excitation mix", hopLength }),
    },
  };
}

/** An excitation model, compiled; its calls take turns. */
export class ExcitationSource {
  /** Of mel frames into what the model says. */
  readonly reach: Reach;
  readonly #bands: number;
  readonly #model: Program;
  readonly #mixture: Program;
  readonly #turns = new Turns();

  private constructor(bands: number, reach: Reach, model: Program, mixture: Program) {
    this.#bands = bands;
    this.reach = reach;
    this.#model = model;
    this.#mixture = mixture;
  }

  /** The checkpoint's model; undefined where it has none. */
  static async create(runtime: Runtime, checkpoint: Checkpoint): Promise<ExcitationSource | undefined> {
    if (!isMaskNet(checkpoint)) return undefined;
    const { excitation: shape, mel } = checkpoint.config;
    if (!shape) return undefined;
    const compile = ({ fn, signature }: NetworkFunction): Promise<Program> => runtime.compile(fn, signature);
    const model = await compile(excitationFunction(checkpoint, shape));
    const mixture = await compile(excitationMixFunction(checkpoint));
    return new ExcitationSource(mel.bands, encoderReach(shape), model, mixture);
  }

  /**
   * The checkpoint's model, which has to be there.
   *
   * @throws NoExcitationError
   */
  static async open(runtime: Runtime, checkpoint: Checkpoint): Promise<ExcitationSource> {
    const source = await ExcitationSource.create(runtime, checkpoint);
    if (!source) throw new NoExcitationError();
    return source;
  }

  /** Pitch and voicing of a natural-log mel [F, bands]. */
  async read(mel: Float32Array): Promise<Excitation> {
    const shape = [1, mel.length / this.#bands, this.#bands];
    const { logits } = await this.#turns.take(() => this.#model.run({ mel: { data: mel, shape } }));
    return readExcitation(logits.data as Float32Array);
  }

  /**
   * Pulses where a bin is voiced and noise where it is not.
   *
   * @param pulses [F·hop]
   * @param noise [F·hop]
   * @param voicing share of pulses in each bin's power, [F, hop]
   * @returns [F·hop]
   */
  async mix(
    pulses: Float32Array,
    noise: Float32Array,
    voicing: Float32Array,
    hop: number,
  ): Promise<Float32Array> {
    const samples = pulses.length;
    const inputs = {
      pulses: { data: pulses, shape: [1, samples] },
      noise: { data: noise, shape: [1, samples] },
      voicing: { data: voicing, shape: [1, samples / hop, hop] },
    };
    const { signal } = await this.#turns.take(() => this.#mixture.run(inputs));
    return signal.data as Float32Array;
  }

  /** Frees what the engine holds. */
  async dispose(): Promise<void> {
    await this.#model.dispose();
    await this.#mixture.dispose();
  }
}

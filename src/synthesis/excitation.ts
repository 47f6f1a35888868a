// A checkpoint's excitation model on an engine, and the mixture of pulses and noise that it asks for.
import { type AnyCheckpoint, weightsOfPart } from "../checkpoint/checkpoint.js";
import { weightParts } from "../checkpoint/config.js";
import { InputError } from "../errors.js";
import { type EncoderConfig, encoderReach } from "../models/layers/shapes.js";
import { binVoicing, type Excitation, readExcitation } from "../models/excitation/shape.js";
import type { Reach } from "../mel/frames.js";
import { weightsOf } from "../models/weights.js";
import { defaultPrecision, frames, type Precision, type Program, type Engine } from "../engine/engine.js";
import { type NetworkFunction, signalSpecs, weightsFrom } from "./network-functions.js";
import { Turns } from "../host/thread-pool.js";
import type { MelFormat } from "../mel/format.js";
import { KernelMixture } from "../kernel/kernel-mixture.js";

// Pulses and noise to their mixture (models/excitation/graph.ts) in the fastest form that there is: in WebAssembly SIMD,
// and on an engine where the kernel cannot do the hop. Signals [F·hop].

/** Mixes the excitation of one part of a signal at a time; calls may not overlap. */
interface ExcitationMixture {
  /**
   * MDCT⁻¹(√V·MDCT(pulses) + √(1−V)·MDCT(noise)).
   *
   * @param pulses [F·hop]
   * @param noise [F·hop]
   * @param voiced probability of a voice [F]
   * @param bandVoicing share of pulses in each band's power [F, 5]
   * @returns [F·hop]
   */
  mix(
    pulses: Float32Array,
    noise: Float32Array,
    voiced: Float32Array,
    bandVoicing: Float32Array,
  ): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** The mixture for a mel format's hop. */
export async function openMixture(runtime: Engine, format: MelFormat): Promise<ExcitationMixture> {
  const { hopLength, sampleRate } = format;
  if (!KernelMixture.isSupported(hopLength)) return GraphMixture.create(runtime, format);
  const kernel = await KernelMixture.create(hopLength, sampleRate);
  return {
    mix: (...parts) => Promise.resolve(kernel.mix(...parts)),
    dispose: () => Promise.resolve(),
  };
}

/** The mixture as a graph. */
export class GraphMixture implements ExcitationMixture {
  readonly #program: Program;
  readonly #format: MelFormat;

  private constructor(program: Program, format: MelFormat) {
    this.#program = program;
    this.#format = format;
  }

  static async create(runtime: Engine, format: MelFormat): Promise<GraphMixture> {
    const mixture = mixtureFunction(format);
    return new GraphMixture(await runtime.compile(mixture, mixture.signature), format);
  }

  async mix(
    pulses: Float32Array,
    noise: Float32Array,
    voiced: Float32Array,
    bandVoicing: Float32Array,
  ): Promise<Float32Array> {
    const { hopLength, sampleRate } = this.#format;
    const samples = pulses.length;
    const { signal } = await this.#program.run({
      pulses: { data: pulses, shape: [1, samples] },
      noise: { data: noise, shape: [1, samples] },
      voicing: {
        data: binVoicing(voiced, bandVoicing, hopLength, sampleRate),
        shape: [1, voiced.length, hopLength],
      },
    });
    return signal.data as Float32Array;
  }

  async dispose(): Promise<void> {
    await this.#program.dispose();
  }
}

/** Pulses and noise [1, F·hop] and the voicing of each bin [1, F, hop] → their mixture [1, F·hop]. */
function mixtureFunction({ hopLength }: MelFormat): NetworkFunction {
  const signal = { shape: [1, frames(hopLength)] };
  return {
    load: async () => {
      const { mixExcitation } = await import("../models/excitation/graph.js");
      const { createMdct } = await import("../models/layers/mdct.js");
      const transform = createMdct(hopLength);
      return ({ pulses, noise, voicing }) => ({ signal: mixExcitation(transform, pulses, noise, voicing) });
    },
    signature: {
      inputs: { pulses: signal, noise: signal, voicing: { shape: [1, frames(), hopLength] } },
      freesMemory: true,
      source: JSON.stringify({ part: "excitation mixture", hopLength }),
    },
  };
}

/** A checkpoint was trained without an excitation model, and one is needed. */
export class NoExcitationError extends InputError {
  constructor() {
    super(
      "This checkpoint has no excitation model, which reads the pitch off a mel. Train one with 'vocode train " +
        "--excitation-steps 1000', or take another checkpoint.",
    );
  }
}

/**
 * Natural-log mel → the excitation model's logits [1, F, 206]. Weights by the model's own names.
 *
 * @param precision of its Linear layers; int8 for those that are calibrated, which a checkpoint may leave out
 */
export function excitationFunction(
  checkpoint: AnyCheckpoint,
  shape: EncoderConfig,
  precision: Precision,
): NetworkFunction {
  const { excitationQuantisation = {} } = checkpoint.config;
  return {
    load: async () => {
      const { excitationLogits } = await import("../models/excitation/graph.js");
      return (inputs, held) => ({ logits: excitationLogits(weightsOf(held), inputs["mel"], shape) });
    },
    signature: {
      inputs: { mel: signalSpecs(checkpoint).mel },
      ...weightsFrom(checkpoint, (all) => weightsOfPart(all, weightParts.excitation)),
      ...(precision === "int8" && { quantised: excitationQuantisation }),
      freesMemory: true,
      source: JSON.stringify({ part: "excitation", shape, format: checkpoint.config.mel }),
    },
  };
}

/** An excitation model, compiled; its calls take turns. */
export class ExcitationSource {
  /** Of mel frames into what the model says. */
  readonly reach: Reach;
  readonly #bands: number;
  readonly #model: Program;
  readonly #mixture: ExcitationMixture;
  readonly #turns = new Turns();

  private constructor(bands: number, reach: Reach, model: Program, mixture: ExcitationMixture) {
    this.#bands = bands;
    this.reach = reach;
    this.#model = model;
    this.#mixture = mixture;
  }

  /**
   * The checkpoint's model; undefined where it has none.
   *
   * @param precision of its Linear layers, where it is calibrated for it
   */
  static async create(
    runtime: Engine,
    checkpoint: AnyCheckpoint,
    precision: Precision = defaultPrecision(runtime, checkpoint.config),
  ): Promise<ExcitationSource | undefined> {
    const { excitation: shape, mel } = checkpoint.config;
    if (!shape) return undefined;
    const network = excitationFunction(checkpoint, shape, precision);
    const model = await runtime.compile(network, network.signature);
    return new ExcitationSource(mel.bands, encoderReach(shape), model, await openMixture(runtime, mel));
  }

  /**
   * The checkpoint's model, which has to be there.
   *
   * @throws NoExcitationError
   */
  static async open(runtime: Engine, checkpoint: AnyCheckpoint): Promise<ExcitationSource> {
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

  /** Pulses where a bin is voiced and noise where it is not; see ExcitationMixture. */
  async mix(...parts: Parameters<ExcitationMixture["mix"]>): Promise<Float32Array> {
    return this.#turns.take(() => this.#mixture.mix(...parts));
  }

  /** Frees what the engine holds. */
  async dispose(): Promise<void> {
    await this.#model.dispose();
    await this.#mixture.dispose();
  }
}

// Pulses and noise to their mixture (models/excitation-signal.ts) in the fastest form that there is: in WebAssembly SIMD,
// and on an engine where the kernel cannot do the hop. Signals [F·hop].
import type { MelFormat } from "../audio/mel-format/mel-format.js";
import { binVoicing, mixExcitation } from "../models/excitation-signal.js";
import { createMdct } from "../models/mdct.js";
import { frames, type Program, type Runtime } from "../runtime/runtime.js";
import type { NetworkFunction } from "./network-functions.js";
import { KernelMixture } from "./signal/kernel-mixture.js";

/** Mixes the excitation of one part of a signal at a time; calls may not overlap. */
export interface ExcitationMixture {
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
export async function openMixture(runtime: Runtime, format: MelFormat): Promise<ExcitationMixture> {
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

  static async create(runtime: Runtime, format: MelFormat): Promise<GraphMixture> {
    const { fn, signature } = mixtureFunction(format);
    return new GraphMixture(await runtime.compile(fn, signature), format);
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
  const transform = createMdct(hopLength);
  const signal = { shape: [1, frames(hopLength)] };
  return {
    fn: ({ pulses, noise, voicing }) => ({ signal: mixExcitation(transform, pulses, noise, voicing) }),
    signature: {
      inputs: { pulses: signal, noise: signal, voicing: { shape: [1, frames(), hopLength] } },
      freesMemory: true,
      source: JSON.stringify({ part: "excitation mixture", hopLength }),
    },
  };
}

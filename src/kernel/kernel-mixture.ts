// The mixture of pulses and noise (models/excitation/graph.ts defines it) in WebAssembly SIMD, with a fast MDCT.
import { bandsOfBins } from "../models/excitation/shape.js";
import { KernelMdct } from "./kernel-mdct.js";

/** Mixes the excitation of one part of a signal at a time; holds memory for the longest that it has seen. */
export class KernelMixture {
  readonly #mdct: KernelMdct;
  /** Of each bin: the band below it, and how near it is to the one above. */
  readonly #bands: Int32Array;
  readonly #shares: Float64Array;

  private constructor(mdct: KernelMdct, sampleRate: number) {
    this.#mdct = mdct;
    const bins = bandsOfBins(mdct.hop, sampleRate);
    this.#bands = Int32Array.from(bins, ({ lower }) => lower);
    this.#shares = Float64Array.from(bins, ({ share }) => share);
  }

  /** Whether the kernel can do a hop here. */
  static isSupported(hop: number): boolean {
    return KernelMdct.isSupported(hop);
  }

  /** @param hop one that is supported */
  static async create(hop: number, sampleRate: number): Promise<KernelMixture> {
    return new KernelMixture(await KernelMdct.create(hop, 2), sampleRate);
  }

  /**
   * MDCT⁻¹(√V·MDCT(pulses) + √(1−V)·MDCT(noise)), V = 0 in frames without voice.
   *
   * @param voiced probability [F]
   * @param bandVoicing [F, 5]
   * @returns [F·hop]
   */
  mix(
    pulses: Float32Array,
    noise: Float32Array,
    voiced: Float32Array,
    bandVoicing: Float32Array,
  ): Float32Array {
    const [pulseGains, noiseGains] = this.#mdct.begin(voiced.length);
    this.#fillGains(pulseGains, noiseGains, voiced, bandVoicing);
    this.#mdct.add(pulses, pulseGains);
    this.#mdct.add(noise, noiseGains);
    return this.#mdct.end(pulses.length);
  }

  /** √V and √(1−V) of every frame and bin. */
  #fillGains(pulseGains: number, noiseGains: number, voiced: Float32Array, bandVoicing: Float32Array): void {
    const { hop, kernel } = this.#mdct;
    const [bands, shares] = [this.#bands, this.#shares];
    const frames = 4 * Math.ceil(voiced.length / 4);
    const [periodic, random] = [pulseGains, noiseGains].map((gains) => kernel.floats(gains, frames * hop));
    const count = bandVoicing.length / voiced.length;
    for (let frame = 0; frame < frames; frame++) {
      const first = (frame - (frame % 4)) * hop + (frame % 4);
      if (voiced[frame] > 0.5) {
        for (let bin = 0; bin < hop; bin++) {
          const at = frame * count + bands[bin];
          const below = bandVoicing[at];
          // a bin beyond the last band's centre has a share of 0 in what comes behind it
          const voicing = shares[bin] === 0 ? below : below + shares[bin] * (bandVoicing[at + 1] - below);
          periodic[first + 4 * bin] = Math.sqrt(voicing);
          random[first + 4 * bin] = Math.sqrt(Math.max(0, 1 - voicing));
        }
      } else {
        // frames that fill the last group up have no part at all
        const rest = frame < voiced.length ? 1 : 0;
        for (let bin = 0; bin < hop; bin++) {
          periodic[first + 4 * bin] = 0;
          random[first + 4 * bin] = rest;
        }
      }
    }
  }
}

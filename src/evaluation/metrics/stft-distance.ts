// The distance of two short-time spectra (Arik et al. 2019; Yamamoto et al. 2020, Parallel WaveGAN): spectral convergence
// plus the mean absolute difference of the log magnitudes. Its mean over three resolutions is `mstft`; 0 is perfect.

/** FFT sizes over which `mstft` is the mean; the window is as long, the hop a quarter. */
export const STFT_SIZES = [512, 1024, 2048] as const;
/** Smaller magnitudes count as this. */
const FLOOR = 1e-5;

/** Sums one resolution's distance up, frame by frame. */
export class StftDistance {
  #squaredDifference = 0;
  #squaredReference = 0;
  #logDifference = 0;
  #count = 0;

  /** Takes the magnitudes of one frame. [bins] each */
  add(reference: Float64Array, synthesis: Float64Array): void {
    for (let bin = 0; bin < reference.length; bin++) {
      const [p, q] = [reference[bin], synthesis[bin]];
      this.#squaredDifference += (p - q) * (p - q);
      this.#squaredReference += p * p;
      this.#logDifference += Math.abs(Math.log(Math.max(p, FLOOR) / Math.max(q, FLOOR)));
    }
    this.#count += reference.length;
  }

  /** ‖P − Q‖/‖P‖ + mean |ln P − ln Q|; infinite where only the reference is silent. */
  get value(): number {
    const convergence =
      this.#squaredDifference === 0 ? 0 : Math.sqrt(this.#squaredDifference / this.#squaredReference);
    return convergence + this.#logDifference / this.#count;
  }
}

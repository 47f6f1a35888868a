// Mel-cepstral distance (Kubichek 1993), `mcd`, in dB, over 13 coefficients of log-mels as the WaveGrad paper takes it.
// The coefficients are those of ln|S| = c₀ + Σ c_d cos(πd(b+½)/B), so that a frame's distance (10/ln 10)·√(2·Σ Δc_d²) is
// the RMS difference in dB of the two smoothed spectra. c₀, the loudness, is left out. 0 is perfect.

const COEFFICIENTS = 13;

/** Sums the distance up, frame by frame. */
export class MelCepstralDistance {
  /** [13, bands]; rows give c₁ … c₁₃ */
  readonly #basis: Float64Array;
  readonly #bands: number;
  #sum = 0;
  #frames = 0;

  constructor(bands: number) {
    this.#bands = bands;
    this.#basis = Float64Array.from({ length: COEFFICIENTS * bands }, (_, i) => {
      const [d, band] = [1 + Math.floor(i / bands), i % bands];
      return (2 / bands) * Math.cos((Math.PI * d * (band + 0.5)) / bands);
    });
  }

  /** Takes the log-mels of one frame. [bands] each */
  add(reference: Float64Array, synthesis: Float64Array): void {
    let squares = 0;
    for (let row = 0; row < this.#basis.length; row += this.#bands) {
      let difference = 0;
      for (let band = 0; band < this.#bands; band++) {
        difference += this.#basis[row + band] * (reference[band] - synthesis[band]);
      }
      squares += difference * difference;
    }
    this.#sum += (10 / Math.LN10) * Math.sqrt(2 * squares);
    this.#frames++;
  }

  /** In dB, the mean over the frames. */
  get value(): number {
    return this.#sum / this.#frames;
  }
}

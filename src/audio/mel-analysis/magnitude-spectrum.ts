// Magnitudes of a windowed frame's Fourier transform, computed by Meyda (meyda.js.org). Its complex spectrum rather
// than its amplitudeSpectrum, which is rounded to float32 and lacks the bin at half the sample rate.
import meyda from "meyda";

/** The transform of one frame length. */
export class MagnitudeSpectrum {
  // a copy: Meyda's settings are fields of one global object, and two frame lengths may be in use at a time
  readonly #meyda = Object.assign({}, meyda);
  readonly #bins: number;

  /** @param fftSize a power of two */
  constructor(fftSize: number) {
    this.#bins = fftSize / 2 + 1;
    this.#meyda.bufferSize = fftSize;
    this.#meyda.windowingFunction = "rect";
  }

  /**
   * √(re² + im² + epsilon) of each bin from 0 to half the sample rate.
   *
   * @param frame windowed samples, [fftSize]
   * @param magnitudes is filled, [fftSize/2+1]
   */
  transform(frame: Float64Array, epsilon: number, magnitudes: Float64Array): void {
    const { real, imag } = this.#meyda.extract("complexSpectrum", frame);
    for (let bin = 0; bin < this.#bins; bin++) {
      magnitudes[bin] = Math.sqrt(real[bin] ** 2 + imag[bin] ** 2 + epsilon);
    }
  }
}

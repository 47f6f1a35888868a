// LS-MSE of the WaveGrad paper (Chen et al. 2020): the mean squared difference of two log-mel spectrograms, with windows
// of 50 ms and hops of 6.25 ms. 0 is perfect. The mel is that paper's, at 22,050 Hz: 128 HTK bands from 20 Hz up.
import type { MelFormat } from "../../audio/mel-format/mel-format.js";
import { findPreset } from "../../audio/mel-format/mel-presets.js";

/** The bands end at half the rate, in place of 12 kHz; hop and window are rounded to samples. */
export const fineMelFormat: MelFormat = {
  ...findPreset("wavegrad-24k-128"),
  sampleRate: 22050,
  windowLength: 1102,
  hopLength: 138,
  maxFrequency: 11025,
};

/** Sums the error up, frame by frame. */
export class LogSpectralError {
  #sum = 0;
  #count = 0;

  /** Takes the log-mels of one frame. [bands] each */
  add(reference: Float64Array, synthesis: Float64Array): void {
    for (let band = 0; band < reference.length; band++) this.#sum += (reference[band] - synthesis[band]) ** 2;
    this.#count += reference.length;
  }

  /** In squared natural logarithms of the magnitude. */
  get value(): number {
    return this.#sum / this.#count;
  }
}

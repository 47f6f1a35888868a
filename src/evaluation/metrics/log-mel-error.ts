// The mean absolute difference of two log-mels (Kong et al. 2020, HiFi-GAN, whose mel loss it is): `mel`; 0 is perfect.
// A difference of 0.1 is 10 % of a band's magnitude, or 0.87 dB.
import { findPreset } from "../../audio/mel-format/mel-presets.js";

/** 22,050 Hz, 1024/256, 80 Slaney bands to 8 kHz, ln from 1e−5 up; centred frames, nothing added under the root. */
export const logMelErrorFormat = findPreset("tacotron2-22k-80");

/** Sums the error up, frame by frame. */
export class LogMelError {
  #sum = 0;
  #count = 0;

  /** Takes the log-mels of one frame. [bands] each */
  add(reference: Float64Array, synthesis: Float64Array): void {
    for (let band = 0; band < reference.length; band++)
      this.#sum += Math.abs(reference[band] - synthesis[band]);
    this.#count += reference.length;
  }

  /** In natural logarithms of the magnitude. */
  get value(): number {
    return this.#sum / this.#count;
  }
}

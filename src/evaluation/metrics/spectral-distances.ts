// The mean absolute difference of two log-mels (Kong et al. 2020, HiFi-GAN, whose mel loss it is): `mel`; 0 is perfect.
// A difference of 0.1 is 10 % of a band's magnitude, or 0.87 dB.
import { findPreset } from "../../mel/presets.js";
import { type BandRow, melBandRows } from "../../mel/bank.js";
import type { MelFormat } from "../../mel/format.js";

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

// LS-MSE of the WaveGrad paper (Chen et al. 2020): the mean squared difference of two log-mel spectrograms, with windows
// of 50 ms and hops of 6.25 ms. 0 is perfect. The mel is that paper's, at 22,050 Hz: 128 HTK bands from 20 Hz up.

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

// The log-mel of one frame's magnitudes, as the mel metrics take it: ln of the band's weighted sum, from a floor up.

/** Turns magnitudes into log-mels of one format. */
export class LogMel {
  readonly #rows: readonly BandRow[];
  readonly #floor: number;

  /** @param format its bank and its floor count; the analysis is the caller's */
  constructor(format: MelFormat) {
    this.#rows = melBandRows(format);
    this.#floor = format.floor;
  }

  /**
   * @param magnitudes [fftSize/2+1]
   * @param mel is filled, [bands]
   */
  take(magnitudes: Float64Array, mel: Float64Array): void {
    for (const [band, { firstBin, weights }] of this.#rows.entries()) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * magnitudes[firstBin + i];
      mel[band] = Math.log(Math.max(sum, this.#floor));
    }
  }
}

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

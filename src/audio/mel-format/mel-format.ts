// What a log-mel's numbers mean: every choice that differs between vocoders, named as librosa names them. Two mels
// are interchangeable only if all of it is equal, which is why a format travels with each mel file and checkpoint.

/** A log-mel format. Lengths are in samples, frequencies in Hz. */
export interface MelFormat {
  readonly sampleRate: number;
  readonly fftSize: number;
  readonly hopLength: number;
  /** Length of the periodic Hann window, centred in the FFT frame; at most fftSize. */
  readonly windowLength: number;
  readonly bands: number;
  readonly minFrequency: number;
  readonly maxFrequency: number;
  /** The mel scale's formula: Slaney's Auditory Toolbox or HTK. */
  readonly scale: "slaney" | "htk";
  /** Area normalisation of the bands ("slaney") or peak 1 ("none"). */
  readonly norm: "slaney" | "none";
  /** "same": reflect (fftSize−hopLength)/2, ⌊T/hop⌋ frames; "center": reflect fftSize/2, 1+⌊T/hop⌋ frames. */
  readonly padding: "same" | "center";
  /** Added under the root of the magnitude √(re²+im²+magnitudeEpsilon). */
  readonly magnitudeEpsilon: number;
  /** Logarithm of the magnitude: natural, base 10, or 20·log10. */
  readonly log: "ln" | "log10" | "db";
  /** The smallest magnitude before the logarithm. */
  readonly floor: number;
}

/** A log-mel spectrogram: [frames, bands] in row-major order, one row a frame. */
export interface Mel {
  readonly frames: number;
  readonly format: MelFormat;
  readonly values: Float32Array;
}

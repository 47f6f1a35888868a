// What pitch analysis needs of a fast Fourier transform.

/** A real transform in place; `spectrum` interleaves re, im of bins 0 … size/2−1, slot 1 being bin size/2's real part. */
export interface RealTransform {
  readonly samples: Float32Array;
  readonly spectrum: Float32Array;
  /** spectrum ← DFT(samples) */
  forward(): void;
  /** samples ← size·DFT⁻¹(spectrum) */
  inverse(): void;
}

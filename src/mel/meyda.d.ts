// The part of meyda that is used here, as its CommonJS build exports it; the package's own types describe its build
// as an ES module, which Node does not load.
declare module "meyda" {
  interface Meyda {
    /** Samples of a frame, a power of two. */
    bufferSize: number;
    /** "rect" leaves the frame as it is. */
    windowingFunction: string;
    /** All fftSize bins of a real frame's Fourier transform, in float64 for a frame in float64. */
    extract(
      feature: "complexSpectrum",
      frame: Float64Array,
    ): { readonly real: Float64Array; readonly imag: readonly number[] };
  }
  const meyda: Meyda;
  export = meyda;
}

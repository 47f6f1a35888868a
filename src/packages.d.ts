// Types of packages that ship none, or others than those of the build that Node and bundlers read.

// The one form of wavefile that Node and bundlers read alike: its package names another, with other exports, for bundlers.
declare module "wavefile/dist/wavefile.js" {
  import wavefile from "wavefile";

  export default wavefile;
}

// Types of @echogarden/pffft-wasm, which ships none: the C functions of pffft.h as Emscripten exports them.
declare module "@echogarden/pffft-wasm/simd" {
  interface Pffft {
    readonly HEAPF32: Float32Array;
    _pffft_new_setup(size: number, transform: number): number;
    _pffft_destroy_setup(setup: number): void;
    _pffft_transform_ordered(
      setup: number,
      input: number,
      output: number,
      work: number,
      direction: number,
    ): void;
    _pffft_aligned_malloc(bytes: number): number;
    _pffft_aligned_free(pointer: number): void;
  }
  export default function createPffft(): Promise<Pffft>;
}

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

/** Of V8, which is that of Node and of Chromium: elsewhere the stack is as long as it is. */
interface ErrorConstructor {
  stackTraceLimit: number;
}

// Magnitudes of two signals' short-time Fourier transforms side by side, frame by frame, so that no spectrogram is held
// in memory. Frames are as librosa.stft with center=True: frame i is centred on sample hop·i, ends are reflected.
import { RealFft, type RealTransform } from "../../audio/real-fft.js";

// The Fourier transforms that the metrics share, made once: each is used synchronously by one metric at a time.

/** Sizes that the metrics ask for: short-time spectra, autocorrelations, pitch. */
const SIZES = [512, 1024, 2048] as const;

/** A size for which there is a transform. */
export type TransformSize = (typeof SIZES)[number];

/** Real transforms of several sizes. */
export class Transforms {
  readonly #bySize: ReadonlyMap<TransformSize, RealFft>;

  private constructor(bySize: ReadonlyMap<TransformSize, RealFft>) {
    this.#bySize = bySize;
  }

  /** Compiles the transforms, some milliseconds each. */
  static async create(): Promise<Transforms> {
    const made = SIZES.map(async (size) => [size, await RealFft.create(size)] as const);
    return new Transforms(new Map(await Promise.all(made)));
  }

  /** The transform of a size; whatever its arrays hold is the last user's. */
  of(size: TransformSize): RealFft {
    return this.#bySize.get(size)!;
  }

  /** Frees the transforms' memory. */
  dispose(): void {
    for (const transform of this.#bySize.values()) transform.dispose();
  }
}

/** A short-time analysis. Lengths are in samples; a window shorter than the transform is filled up with zeros. */
interface SpectrumAnalysis {
  readonly windowLength: number;
  readonly hopLength: number;
}

/** Takes the magnitudes of one frame, [size/2+1] each; both arrays are used again for the next frame. */
type SpectrumPairVisitor = (reference: Float64Array, synthesis: Float64Array) => void;

/**
 * Visits all 1 + ⌊n/hop⌋ frames of two signals of n samples, with a periodic Hann window.
 *
 * @param synthesis as long as `reference`
 */
export function visitSpectrumPairs(
  reference: Float32Array,
  synthesis: Float32Array,
  { windowLength, hopLength }: SpectrumAnalysis,
  transform: RealTransform,
  visit: SpectrumPairVisitor,
): void {
  const window = periodicHann(windowLength);
  const bins = transform.samples.length / 2 + 1;
  const magnitudes = [new Float64Array(bins), new Float64Array(bins)] as const;
  const half = Math.floor(windowLength / 2);
  // what lies behind the window stays zero
  transform.samples.fill(0);
  for (let centre = 0; centre <= reference.length; centre += hopLength) {
    for (const [index, signal] of [reference, synthesis].entries()) {
      windowed(signal, centre - half, window, transform.samples);
      transform.forward();
      takeMagnitudes(transform.spectrum, magnitudes[index]);
    }
    visit(...magnitudes);
  }
}

/** 0.5 − 0.5·cos(2πn/length). [length] */
function periodicHann(length: number): Float64Array {
  return Float64Array.from({ length }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length));
}

/** |X| of bins 0 … size/2 of a spectrum as a RealTransform gives it. */
export function takeMagnitudes(spectrum: Float32Array, magnitudes: Float64Array): void {
  const last = magnitudes.length - 1;
  magnitudes[0] = Math.abs(spectrum[0]);
  magnitudes[last] = Math.abs(spectrum[1]);
  for (let bin = 1; bin < last; bin++) {
    const re = spectrum[2 * bin];
    const im = spectrum[2 * bin + 1];
    magnitudes[bin] = Math.sqrt(re * re + im * im);
  }
}

function windowed(signal: Float32Array, begin: number, window: Float64Array, frame: Float32Array): void {
  const inside = begin >= 0 && begin + window.length <= signal.length;
  if (inside) for (let n = 0; n < window.length; n++) frame[n] = signal[begin + n] * window[n];
  else
    for (let n = 0; n < window.length; n++)
      frame[n] = signal[reflected(begin + n, signal.length)] * window[n];
}

/** The index within a signal that numpy.pad's mode "reflect" takes for one outside it. */
function reflected(index: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const folded = ((index % period) + period) % period;
  return folded < length ? folded : period - folded;
}

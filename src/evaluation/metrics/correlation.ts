// How well a stretch of a signal repeats itself some lags later: the largest normalised correlation and its lag. Few lags
// are summed directly; many of one fixed length go through the Fourier transform.
import type { RealTransform } from "../../audio/real-fft.js";

/** The largest normalised correlation over a range of lags, and the lag that has it. */
export interface BestCorrelation {
  readonly correlation: number;
  readonly lag: number;
}

/** Keeps a silent stretch from dividing by 0. */
const TINY = 1e-12;

/**
 * The best of lags first … last, for the stretch of `length` samples from `begin` on.
 *
 * @param signal holds at least begin + last + length samples
 */
export function bestCorrelation(
  signal: Float32Array,
  begin: number,
  length: number,
  [first, last]: readonly [number, number],
): BestCorrelation {
  let energy = 0;
  for (let n = begin; n < begin + length; n++) energy += signal[n] * signal[n];
  let best = { correlation: -Infinity, lag: first };
  for (let lag = first; lag <= last; lag++) {
    let [product, later] = [0, 0];
    for (let n = begin; n < begin + length; n++) {
      const there = signal[n + lag];
      product += signal[n] * there;
      later += there * there;
    }
    const correlation = product / Math.sqrt(energy * later + TINY);
    if (correlation > best.correlation) best = { correlation, lag };
  }
  return best;
}

/**
 * The same by the Fourier transform, for many lags.
 *
 * @param transform of at least length + last − first samples
 */
export function bestCorrelationByTransform(
  signal: Float32Array,
  begin: number,
  length: number,
  [first, last]: readonly [number, number],
  transform: RealTransform,
): BestCorrelation {
  const { samples, spectrum } = transform;
  const stretch = signal.subarray(begin, begin + length);
  const later = signal.subarray(begin + first, begin + last + length);
  samples.fill(0);
  samples.set(stretch);
  transform.forward();
  const ofStretch = spectrum.slice();
  samples.fill(0);
  samples.set(later);
  transform.forward();
  multiplyByConjugate(spectrum, ofStretch);
  transform.inverse();
  const energy = energyOf(stretch);
  let laterEnergy = energyOf(later.subarray(0, length));
  let best = { correlation: -Infinity, lag: first };
  for (let shift = 0; shift <= last - first; shift++) {
    if (shift > 0) laterEnergy += later[shift + length - 1] ** 2 - later[shift - 1] ** 2;
    const product = samples[shift] / samples.length;
    const correlation = product / Math.sqrt(energy * Math.max(0, laterEnergy) + TINY);
    if (correlation > best.correlation) best = { correlation, lag: first + shift };
  }
  return best;
}

/** a ← a · conj(b), for spectra as a RealTransform gives them. */
function multiplyByConjugate(a: Float32Array, b: Float32Array): void {
  // slots 0 and 1 are the real values of the lowest and highest bin
  a[0] *= b[0];
  a[1] *= b[1];
  for (let i = 2; i < a.length; i += 2) {
    const [re, im] = [a[i], a[i + 1]];
    a[i] = re * b[i] + im * b[i + 1];
    a[i + 1] = im * b[i] - re * b[i + 1];
  }
}

function energyOf(signal: Float32Array): number {
  let energy = 0;
  for (const value of signal) energy += value * value;
  return energy;
}

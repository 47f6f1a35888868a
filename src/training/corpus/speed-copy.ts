// Recordings at another speed: resampled, so that pitch and formants move with it. Copies at several speeds of hours of
// speech are the most of a corpus's preparation, so they have a filter of their own: a windowed sinc, tabulated for the
// exact fraction that the speed is (Crochiere and Rabiner, Multirate Digital Signal Processing, 1983, section 3.3).
import { resample } from "../../audio/recording/resample.js";

/** Zero crossings of the sinc to each side. */
const HALF_WIDTH = 32;
/** Kaiser window: 80 dB down outside the band. */
const BETA = 7.86;
/** The pass band's edge (−6 dB), as a share of the lower rate's band: the stop band begins at that band's end. */
const CUTOFF = 0.92;
/** Speeds and rates of more digits have no table of sensible size. */
const MOST_PHASES = 2000;

/**
 * A signal at a sample rate and a speed.
 *
 * @param samples [n]
 * @param from their sample rate, Hz
 * @param to the wanted sample rate, Hz
 * @param speed 1.25 makes it a fifth shorter
 * @returns [round(n·to/(from·speed))]
 * @throws ResamplingError
 */
export async function atSpeed(
  samples: Float32Array,
  from: number,
  to: number,
  speed: number,
): Promise<Float32Array> {
  const fraction = speed === 1 ? undefined : fractionOf(to, from, speed);
  // the recording itself is worth the better filter
  if (fraction === undefined) return resample(samples, from, to / speed);
  return resampleBy(samples, fraction, filterFor(fraction));
}

/** Output samples over input samples, in lowest terms. */
interface Fraction {
  readonly up: number;
  readonly down: number;
}

/** to/(from·speed) for a speed of up to three decimals; undefined where the terms are too large. */
function fractionOf(to: number, from: number, speed: number): Fraction | undefined {
  const thousandths = Math.round(1000 * speed);
  if (Math.abs(thousandths - 1000 * speed) > 1e-6) return undefined;
  const [up, down] = [to * 1000, from * thousandths];
  const divisor = greatestDivisor(up, down);
  const fraction = { up: up / divisor, down: down / divisor };
  return fraction.up <= MOST_PHASES ? fraction : undefined;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** Weights of the input samples around an output sample. */
interface Filter {
  readonly taps: number;
  /** [phases, taps]: of the output samples at i·down ≡ phase (mod up). */
  readonly weights: Float32Array;
}

const filters = new Map<string, Filter>();

function filterFor(fraction: Fraction): Filter {
  const key = `${fraction.up}/${fraction.down}`;
  const filter = filters.get(key) ?? createFilter(fraction);
  filters.set(key, filter);
  return filter;
}

function createFilter({ up, down }: Fraction): Filter {
  // in input samples: longer where the output has the lower rate
  const scale = Math.min(1, up / down) * CUTOFF;
  const half = Math.ceil(HALF_WIDTH / scale);
  const taps = 2 * half;
  const weights = new Float32Array(up * taps);
  for (let phase = 0; phase < up; phase++) {
    const row = weights.subarray(phase * taps, (phase + 1) * taps);
    for (let tap = 0; tap < taps; tap++) {
      const distance = tap - (half - 1) - phase / up;
      row[tap] = sinc(distance * scale) * kaiser(distance / half);
    }
    // a constant stays what it is at every phase
    const total = row.reduce((sum, weight) => sum + weight, 0);
    for (let tap = 0; tap < taps; tap++) row[tap] /= total;
  }
  return { taps, weights };
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** @param x −1…1 */
function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA);
}

/** I₀, by its series. */
function bessel(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function resampleBy(samples: Float32Array, { up, down }: Fraction, { taps, weights }: Filter): Float32Array {
  const half = taps / 2;
  const padded = new Float32Array(samples.length + 2 * taps);
  padded.set(samples, half - 1);
  const output = new Float32Array(Math.round((samples.length * up) / down));
  // output sample i lies at input time i·down/up
  for (let i = 0, whole = 0, phase = 0; i < output.length; i++) {
    const row = phase * taps;
    let [even, odd] = [0, 0];
    for (let tap = 0; tap < taps; tap += 2) {
      even += weights[row + tap] * padded[whole + tap];
      odd += weights[row + tap + 1] * padded[whole + tap + 1];
    }
    output[i] = even + odd;
    phase += down;
    whole += Math.floor(phase / up);
    phase %= up;
  }
  return output;
}

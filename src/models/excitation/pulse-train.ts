// Pulses of a voice's pitch: all harmonics up to near half the sample rate, of unit power density, by the closed form of
// their sum (Dirichlet's kernel). The phase at each frame's first sample is known in float64, so that any part of the
// signal can be made without what lies before it.

/** Harmonics go up to this share of the sample rate. */
export const HIGHEST_HARMONIC = 0.45;
/** Hz; only where nothing is voiced, so nobody hears it. */
export const UNHEARD_PITCH = 100;

// sin πx = x·(…) by its series in x²; |x| ≤ ½ is known to 5e−10 of it
const SINE = Float64Array.from(
  { length: 7 },
  (_, i) => (-1) ** i * Math.PI ** (2 * i + 1) * reciprocal(2 * i + 1),
);
const [S0, S1, S2, S3, S4, S5, S6] = SINE;

/**
 * The pitch of every frame: a gap without voice holds the value before it, up to the frame before the next voiced one,
 * and frames before the first voiced one take its value.
 *
 * @param pitch Hz [frames]
 * @param voiced probability [frames]
 * @returns Hz [frames]; `fallback` where nothing is voiced
 */
export function heldPitch(
  pitch: ArrayLike<number>,
  voiced: Float32Array,
  fallback = UNHEARD_PITCH,
): Float64Array {
  const held = new Float64Array(pitch.length);
  const first = voiced.findIndex((probability) => probability > 0.5);
  let last = first < 0 ? fallback : pitch[first];
  for (let frame = 0; frame < pitch.length; frame++) {
    if (voiced[frame] > 0.5) last = pitch[frame];
    held[frame] = last;
  }
  return held;
}

/** The phase at each frame's first sample in cycles, in float64; one more behind the last. */
export function framePhases(pitch: ArrayLike<number>, hop: number, sampleRate: number): Float64Array {
  const phases = new Float64Array(pitch.length + 1);
  for (let frame = 0; frame < pitch.length; frame++) {
    phases[frame + 1] = phaseBehind(phases[frame], pitch, frame, hop, sampleRate);
  }
  return phases;
}

/** The phase behind a frame, given that at its first sample, in cycles; it depends on the pitch one frame around. */
export function phaseBehind(
  phase: number,
  pitch: ArrayLike<number>,
  frame: number,
  hop: number,
  sampleRate: number,
): number {
  const cycles = halves(pitch, frame, hop).reduce((sum, half) => sum + geometricSum(half), 0);
  return (phase + cycles / sampleRate) % 1;
}

/**
 * Pulses of unit power density: √(4·F0/fs)·Σ_k cos 2πkφ over all harmonics up to 0.45·fs.
 *
 * @param pitch Hz [frames], as heldPitch gives it
 * @param phases in cycles at each frame's first sample [frames]
 * @param firstFrame from where on
 * @param endFrame up to where
 * @returns [(endFrame − firstFrame)·hop]
 */
export function pulses(
  pitch: ArrayLike<number>,
  phases: Float64Array,
  sampleRate: number,
  hop: number,
  firstFrame = 0,
  endFrame = pitch.length,
): Float32Array {
  const signal = new Float32Array((endFrame - firstFrame) * hop);
  let place = 0;
  for (let frame = firstFrame; frame < endFrame; frame++) {
    let phase = phases[frame];
    for (const half of halves(pitch, frame, hop)) {
      phase = fillPulses(signal.subarray(place, place + half.count), phase, half, sampleRate);
      place += half.count;
    }
  }
  return signal;
}

/** F0 at some samples: it grows by the same factor from sample to sample. */
interface Glide {
  /** Hz at the first sample. */
  readonly hertz: number;
  /** ln of the factor. */
  readonly growth: number;
  readonly count: number;
}

/** The two halves of a frame: ln F0 is a line between the frames' centres, constant beyond the first and last. */
function halves(pitch: ArrayLike<number>, frame: number, hop: number): readonly [Glide, Glide] {
  const here = pitch[frame];
  const before = pitch[Math.max(0, frame - 1)];
  const after = pitch[Math.min(pitch.length - 1, frame + 1)];
  const middle = Math.ceil(hop / 2);
  const rise = Math.log(here / before) / hop;
  const fall = Math.log(after / here) / hop;
  return [
    { hertz: Math.sqrt(before * here), growth: rise, count: middle },
    { hertz: here * Math.exp(fall * (middle - hop / 2)), growth: fall, count: hop - middle },
  ];
}

/** Σ of F0 over a glide's samples. */
function geometricSum({ hertz, growth, count }: Glide): number {
  return growth === 0 ? hertz * count : (hertz * Math.expm1(growth * count)) / Math.expm1(growth);
}

/** Fills a glide's samples. @returns the phase behind them */
function fillPulses(target: Float32Array, phase: number, glide: Glide, sampleRate: number): number {
  // what changes by a factor from sample to sample is multiplied, not computed anew
  const factor = Math.exp(glide.growth);
  const [rootFactor, inverseFactor] = [Math.sqrt(factor), 1 / factor];
  let step = glide.hertz / sampleRate;
  let root = Math.sqrt(step);
  let highest = HIGHEST_HARMONIC / step;
  let cycles = phase;
  for (let n = 0; n < target.length; n++) {
    cycles += step;
    // the sum is that of the nearest pulse, which is less than half a cycle away
    target[n] = 2 * root * cosineSum(cycles - Math.floor(cycles + 0.5), Math.floor(highest));
    step *= factor;
    root *= rootFactor;
    highest *= inverseFactor;
  }
  return cycles;
}

/** Σ_{k=1…K} cos 2πkx = (sin (2K+1)πx / sin πx − 1)/2, |x| ≤ ½. */
function cosineSum(x: number, count: number): number {
  const divisor = sine(x);
  // near a pulse the quotient loses its digits, and the sum is nearly K
  if (Math.abs(divisor) < 1e-7) return count;
  const turns = (2 * count + 1) * x;
  const nearest = Math.floor(turns + 0.5);
  const value = sine(turns - nearest);
  return (((nearest & 1) === 0 ? value : -value) / divisor - 1) / 2;
}

/** sin πx for |x| ≤ ½. Math.sin cares for large angles too, which would take most of the time here. */
function sine(x: number): number {
  const s = x * x;
  return x * (S0 + s * (S1 + s * (S2 + s * (S3 + s * (S4 + s * (S5 + s * S6))))));
}

/** 1/n! */
function reciprocal(n: number): number {
  return n < 2 ? 1 : reciprocal(n - 1) / n;
}

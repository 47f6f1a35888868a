// A Butterworth band-pass applied forwards and backwards, so without delay: scipy.signal.butter(order, band, "band",
// output="sos") and sosfiltfilt, value for value. The cascade starts from its steady state, the ends are continued by
// odd reflection.

/** One section b₀(1 − z⁻²)/(1 + a₁z⁻¹ + a₂z⁻²): every section of a band-pass has its zeros at 0 Hz and at half the rate. */
interface Section {
  readonly gain: number;
  readonly a1: number;
  readonly a2: number;
}

interface Complex {
  readonly re: number;
  readonly im: number;
}

/** A band-pass for signals of one sample rate. */
export class ZeroPhaseBandPass {
  readonly #sections: readonly Section[];

  /**
   * @param order of the low-pass prototype, even; the band-pass has twice as many poles
   * @param band edges in Hz, above 0 and below half the rate
   */
  constructor(order: number, band: readonly [number, number], sampleRate: number) {
    this.#sections = bandPassSections(order, band, sampleRate);
  }

  /** Samples that the ends are continued by; shorter signals cannot be filtered. */
  get padding(): number {
    return 3 * (2 * this.#sections.length + 1);
  }

  /** The filtered signal. [n] for n above `padding` */
  filter(signal: Float32Array): Float32Array {
    const padding = this.padding;
    const last = signal.length - 1;
    const extended = new Float32Array(signal.length + 2 * padding);
    for (let i = 1; i <= padding; i++) {
      extended[padding - i] = 2 * signal[0] - signal[i];
      extended[padding + last + i] = 2 * signal[last] - signal[last - i];
    }
    extended.set(signal, padding);
    this.#pass(extended);
    extended.reverse();
    this.#pass(extended);
    extended.reverse();
    return extended.subarray(padding, padding + signal.length);
  }

  /** Filters in place, transposed direct form II; the signal is taken to have been constant before its start. */
  #pass(signal: Float32Array): void {
    const sections = this.#sections;
    const first = new Float64Array(sections.length);
    const second = new Float64Array(sections.length);
    // the first section turns a constant into 0, so the others start empty
    first[0] = second[0] = -sections[0].gain * signal[0];
    for (let n = 0; n < signal.length; n++) {
      let value = signal[n];
      for (let s = 0; s < sections.length; s++) {
        const { gain, a1, a2 } = sections[s];
        const input = gain * value;
        value = input + first[s];
        first[s] = second[s] - a1 * value;
        second[s] = -input - a2 * value;
      }
      signal[n] = value;
    }
  }
}

function bandPassSections(order: number, band: readonly [number, number], sampleRate: number): Section[] {
  // the bilinear transform with s = (z−1)/(z+1), which warps a frequency to tan(πf/fs)
  const [low, high] = band.map((hertz) => Math.tan((Math.PI * hertz) / sampleRate));
  const centre = Math.sqrt(low * high);
  const centreAngle = 2 * Math.atan(centre);
  const poles: Complex[] = [];
  for (let k = 0; k < order / 2; k++) {
    // a pole of the low-pass prototype above the real axis, as two of the band-pass: s² − p(high−low)s + low·high = 0
    const angle = Math.PI / 2 + (Math.PI * (2 * k + 1)) / (2 * order);
    const half = (high - low) / 2;
    const p = { re: half * Math.cos(angle), im: half * Math.sin(angle) };
    const root = squareRoot({ re: p.re ** 2 - p.im ** 2 - centre ** 2, im: 2 * p.re * p.im });
    poles.push({ re: p.re + root.re, im: p.im + root.im }, { re: p.re - root.re, im: p.im - root.im });
  }
  return poles.map((s) => {
    // z = (1+s)/(1−s); its conjugate is the section's other pole
    const square = (1 - s.re) ** 2 + s.im ** 2;
    const z = { re: (1 - s.re ** 2 - s.im ** 2) / square, im: (2 * s.im) / square };
    const [a1, a2] = [-2 * z.re, z.re ** 2 + z.im ** 2];
    // the whole filter has gain 1 at its centre; so has each section here
    return { gain: sectionMagnitude(a1, a2, centreAngle), a1, a2 };
  });
}

/** |1 + a₁z⁻¹ + a₂z⁻²| / |1 − z⁻²| at z = e^{iω}. */
function sectionMagnitude(a1: number, a2: number, omega: number): number {
  const re = 1 + a1 * Math.cos(omega) + a2 * Math.cos(2 * omega);
  const im = a1 * Math.sin(omega) + a2 * Math.sin(2 * omega);
  return Math.hypot(re, im) / (2 * Math.abs(Math.sin(omega)));
}

function squareRoot({ re, im }: Complex): Complex {
  const size = Math.hypot(re, im);
  const real = Math.sqrt((size + re) / 2);
  return { re: real, im: Math.sign(im || 1) * Math.sqrt((size - re) / 2) };
}

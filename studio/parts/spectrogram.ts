// Spectrograms for the eye: levels in dB of short pieces of a waveform, and their picture.
import type { Slices } from "./slices.js";

/** Samples of a piece and from one to the next. */
export interface SpectrogramShape {
  /** A power of two. */
  readonly window: number;
  readonly hop: number;
}

const SHORT: SpectrogramShape = { window: 512, hop: 128 };
/** Pieces of several periods of a voice: its harmonics are lines. */
export const NARROW_BAND: SpectrogramShape = { window: 1024, hop: 256 };

/** Levels in dB, [frames, window/2]. */
export interface Spectrogram {
  readonly frames: number;
  readonly bins: number;
  readonly decibels: Float32Array;
}

/** The Fourier transform in place, length a power of two (Cooley & Tukey 1965). */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j], real[i]];
      [imaginary[i], imaginary[j]] = [imaginary[j], imaginary[i]];
    }
  }
  for (let half = 1; half < size; half *= 2) {
    const angle = -Math.PI / half;
    for (let k = 0; k < half; k++) {
      const cosine = Math.cos(k * angle);
      const sine = Math.sin(k * angle);
      for (let a = k; a < size; a += 2 * half) {
        const b = a + half;
        const re = cosine * real[b] - sine * imaginary[b];
        const im = cosine * imaginary[b] + sine * real[b];
        real[b] = real[a] - re;
        imaginary[b] = imaginary[a] - im;
        real[a] += re;
        imaginary[a] += im;
      }
    }
  }
}

/** What writes the levels of one frame of a waveform's spectrogram after another. */
function analysis(
  waveform: Float32Array,
  { window, hop }: SpectrogramShape,
): { readonly found: Spectrogram; readonly write: (frame: number) => void } {
  const frames = Math.ceil(waveform.length / hop);
  const bins = window / 2;
  const decibels = new Float32Array(frames * bins);
  const hann = Float64Array.from(
    { length: window },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / window),
  );
  const real = new Float64Array(window);
  const imaginary = new Float64Array(window);
  const write = (frame: number): void => {
    const first = frame * hop - window / 2;
    for (let i = 0; i < window; i++) real[i] = hann[i] * (waveform[first + i] ?? 0);
    imaginary.fill(0);
    transform(real, imaginary);
    for (let bin = 0; bin < bins; bin++) {
      decibels[frame * bins + bin] = 10 * Math.log10(real[bin] ** 2 + imaginary[bin] ** 2 + 1e-9);
    }
  };
  return { found: { frames, bins, decibels }, write };
}

/** The spectrogram of a short waveform, with a Hann window. */
export function spectrogram(waveform: Float32Array, shape = SHORT): Spectrogram {
  const { found, write } = analysis(waveform, shape);
  for (let frame = 0; frame < found.frames; frame++) write(frame);
  return found;
}

/** The same of a waveform of any length, while the page goes on. */
export async function spectrogramInSlices(
  waveform: Float32Array,
  shape: SpectrogramShape,
  slices: Slices,
): Promise<Spectrogram> {
  const { found, write } = analysis(waveform, shape);
  for (let frame = 0; frame < found.frames; frame++) {
    write(frame);
    await slices.breathe();
  }
  return found;
}

/** The mean distance of two spectrograms in dB, where the first one is at most 50 dB below its peak. */
export function spectralDistance(target: Spectrogram, other: Spectrogram): number {
  const floor = target.decibels.reduce((most, value) => Math.max(most, value), -Infinity) - 50;
  let sum = 0;
  let cells = 0;
  target.decibels.forEach((value, i) => {
    if (value < floor) return;
    sum += Math.abs(value - Math.max(other.decibels[i], floor));
    cells++;
  });
  return sum / cells;
}

/** A picture of values from 0 to 1, low frequencies below, in shades of one colour on nothing. */
export function heatPicture(
  columns: number,
  rows: number,
  valueAt: (column: number, row: number) => number,
  colour: string,
): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d")!;
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  const pixels = context.createImageData(columns, rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = Math.min(Math.max(valueAt(column, row), 0), 1);
      pixels.data.set([red, green, blue, Math.round(255 * value)], 4 * ((rows - 1 - row) * columns + column));
    }
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

// Spectrograms for the eye: levels in dB of short pieces of a waveform, and their picture.
const WINDOW = 512;
const HOP = 128;

/** Levels in dB, [frames, WINDOW/2]. */
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

/** The spectrogram of a waveform, with a Hann window of 512 samples every 128. */
export function spectrogram(waveform: Float32Array): Spectrogram {
  const frames = Math.ceil(waveform.length / HOP);
  const bins = WINDOW / 2;
  const decibels = new Float32Array(frames * bins);
  const real = new Float64Array(WINDOW);
  const imaginary = new Float64Array(WINDOW);
  for (let frame = 0; frame < frames; frame++) {
    const first = frame * HOP - WINDOW / 2;
    for (let i = 0; i < WINDOW; i++) {
      const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / WINDOW);
      real[i] = hann * (waveform[first + i] ?? 0);
    }
    imaginary.fill(0);
    transform(real, imaginary);
    for (let bin = 0; bin < bins; bin++) {
      decibels[frame * bins + bin] = 10 * Math.log10(real[bin] ** 2 + imaginary[bin] ** 2 + 1e-9);
    }
  }
  return { frames, bins, decibels };
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

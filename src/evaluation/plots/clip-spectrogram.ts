// The spectrogram of a short clip as a small picture without axes, for many of them side by side: time to the right,
// frequency upwards to half the sample rate, brightness in dB.
import { MagnitudeSpectrum } from "../../audio/mel-analysis/magnitude-spectrum.js";
import { heatmapPng } from "./heatmap.js";

const FFT_SIZE = 512;
const HOP = 128;
/** Neighbouring bins of a row. */
const BINS_A_ROW = 2;
/** What lies further below a sine of full scale is drawn as silence, and what lies above as loudest, dB. */
const RANGE = [-90, -10] as const;

/** Draws a clip's spectrogram as PNG; a column is 128 samples wide. */
export function clipSpectrogram(samples: Float32Array): Uint8Array {
  const columns = Math.max(1, Math.ceil(samples.length / HOP));
  const rows = FFT_SIZE / 2 / BINS_A_ROW;
  const levels = new Float32Array(columns * rows);
  const spectrum = new MagnitudeSpectrum(FFT_SIZE);
  const frame = new Float64Array(FFT_SIZE);
  const magnitudes = new Float64Array(FFT_SIZE / 2 + 1);
  for (let column = 0; column < columns; column++) {
    const first = column * HOP + HOP / 2 - FFT_SIZE / 2;
    for (let n = 0; n < FFT_SIZE; n++) {
      const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / FFT_SIZE);
      frame[n] = window * (samples[first + n] ?? 0);
    }
    spectrum.transform(frame, 0, magnitudes);
    for (let row = 0; row < rows; row++) {
      let power = 0;
      for (let bin = row * BINS_A_ROW; bin < (row + 1) * BINS_A_ROW; bin++) power += magnitudes[bin] ** 2;
      // a sine of amplitude 1 is a quarter of the window's length high
      levels[column * rows + row] = 10 * Math.log10(power / BINS_A_ROW / (FFT_SIZE / 4) ** 2 + 1e-15);
    }
  }
  return heatmapPng({
    columns,
    rows,
    value: (column, row) => levels[column * rows + row],
    x: [0, columns],
    y: [0, rows],
    range: RANGE,
  });
}

// A mel or a spectrogram as a picture: time across, pitch up, loud is bright. With a cursor, and a brush where one may paint.
import { make } from "../parts/dom.js";
import { figure, type Figure, type Pen } from "../parts/figure.js";
import { type Box, insideOf, Plot } from "../parts/plot.js";
import { naturalLog } from "../../src/mel/encoding.js";
import type { Mel } from "../../src/mel/format.js";
import type { Spectrogram } from "../parts/spectrogram.js";

/** matplotlib's magma, at nine evenly spaced places. */
const MAGMA = [
  [0, 0, 4],
  [28, 16, 68],
  [79, 18, 123],
  [129, 37, 129],
  [181, 54, 122],
  [229, 80, 100],
  [251, 135, 97],
  [254, 194, 135],
  [252, 253, 191],
] as const;

/** What is drawn darkest and brightest: natural logarithms of a mel, decibels of a spectrogram. */
const RANGE = [-11, 2] as const;
const DECIBELS = [-45, 35] as const;
/** A spectrogram is drawn up to here, as far as most mels reach, in Hz. */
const HIGHEST = 8000;
/** More frames are not drawn one by one. */
const MOST_COLUMNS = 4096;

export interface MelPicture extends Figure {
  /** Shows a mel; nothing without one. */
  show(mel: Mel | undefined): void;
  /** Shows a spectrogram of a waveform of so many Hz and seconds instead. */
  showSpectrogram(levels: Spectrogram, rate: number, seconds: number): void;
  /** Seconds; undefined for no cursor. */
  cursor: number | undefined;
  /** Frame and band at a place on the canvas. */
  placeOf(event: PointerEvent): { frame: number; band: number; seconds: number } | undefined;
}

/** Makes a picture. */
export function melPicture(title: string, description: string, tallest = 340): MelPicture {
  const bitmap = document.createElement("canvas");
  let mel: Mel | undefined;
  /** What is drawn: how long it is, and what stands at its side. */
  let shown: { readonly seconds: number; readonly top: number; readonly label: string } | undefined;
  let cursor: number | undefined;
  let box: Box | undefined;
  const draw = (pen: Pen): void => {
    const { context, colours } = pen;
    box = insideOf(pen, { left: 40, top: 22, bottom: 38 });
    const { seconds, top, label } = shown ?? { seconds: 1, top: 80, label: "band" };
    const plot = new Plot(pen, box, { from: 0, to: seconds, label: "seconds" }, { from: 0, to: top, label });
    context.fillStyle = colours.wash;
    context.fillRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
    plot.axes();
    if (!shown) return;
    context.imageSmoothingEnabled = true;
    context.drawImage(bitmap, box.left, box.top, box.right - box.left, box.bottom - box.top);
    moveCursor();
  };
  // an element of its own, since it moves with every frame and the picture does not
  const line = make("div", { class: "cursor", hidden: "" });
  const moveCursor = (): void => {
    line.hidden = cursor === undefined || !shown || !box;
    if (cursor === undefined || !shown || !box) return;
    const x = box.left + Math.min(1, cursor / shown.seconds) * (box.right - box.left) - 1;
    line.style.transform = `translate(${x}px, ${made.canvas.offsetTop + box.top}px)`;
    line.style.height = `${box.bottom - box.top}px`;
    line.style.top = "0";
  };
  const made = figure({ title, description, height: (width) => Math.min(tallest, 120 + width * 0.2), draw });
  made.element.classList.add("mel-picture");
  made.element.append(line);
  return {
    ...made,
    show(next) {
      mel = next;
      shown = undefined;
      if (next) {
        const { bands, hopLength, sampleRate } = next.format;
        const values = naturalLog(next);
        shown = { seconds: (next.frames * hopLength) / sampleRate, top: bands, label: "band" };
        paint(bitmap, next.frames, bands, RANGE, (frame, band) => values[frame * bands + band]);
      }
      made.redraw();
    },
    showSpectrogram({ frames, bins, decibels }, rate, seconds) {
      mel = undefined;
      const top = Math.min(HIGHEST, rate / 2);
      shown = { seconds, top: top / 1000, label: "kHz" };
      const rows = Math.round((bins * top) / (rate / 2));
      paint(bitmap, frames, rows, DECIBELS, (frame, bin) => decibels[frame * bins + bin]);
      made.redraw();
    },
    get cursor() {
      return cursor;
    },
    set cursor(next) {
      if (cursor === next) return;
      cursor = next;
      moveCursor();
    },
    placeOf(event) {
      if (!mel || !box) return undefined;
      const { left, top } = made.canvas.getBoundingClientRect();
      const across = (event.clientX - left - box.left) / (box.right - box.left);
      const up = (box.bottom - (event.clientY - top)) / (box.bottom - box.top);
      const { format, frames } = mel;
      return {
        frame: across * frames,
        band: up * format.bands,
        seconds: (Math.min(1, Math.max(0, across)) * frames * format.hopLength) / format.sampleRate,
      };
    },
  };
}

/** Draws values, the lowest row at the bottom. */
function paint(
  bitmap: HTMLCanvasElement,
  frames: number,
  rows: number,
  range: readonly [number, number],
  valueAt: (frame: number, row: number) => number,
): void {
  const columns = Math.min(frames, MOST_COLUMNS);
  bitmap.width = columns;
  bitmap.height = rows;
  const image = new ImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let column = 0; column < columns; column++) {
    const frame = Math.floor((column * frames) / columns);
    for (let row = 0; row < rows; row++) {
      pixels[(rows - 1 - row) * columns + column] = colourOf(valueAt(frame, row), range);
    }
  }
  bitmap.getContext("2d")!.putImageData(image, 0, 0);
}

const palette = Uint32Array.from({ length: 256 }, (_, i) => {
  const place = (i / 255) * (MAGMA.length - 1);
  const below = Math.min(Math.floor(place), MAGMA.length - 2);
  const [r, g, b] = MAGMA[below].map((value, k) => value + (place - below) * (MAGMA[below + 1][k] - value));
  return (255 << 24) | (Math.round(b) << 16) | (Math.round(g) << 8) | Math.round(r);
});

function colourOf(value: number, [darkest, brightest]: readonly [number, number]): number {
  const share = (value - darkest) / (brightest - darkest);
  return palette[Math.max(0, Math.min(255, Math.round(255 * share)))];
}

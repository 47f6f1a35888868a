// A figure: a canvas that keeps sharp at any size and pixel ratio, drawn anew when its numbers, its width or the theme
// change; and a table of its numbers, for screen readers and for everybody who wants them exact.
import { make } from "./dom.js";

const colourNames = [
  "paper",
  "raised",
  "wash",
  "line",
  "ink",
  "quiet",
  "signal",
  "noise",
  "guess",
  "good",
] as const;

/** The stylesheet's colours by name. */
export type Colours = Readonly<Record<(typeof colourNames)[number], string>>;

/** What a figure is drawn with; lengths are CSS pixels. */
export interface Pen {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  readonly colours: Colours;
}

export interface Figure {
  readonly element: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  /** Draws it with the next frame. */
  redraw(): void;
}

export interface FigureOptions {
  /** A heading above it. */
  readonly title?: string;
  /** What the picture shows, for who cannot see it. */
  readonly description: string;
  /** CSS pixels, from the width. */
  readonly height: (width: number) => number;
  readonly draw: (pen: Pen) => void;
  /** What the colours mean. */
  readonly legend?: readonly (readonly [colour: keyof Colours, words: string])[];
}

/** The colours of the theme that is on. */
function themeColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(
    colourNames.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
  ) as Record<(typeof colourNames)[number], string>;
}

/** What one frame may spend on figures, in milliseconds; the others wait for the next frame. */
const FRAME_BUDGET = 8;
const waiting = new Set<() => void>();

function paintWaiting(): void {
  const began = performance.now();
  for (const paint of waiting) {
    waiting.delete(paint);
    paint();
    if (performance.now() - began > FRAME_BUDGET) break;
  }
  if (waiting.size > 0) requestAnimationFrame(paintWaiting);
}

/** Makes a figure. */
export function figure({ title, description, height, draw, legend }: FigureOptions): Figure {
  const canvas = make("canvas", { role: "img", "aria-label": description });
  const paint = (): void => {
    const width = canvas.clientWidth;
    if (width === 0) return;
    const high = Math.round(height(width));
    const ratio = devicePixelRatio;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(high * ratio);
    canvas.style.height = `${high}px`;
    const context = canvas.getContext("2d");
    if (context === null) return;
    context.scale(ratio, ratio);
    draw({ context, width, height: high, colours: themeColours() });
  };
  const redraw = (): void => {
    if (waiting.size === 0) requestAnimationFrame(paintWaiting);
    waiting.add(paint);
  };
  new ResizeObserver(redraw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  const element = make("figure", { class: "figure" });
  if (title !== undefined) element.append(make("h2", {}, title));
  element.append(canvas);
  if (legend !== undefined) {
    const items = legend.map(([colour, words]) =>
      make("li", {}, make("i", { style: `--swatch: var(--${colour})` }), words),
    );
    element.append(make("ul", { class: "legend" }, ...items));
  }
  redraw();
  return { element, canvas, redraw };
}

/** A row of a figure's numbers. */
export interface FigureNumber {
  /** By which it is found: the cell's data-name. */
  readonly name: string;
  readonly label: string;
  readonly value: number;
  /** The value in words; 4 significant digits where it is left out. */
  readonly text?: string;
}

/** The table of a figure's numbers. */
export interface Numbers {
  readonly element: HTMLElement;
  /** Shows other numbers. The exact value of each is the cell's data-value. */
  set(rows: readonly FigureNumber[]): void;
}

/** Makes the table, folded away. @param title what one opens it by */
export function numbers(title = "The figure in numbers"): Numbers {
  const body = make("tbody");
  const table = make(
    "table",
    {},
    make(
      "thead",
      {},
      make("tr", {}, make("th", { scope: "col" }, "What"), make("th", { scope: "col" }, "Value")),
    ),
    body,
  );
  let cells = new Map<string, HTMLElement>();
  return {
    element: make(
      "details",
      { class: "numbers" },
      make("summary", {}, title),
      make("div", { class: "scroll" }, table),
    ),
    set(rows) {
      if (rows.length !== cells.size || rows.some(({ name }) => !cells.has(name))) {
        cells = new Map(rows.map(({ name }) => [name, make("td", { "data-name": name })]));
        body.replaceChildren(
          ...rows.map(({ name, label }) =>
            make("tr", {}, make("th", { scope: "row" }, label), cells.get(name)!),
          ),
        );
      }
      for (const { name, value, text } of rows) {
        const cell = cells.get(name)!;
        cell.dataset["value"] = String(value);
        cell.textContent = text ?? inWords(value);
      }
    },
  };
}

/** A number to four digits, as people write it. */
export function inWords(value: number): string {
  if (value === Infinity) return "∞";
  if (!Number.isFinite(value)) return "–";
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)) {
    const [digits, power] = value.toExponential(2).split("e");
    return `${digits.replace("-", "−")} · 10${superscript(Number(power))}`;
  }
  return Number(value.toPrecision(4)).toString().replace("-", "−");
}

function superscript(power: number): string {
  return String(power).replace(/./g, (sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)]));
}

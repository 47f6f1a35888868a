// Coordinates on a figure: axes with round ticks, and lines, bars and dots in the data's own units.
import type { Pen } from "./figure.js";

/** One axis. */
export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly label?: string;
  /** Where ticks stand; round numbers where it is left out, none for an empty list. */
  readonly ticks?: readonly number[];
  readonly format?: (value: number) => string;
  /** A logarithmic axis; both ends are above 0. */
  readonly log?: boolean;
}

/** A rectangle in CSS pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/** The part of a figure that is left between labels. */
export function insideOf({ width, height }: Pen, { left = 44, top = 24, right = 18, bottom = 38 } = {}): Box {
  return { left, top, right: width - right, bottom: height - bottom };
}

/** Writes words at a place in pixels. */
export function writeAt(
  { context }: Pen,
  text: string,
  x: number,
  y: number,
  colour: string,
  align: CanvasTextAlign = "left",
): void {
  context.save();
  context.font = FONT;
  context.fillStyle = colour;
  context.textAlign = align;
  context.fillText(text, x, y);
  context.restore();
}

/** Round numbers, about `count` of them, from one end to the other. */
export function roundTicks(from: number, to: number, count: number): number[] {
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(10)));
}

/** A pair of axes. */
export class Plot {
  constructor(
    readonly pen: Pen,
    readonly box: Box,
    private readonly across: Axis,
    private readonly up: Axis,
  ) {}

  /** Where a value lies across, in pixels. */
  x(value: number): number {
    return this.box.left + share(this.across, value) * (this.box.right - this.box.left);
  }

  /** Where a value lies up, in pixels. */
  y(value: number): number {
    return this.box.bottom - share(this.up, value) * (this.box.bottom - this.box.top);
  }

  /** The value at a place across. */
  valueAcross(pixel: number): number {
    return (
      this.across.from +
      ((pixel - this.box.left) / (this.box.right - this.box.left)) * (this.across.to - this.across.from)
    );
  }

  /** The value at a place up. */
  valueUp(pixel: number): number {
    return (
      this.up.from +
      ((this.box.bottom - pixel) / (this.box.bottom - this.box.top)) * (this.up.to - this.up.from)
    );
  }

  /** Draws ticks, their lines and the labels. */
  axes(): void {
    const { context, colours } = this.pen;
    const { left, right, top, bottom } = this.box;
    context.save();
    context.font = FONT;
    context.fillStyle = colours.quiet;
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    context.textAlign = "center";
    context.textBaseline = "top";
    context.beginPath();
    for (const tick of ticksOf(this.across, (right - left) / 80)) {
      const x = Math.round(this.x(tick)) + 0.5;
      context.moveTo(x, bottom);
      context.lineTo(x, bottom + 4);
      context.fillText(wordsOf(this.across, tick), x, bottom + 6);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const tick of ticksOf(this.up, (bottom - top) / 48)) {
      const y = Math.round(this.y(tick)) + 0.5;
      context.moveTo(left, y);
      context.lineTo(right, y);
      context.fillText(wordsOf(this.up, tick), left - 6, y);
    }
    context.stroke();
    context.textBaseline = "alphabetic";
    if (this.across.label !== undefined) context.fillText(this.across.label, right, bottom + 34);
    context.textAlign = "left";
    if (this.up.label !== undefined) context.fillText(this.up.label, 2, top - 10);
    context.restore();
  }

  /** A line through points. */
  line(
    xs: ArrayLike<number>,
    ys: ArrayLike<number>,
    colour: string,
    { width = 2, dash = [] as number[], alpha = 1 } = {},
  ): void {
    this.#clipped((context) => {
      context.globalAlpha = alpha;
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.lineJoin = "round";
      context.setLineDash(dash);
      context.beginPath();
      for (let i = 0; i < xs.length; i++) context.lineTo(this.x(xs[i]), this.y(ys[i]));
      context.stroke();
    });
  }

  /** Bars from the axis up, between edges: [n+1] edges, [n] heights. */
  bars(edges: ArrayLike<number>, heights: ArrayLike<number>, colour: string, alpha = 1): void {
    this.#clipped((context) => {
      context.globalAlpha = alpha;
      context.fillStyle = colour;
      for (let i = 0; i < heights.length; i++) {
        const x = this.x(edges[i]);
        const y = this.y(heights[i]);
        context.fillRect(x, y, Math.max(this.x(edges[i + 1]) - x - 1, 1), this.box.bottom - y);
      }
    });
  }

  /** A dot at each point. */
  dots(xs: ArrayLike<number>, ys: ArrayLike<number>, colour: string, { radius = 2, alpha = 1 } = {}): void {
    this.#clipped((context) => {
      context.globalAlpha = alpha;
      context.fillStyle = colour;
      for (let i = 0; i < xs.length; i++) {
        context.beginPath();
        context.arc(this.x(xs[i]), this.y(ys[i]), radius, 0, 2 * Math.PI);
        context.fill();
      }
    });
  }

  /** A line from bottom to top: "here". */
  upright(value: number, colour: string): void {
    this.#clipped((context) => {
      context.strokeStyle = colour;
      context.lineWidth = 1.5;
      context.beginPath();
      context.moveTo(this.x(value), this.box.top);
      context.lineTo(this.x(value), this.box.bottom);
      context.stroke();
    });
  }

  /** Words at a place. */
  words(text: string, x: number, y: number, colour: string, align: CanvasTextAlign = "left"): void {
    writeAt(this.pen, text, this.x(x), this.y(y), colour, align);
  }

  #clipped(draw: (context: CanvasRenderingContext2D) => void): void {
    const { context } = this.pen;
    const { left, right, top, bottom } = this.box;
    context.save();
    context.beginPath();
    context.rect(left - 4, top - 4, right - left + 8, bottom - top + 8);
    context.clip();
    draw(context);
    context.restore();
  }
}

function share({ from, to, log = false }: Axis, value: number): number {
  return log ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
}

function ticksOf({ from, to, ticks, log = false }: Axis, count: number): readonly number[] {
  if (ticks !== undefined) return ticks;
  if (!log) return roundTicks(Math.min(from, to), Math.max(from, to), Math.max(count, 2));
  const first = Math.ceil(Math.log10(from) - 1e-9);
  return Array.from({ length: Math.floor(Math.log10(to) + 1e-9) - first + 1 }, (_, i) => 10 ** (first + i));
}

function wordsOf({ format }: Axis, tick: number): string {
  return format?.(tick) ?? String(tick).replace("-", "−");
}

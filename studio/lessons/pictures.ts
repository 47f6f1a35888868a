// Eight small landscapes, drawn by formulas: the data of the lesson on pictures, the same in a page and in a test.
import { gaussianMixture, type GaussianMixture } from "../../src/diffusion/toy/gaussian-mixture.js";

/** Width and height in pixels, with three colours each. */
export const SIDE = 40;

type Colour = readonly [red: number, green: number, blue: number];

interface Scene {
  readonly skyTop: Colour;
  readonly skyBottom: Colour;
  readonly disc: Colour;
  readonly hills: readonly [far: Colour, near: Colour];
}

const scenes: readonly Scene[] = [
  {
    skyTop: [0.35, 0.62, 0.9],
    skyBottom: [0.8, 0.9, 0.97],
    disc: [1, 0.93, 0.45],
    hills: [
      [0.4, 0.62, 0.42],
      [0.2, 0.45, 0.26],
    ],
  },
  {
    skyTop: [0.32, 0.2, 0.42],
    skyBottom: [0.98, 0.6, 0.35],
    disc: [1, 0.85, 0.4],
    hills: [
      [0.5, 0.27, 0.36],
      [0.25, 0.13, 0.22],
    ],
  },
  {
    skyTop: [0.03, 0.05, 0.16],
    skyBottom: [0.13, 0.2, 0.38],
    disc: [0.95, 0.94, 0.86],
    hills: [
      [0.1, 0.16, 0.28],
      [0.04, 0.07, 0.14],
    ],
  },
  {
    skyTop: [0.75, 0.82, 0.86],
    skyBottom: [0.95, 0.93, 0.9],
    disc: [1, 0.98, 0.92],
    hills: [
      [0.85, 0.9, 0.94],
      [0.97, 0.98, 1],
    ],
  },
];

/** Where the disc stands, and what stands on the near hill. */
const layouts = [
  { x: 0.72, y: 0.27, radius: 0.12, phase: 0, thing: "tree" },
  { x: 0.28, y: 0.36, radius: 0.16, phase: 2.1, thing: "house" },
] as const;

/** How many pictures there are. */
export const PICTURES = scenes.length * layouts.length;

/** 1 inside, 0 outside, and between them a soft edge of a pixel; `distance` is below 0 inside. */
function cover(distance: number): number {
  return Math.min(Math.max(0.5 - distance * SIDE, 0), 1);
}

function mixed(below: Colour, above: Colour, share: number): Colour {
  return [0, 1, 2].map((i) => below[i] + share * (above[i] - below[i])) as unknown as Colour;
}

/** The signed distance to a box, roughly. */
function box(u: number, v: number, left: number, top: number, right: number, bottom: number): number {
  return Math.max(left - u, u - right, top - v, v - bottom);
}

function colourAt(index: number, u: number, v: number): Colour {
  const scene = scenes[index % scenes.length];
  const { x, y, radius, phase, thing } = layouts[Math.floor(index / scenes.length)];
  const [far, near] = scene.hills;
  let colour = mixed(scene.skyTop, scene.skyBottom, Math.min(v / 0.7, 1));
  colour = mixed(colour, scene.disc, cover(Math.hypot(u - x, v - y) - radius));
  colour = mixed(colour, far, cover(0.6 + 0.1 * Math.sin(5 * u + phase) - v));
  colour = mixed(colour, near, cover(0.78 + 0.06 * Math.sin(4 * u + 1 + phase) - v));
  if (thing === "tree") {
    colour = mixed(colour, [0.3, 0.2, 0.13], cover(box(u, v, 0.25, 0.6, 0.29, 0.86)));
    colour = mixed(colour, [0.16, 0.36, 0.2], cover(Math.hypot(u - 0.27, (v - 0.52) * 0.85) - 0.13));
  } else {
    colour = mixed(colour, [0.9, 0.85, 0.75], cover(box(u, v, 0.6, 0.64, 0.82, 0.82)));
    colour = mixed(
      colour,
      [0.68, 0.24, 0.18],
      cover(Math.max(v - 0.645, (Math.abs(u - 0.71) - 0.15) * 0.7 + (0.62 - v) * 0.75)),
    );
    colour = mixed(colour, [0.35, 0.22, 0.15], cover(box(u, v, 0.68, 0.7, 0.74, 0.82)));
  }
  return colour;
}

/** A picture with values from −1 to 1, [SIDE, SIDE, 3]. */
export function picture(index: number): Float32Array {
  const values = new Float32Array(SIDE * SIDE * 3);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const colour = colourAt(index, (column + 0.5) / SIDE, (row + 0.5) / SIDE);
      values.set(
        colour.map((value) => 2 * value - 1),
        3 * (row * SIDE + column),
      );
    }
  }
  return values;
}

/** Pictures as a distribution: one narrow hill for each, in 4800 dimensions. */
export function mixtureOf(pictures: readonly Float32Array[]): GaussianMixture {
  return gaussianMixture(
    pictures.map((values) => ({
      weight: 1,
      mean: [...values],
      variance: Array.from(values, () => 0.02 ** 2),
    })),
  );
}

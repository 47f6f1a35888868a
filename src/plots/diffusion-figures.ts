// The toy as a picture: the forward and the reverse process as histograms over time with a few paths, the exact score as
// a field of arrows, and below them the noise that is left and the error at each step.
import * as Plot from "@observablehq/plot";
import { noisePowerFromLogSnr } from "../diffusion/levels.js";
import { density, score } from "../diffusion/toy/exact-score.js";
import { type GaussianMixture, marginalAt } from "../diffusion/toy/gaussian-mixture.js";
import type { ToyRun, ToySettings } from "../diffusion/toy/toy-process.js";
import { drawFigure, type Figure, type Panel } from "./figure.js";
import { heatmapPanel } from "./heatmap.js";
import {
  type NoiseSchedule,
  PURE_NOISE_LOG_SNR,
  scheduleSteps,
} from "../diffusion/schedules/build-schedule.js";

// A picture of a noise schedule: the signal's share of the power and the log-SNR against the step of the forward
// process, data at the left and noise at the right, as in Nichol & Dhariwal 2021, figure 5.

// more points than this merge into a line
const MAX_DOTS = 60;
const COLOUR = "#3b528b";

/** ᾱ and λ of each step, one panel each; the dashed line is where pure noise begins. */
export function scheduleFigure(schedule: NoiseSchedule): Figure {
  const steps = scheduleSteps(schedule);
  const x: Plot.ScaleOptions = {
    label: "step t of the forward process, from data to noise →",
    domain: [0.5, steps.length + 0.5],
    ...(steps.length <= 12 ? { ticks: steps.map((step) => step.t) } : {}),
    tickFormat: "d",
  };
  const curve = (y: "alphaBar" | "logSnr"): Plot.Markish[] => [
    Plot.line(steps, { x: "t", y, stroke: COLOUR }),
    ...(steps.length <= MAX_DOTS ? [Plot.dot(steps, { x: "t", y, fill: COLOUR, r: 3 })] : []),
  ];
  const pureNoise = Plot.ruleY([PURE_NOISE_LOG_SNR], { stroke: "#999", strokeDasharray: "4 4" });
  return drawFigure([
    {
      title: `${schedule.name}: the signal's share of the power, ᾱ`,
      options: { x, y: { label: "ᾱ", domain: [0, 1], grid: true }, marks: curve("alphaBar") },
    },
    {
      title: `${schedule.name}: log-SNR λ = ln(ᾱ/(1−ᾱ)); pure noise below the dashed line`,
      options: { x, y: { label: "λ", grid: true, nice: true }, marks: [pureNoise, ...curve("logSnr")] },
    },
  ]);
}

const ROWS = 120;
const PATHS = 24;
const PATH_COLOUR = "#7fe0e6";
const REVERSE = "#2f5fb3";
const REFERENCE = "#8a8a8a";
const ARROW_LEVELS = 9;
const ARROW_ROWS = 25;
const DENSITY_COLUMNS = 400;
const MOST_DECADES = 8;
const SCORE_LEVELS = [-6, 8] as const;
// the heatmaps show the root of the density, so that thin places stay visible beside the modes' peaks
const BRIGHTEST = 1;

/** Draws a run of the toy. */
export function toyFigure(settings: ToySettings, run: ToyRun): Figure {
  const { schedule, plan, mixture } = settings;
  const reach = heightOf(mixture);
  const reverse = [...run.reverse.map(({ z }) => z), run.result];
  return drawFigure([
    processPanel("Forward process: the data lose themselves in noise", run.forward, reach, {
      x: `step of ${schedule.name} →`,
      y: "x",
    }),
    processPanel(`Reverse process: ${plan.sampler} turns ${startWords(settings)} into data`, reverse, reach, {
      x: "denoiser calls →",
      y: "z",
    }),
    scorePanel(mixture, schedule.logSnrs, reach),
    noisePanel(run),
    errorPanel(run),
  ]);
}

function startWords({ start, schedule }: ToySettings): string {
  if (start === "data") return "noisy data";
  return schedule.startsFromNoise ? "white noise" : "white noise, told to be noisy data,";
}

/** Half the height of the pictures: three standard deviations of the noise, or all modes. */
function heightOf(mixture: GaussianMixture): number {
  const modes = mixture.map(({ mean, variance }) => Math.abs(mean[0]) + 3 * Math.sqrt(variance[0]));
  return Math.max(3, ...modes);
}

function processPanel(
  title: string,
  states: readonly Float32Array[],
  reach: number,
  labels: { readonly x: string; readonly y: string },
): Panel {
  const cell = (2 * reach) / ROWS;
  const densities = states.map((points) => {
    const counts = new Float64Array(ROWS);
    for (const value of points) {
      const row = Math.floor((value + reach) / cell);
      if (row >= 0 && row < ROWS) counts[row] += 1 / (points.length * cell);
    }
    return counts;
  });
  const last = states.length - 1;
  const paths = Array.from({ length: Math.min(PATHS, states[0].length) }, (_, path) =>
    states.map((points, step) => ({ step, path, value: points[path] })),
  ).flat();
  const heatmap = {
    columns: states.length,
    rows: ROWS,
    value: (column: number, row: number) => Math.sqrt(densities[column][row]),
    x: [-0.5, last + 0.5] as const,
    y: [-reach, reach] as const,
    range: [0, BRIGHTEST] as const,
  };
  return heatmapPanel(title, heatmap, labels, {
    height: 260,
    x: wholeTicks(last),
    marks: [
      Plot.line(paths, {
        x: "step",
        y: "value",
        z: "path",
        stroke: PATH_COLOUR,
        strokeOpacity: 0.55,
        strokeWidth: 0.8,
        clip: true,
      }),
    ],
  });
}

function scorePanel(mixture: GaussianMixture, logSnrs: Float64Array, reach: number): Panel {
  // outside these levels nothing changes any more; one level alone still gets a picture with some width
  const first = Math.max(logSnrs[0], SCORE_LEVELS[0]);
  const last = Math.max(Math.min(logSnrs[logSnrs.length - 1], SCORE_LEVELS[1]), first + 1);
  const width = last - first;
  const column = (index: number): number => first + ((index + 0.5) / DENSITY_COLUMNS) * width;
  const marginals = Array.from({ length: DENSITY_COLUMNS }, (_, index) => marginalAt(mixture, column(index)));
  const middle = (row: number, rows: number): number => ((row + 0.5) / rows) * 2 * reach - reach;
  const points = Float32Array.from({ length: ARROW_ROWS }, (_, row) => middle(row, ARROW_ROWS));
  const arrows = Array.from({ length: ARROW_LEVELS }, (_, index) => {
    const logSnr = first + (index / ARROW_LEVELS) * width;
    const noisePower = noisePowerFromLogSnr(logSnr);
    const slopes = score(marginalAt(mixture, logSnr), points);
    return Array.from(points, (z, row) => ({ from: logSnr, z, to: z + noisePower * slopes[row] }));
  }).flat();
  const heatmap = {
    columns: DENSITY_COLUMNS,
    rows: ROWS,
    value: (index: number, row: number) => Math.sqrt(density(marginals[index], [middle(row, ROWS)])),
    x: [first, last] as const,
    y: [-reach, reach] as const,
    range: [0, BRIGHTEST] as const,
  };
  return heatmapPanel(
    "Exact density; each arrow is the score times 1−ᾱ: it points from z to √ᾱ·x̂₀, the mean of the clean signal",
    heatmap,
    { x: "log-SNR λ, from noise to data →", y: "z" },
    {
      height: 260,
      marks: [
        Plot.arrow(arrows, {
          x1: "from",
          y1: "z",
          x2: (arrow: { from: number }) => arrow.from + 0.7 * (width / ARROW_LEVELS),
          y2: "to",
          stroke: "white",
          strokeOpacity: 0.75,
          strokeWidth: 0.9,
          headLength: 6,
          clip: true,
        }),
      ],
    },
  );
}

function noisePanel({ reverse }: ToyRun): Panel {
  const rows = reverse.map(({ logSnr, noiseEnergy, expectedNoiseEnergy }, step) => ({
    step,
    level: noisePowerFromLogSnr(logSnr),
    noiseEnergy,
    expectedNoiseEnergy,
  }));
  const energies = rows.flatMap((row) => [row.level, row.noiseEnergy, row.expectedNoiseEnergy]);
  return {
    title: "Noise left: what the denoiser sees (blue), sees in true noisy data (grey), 1−ᾱ (dashed)",
    options: {
      height: 200,
      x: callAxis(reverse.length),
      y: {
        type: "log",
        label: "mean square",
        grid: true,
        ticks: roundValues(energies),
        tickFormat: shortNumber,
      },
      marks: [
        Plot.line(rows, { x: "step", y: "level", stroke: REFERENCE, strokeDasharray: "4 4" }),
        Plot.line(rows, { x: "step", y: "expectedNoiseEnergy", stroke: REFERENCE, strokeWidth: 3 }),
        Plot.line(rows, { x: "step", y: "noiseEnergy", stroke: REVERSE }),
        ...dots(rows, "noiseEnergy"),
      ],
    },
  };
}

function errorPanel({ reverse, error, samplingError }: ToyRun): Panel {
  const values = [...reverse.map((state) => state.error), error];
  const rows = values.map((value, step) => ({ step, error: value }));
  return {
    title:
      "Error: distance W₁ to the exact distribution of the level; dashed: a perfect sample of as many points",
    options: {
      height: 200,
      x: callAxis(reverse.length),
      y: {
        type: "log",
        label: "W₁",
        grid: true,
        ticks: roundValues([samplingError, ...values]),
        tickFormat: shortNumber,
      },
      marks: [
        Plot.ruleY([samplingError], { stroke: REFERENCE, strokeDasharray: "4 4" }),
        Plot.line(rows, { x: "step", y: "error", stroke: REVERSE }),
        ...dots(rows, "error"),
      ],
    },
  };
}

/** The axis of the panels over denoiser calls, from 0 to `calls`. */
function callAxis(calls: number): Plot.ScaleOptions {
  return { label: "denoiser calls →", domain: [-0.5, calls + 0.5], ...wholeTicks(calls) };
}

/** Ticks at whole numbers from 0 to `last` only. */
function wholeTicks(last: number): Plot.ScaleOptions {
  return { ticks: last <= 12 ? Array.from({ length: last + 1 }, (_, step) => step) : 10, tickFormat: "d" };
}

/** Round numbers between the smallest and the largest value: a range within one decade still needs labels. */
function roundValues(values: readonly number[]): number[] {
  const positive = values.filter((value) => value > 0);
  const [low, high] = [Math.min(...positive), Math.max(...positive)];
  const steps = high < 10 * low ? [1, 1.2, 1.5, 2, 3, 5, 7] : high < 1000 * low ? [1, 2, 5] : [1];
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  // many decades get a label now and then
  const stride = Math.ceil((last - first) / MOST_DECADES);
  const decades: number[] = [];
  for (let power = last; power >= first; power -= Math.max(1, stride)) decades.push(10 ** power);
  return decades.flatMap((decade) => steps.map((step) => step * decade)).filter((v) => v >= low && v <= high);
}

/** A number short enough for the margin: 0.012, but 1e-6. */
function shortNumber(value: number): string {
  return value >= 1e-3 && value < 1e4 ? String(Number(value.toPrecision(2))) : value.toExponential(0);
}

/** Dots where there are few enough of them to be seen. */
function dots(rows: readonly { readonly step: number }[], y: string): Plot.Markish[] {
  return rows.length > 60 ? [] : [Plot.dot(rows, { x: "step", y, fill: REVERSE, r: 2.5 })];
}

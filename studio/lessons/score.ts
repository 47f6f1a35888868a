// Lesson 4: a landscape with its score, and samples that walk on it by Langevin dynamics.
import { planFor } from "../../src/diffusion/samplers/plan-for.js";
import { runPlan, type SamplingPlan, seededNoise } from "../../src/diffusion/samplers/sampling-plan.js";
import { scheduleFromLogSnrs } from "../../src/diffusion/schedules/build-schedule.js";
import { uniformLogSnrs } from "../../src/diffusion/schedules/named-schedules.js";
import { density, exactDenoiser, responsibilities, score } from "../../src/diffusion/toy/exact-score.js";
import { marginalAt } from "../../src/diffusion/toy/gaussian-mixture.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { button, buttonGroup, choice, slider } from "../parts/controls.js";
import { place } from "../parts/dom.js";
import { figure, inWords, numbers } from "../parts/figure.js";
import { player } from "../parts/player.js";
import { Plot } from "../parts/plot.js";
import { Newest } from "../parts/slices.js";
import { landscape } from "./mixtures.js";

const WALK = 400;
const FALLING_LEVELS = 20;
const FIRST_FALLING_LEVEL = -4;
const UP = 3;
const ARROWS_UP = 13;
const CELLS_UP = 32;

type Mode = "stays" | "falls";

let logSnr = 2;
let mode: Mode = "stays";
let stepSize = 0.05;
let drops: (readonly [number, number])[] = [[-2.4, -1.8]];
let dropX = 0;
let dropY = 0;
/** Every state of the walk, [WALK] of [samples, 2]. */
let walk: readonly Float32Array[] = [];
const newest = new Newest();

/** The levels of the walk, from its first step on. */
function levels(): Float64Array {
  return mode === "stays"
    ? Float64Array.of(logSnr)
    : uniformLogSnrs(Math.min(FIRST_FALLING_LEVEL, logSnr - 1), logSnr, FALLING_LEVELS);
}

function walkPlan(): SamplingPlan {
  const schedule = scheduleFromLogSnrs({ name: "walk", source: "the page" }, levels());
  return planFor("langevin", schedule, {
    correctorSteps: mode === "stays" ? WALK - 1 : WALK / FALLING_LEVELS - 1,
    correctorStepSize: stepSize,
  });
}

/** The level at a step of the walk. */
function levelAt(step: number): number {
  const all = levels();
  return all[Math.floor((step * all.length) / WALK)];
}

function compute(): void {
  void newest.run(async (isWanted, slices) => {
    const states: Float32Array[] = [];
    const start = Float32Array.from(drops.flat());
    if (drops.length > 0) {
      for await (const { z } of runPlan(walkPlan(), exactDenoiser(landscape), start, seededNoise(1))) {
        states.push(z);
        await slices.breathe();
        if (!isWanted()) return;
      }
    }
    walk = states;
    show();
  });
}

/** The landscape at a level as a picture, kept until the level or the width changes. */
let ground: { key: string; image: HTMLCanvasElement } | undefined;

function groundImage(level: number, across: number, dark: string): HTMLCanvasElement {
  const columns = Math.round((CELLS_UP * across) / UP);
  const key = `${level} ${columns} ${dark}`;
  if (ground?.key === key) return ground.image;
  const image = document.createElement("canvas");
  image.width = columns;
  image.height = CELLS_UP;
  const context = image.getContext("2d")!;
  const pixels = context.createImageData(columns, CELLS_UP);
  const noisy = marginalAt(landscape, level);
  const values = Float64Array.from({ length: columns * CELLS_UP }, (_, i) => {
    const x = -across + (2 * across * ((i % columns) + 0.5)) / columns;
    const y = UP - (2 * UP * (Math.floor(i / columns) + 0.5)) / CELLS_UP;
    return density(noisy, [x, y]);
  });
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  context.fillStyle = dark;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  values.forEach((value, i) => {
    pixels.data.set([red, green, blue, Math.round(190 * Math.sqrt(value / most))], 4 * i);
  });
  context.putImageData(pixels, 0, 0);
  ground = { key, image };
  return image;
}

let lastPlot: Plot | undefined;
const field = figure({
  description: "A landscape of three hills with arrows that point uphill, and samples that walk on it.",
  height: (width) => Math.max(320, Math.min(width * 0.55, 560)),
  legend: [
    ["signal", "where noisy data are dense"],
    ["quiet", "arrows: the score, uphill"],
    ["noise", "samples and their last 60 steps"],
  ],
  draw: (pen) => {
    const { context, width, height, colours } = pen;
    const across = (UP * width) / height;
    const plot = new Plot(
      pen,
      { left: 0, right: width, top: 0, bottom: height },
      { from: -across, to: across },
      { from: -UP, to: UP },
    );
    lastPlot = plot;
    const level = levelAt(time.position);
    context.imageSmoothingEnabled = true;
    context.drawImage(groundImage(level, across, colours.signal), 0, 0, width, height);
    drawArrows(plot, level, across);
    const step = Math.min(time.position, walk.length - 1);
    if (step < 0) return;
    const few = drops.length <= 30;
    for (let i = 0; i < walk[step].length / 2; i++) {
      if (few) {
        const tail = walk.slice(Math.max(0, step - 60), step + 1);
        plot.line(
          tail.map((z) => z[2 * i]),
          tail.map((z) => z[2 * i + 1]),
          colours.noise,
          { width: 1.25, alpha: 0.7 },
        );
      }
      plot.dots([walk[step][2 * i]], [walk[step][2 * i + 1]], colours.raised, { radius: few ? 7 : 4 });
      plot.dots([walk[step][2 * i]], [walk[step][2 * i + 1]], colours.noise, { radius: few ? 5 : 3 });
    }
  },
});

function drawArrows(plot: Plot, level: number, across: number): void {
  const { context, colours } = plot.pen;
  const columns = Math.round((ARROWS_UP * across) / UP);
  const places: number[] = [];
  for (let row = 0; row < ARROWS_UP; row++) {
    for (let column = 0; column < columns; column++) {
      places.push(-across + (2 * across * (column + 0.5)) / columns, UP - (2 * UP * (row + 0.5)) / ARROWS_UP);
    }
  }
  const points = Float32Array.from(places);
  const uphill = score(marginalAt(landscape, level), points);
  context.save();
  context.strokeStyle = colours.ink;
  context.globalAlpha = 0.55;
  context.lineWidth = 1.25;
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const size = Math.hypot(uphill[i], uphill[i + 1]);
    const length = (0.34 * size) / (size + 1.5);
    const dx = (uphill[i] / size) * length;
    const dy = (uphill[i + 1] / size) * length;
    const [x0, y0] = [plot.x(points[i] - dx / 2), plot.y(points[i + 1] - dy / 2)];
    const [x1, y1] = [plot.x(points[i] + dx / 2), plot.y(points[i + 1] + dy / 2)];
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    const [hx, hy] = [(x1 - x0) * 0.3, (y1 - y0) * 0.3];
    context.moveTo(x1 - hx - hy * 0.7, y1 - hy + hx * 0.7);
    context.lineTo(x1, y1);
    context.lineTo(x1 - hx + hy * 0.7, y1 - hy - hx * 0.7);
  }
  context.stroke();
  context.restore();
}

const table = numbers();

function show(): void {
  field.redraw();
  const step = Math.min(time.position, walk.length - 1);
  const level = levelAt(time.position);
  if (step < 0) {
    place("reading").textContent = "Click the landscape to drop a sample.";
    table.set([{ name: "samples", label: "samples", value: 0 }]);
    return;
  }
  const state = walk[step];
  const noisy = marginalAt(landscape, level);
  const last = state.slice(-2);
  const [scoreX, scoreY] = score(noisy, last);
  const shares = landscape.map(() => 0);
  responsibilities(noisy, state).forEach((share, i) => {
    shares[i % 3] += (2 * share) / state.length;
  });
  table.set([
    { name: "step", label: "step of the walk", value: step },
    { name: "level", label: "level λ", value: level },
    { name: "samples", label: "samples", value: state.length / 2 },
    { name: "x", label: "last sample: x", value: last[0] },
    { name: "y", label: "last sample: y", value: last[1] },
    { name: "score-x", label: "the score there: x", value: scoreX },
    { name: "score-y", label: "the score there: y", value: scoreY },
    { name: "density", label: "the density there", value: density(noisy, last) },
    ...shares.map((value, i) => ({
      name: `hill-${i + 1}`,
      label: `share of samples on hill ${i + 1} (of data: ${landscape[i].weight})`,
      value,
    })),
  ]);
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  place("reading").textContent =
    `Step ${step}: ${state.length / 2 === 1 ? "one sample" : `${state.length / 2} samples`}; ` +
    `${shares.map(percent).join(", ")} on the three hills (left, right, below), where the data have ` +
    `${landscape.map(({ weight }) => percent(weight)).join(", ")}.` +
    (mode === "falls" ? ` The level is λ = ${inWords(Number(level.toFixed(1)))} now.` : "");
}

/** Drops samples and lets all walk again from where they were dropped. */
function drop(more: readonly (readonly [number, number])[]): void {
  drops = [...drops, ...more].slice(-400);
  time.position = 0;
  compute();
  time.play();
}

field.canvas.style.cursor = "crosshair";
field.canvas.addEventListener("click", (event) => {
  if (lastPlot === undefined) return;
  const { left, top } = field.canvas.getBoundingClientRect();
  drop([[lastPlot.valueAcross(event.clientX - left), lastPlot.valueUp(event.clientY - top)]]);
});

const time = player({
  label: "Step of the walk",
  name: "step",
  last: WALK - 1,
  position: 150,
  perSecond: 50,
  format: (step) => `${step} of ${WALK - 1}`,
  onPosition: show,
});

function randomDrops(count: number): [number, number][] {
  const normals = fillNormals(new Float32Array(2 * count), { seed: 2, step: drops.length });
  return Array.from({ length: count }, (_, i) => [1.3 * normals[2 * i], 1.3 * normals[2 * i + 1]]);
}

place("figures").append(field.element);
place("player").append(time.element);
place("controls").append(
  buttonGroup(
    "Samples",
    [
      button(
        "Drop 100",
        () => {
          drop(randomDrops(100));
        },
        { name: "drop-100" },
      ),
      button(
        "Remove all",
        () => {
          drops = [];
          walk = [];
          time.pause();
          time.position = 0;
          compute();
        },
        { name: "remove" },
      ),
    ],
    "Or click the landscape.",
  ),
  choice<Mode>({
    label: "The noise",
    name: "mode",
    options: [
      ["stays", "Stays as it is"],
      ["falls", "Falls on the way"],
    ],
    value: mode,
    hint: "Falling from λ = −4 to the level λ that is set: annealed.",
    onChange: (value) => {
      mode = value;
      time.position = 0;
      compute();
    },
  }).element,
  slider({
    label: "Level λ",
    name: "level",
    min: -3,
    max: 5,
    step: 0.5,
    value: logSnr,
    format: (value) => `λ = ${inWords(value)}`,
    hint: "The log of the signal-to-noise ratio. To the left more noise and one broad hill, to the right three steep ones.",
    onInput: (value) => {
      logSnr = value;
      compute();
      show();
    },
  }).element,
  slider({
    label: "Step size δ",
    name: "step-size",
    min: 0.01,
    max: 0.3,
    step: 0.01,
    value: stepSize,
    hint: "How far a sample goes in one step, and how hard it is shaken.",
    onInput: (value) => {
      stepSize = value;
      compute();
    },
  }).element,
  slider({
    label: "Drop at x",
    name: "drop-x",
    min: -3,
    max: 3,
    step: 0.1,
    value: dropX,
    format: inWords,
    onInput: (value) => {
      dropX = value;
    },
  }).element,
  slider({
    label: "Drop at y",
    name: "drop-y",
    min: -3,
    max: 3,
    step: 0.1,
    value: dropY,
    format: inWords,
    onInput: (value) => {
      dropY = value;
    },
  }).element,
  buttonGroup(
    "By keyboard",
    [
      button(
        "Drop at x, y",
        () => {
          drop([[dropX, dropY]]);
        },
        { name: "drop" },
      ),
    ],
    "At the place of the two sliders.",
  ),
);
place("numbers").append(table.element);
show();
compute();

// Lesson 2: a distribution on the line melts into a Gaussian, and comes back.
import { planFor } from "../../src/diffusion/samplers/plan-for.js";
import { scheduleByName } from "../../src/diffusion/schedules/named-schedules.js";
import { density } from "../../src/diffusion/toy/exact-score.js";
import { type GaussianMixture, marginalAt, varianceOf } from "../../src/diffusion/toy/gaussian-mixture.js";
import { runToy, type ToyRun, wassersteinDistance } from "../../src/diffusion/toy/toy-process.js";
import { button, buttonGroup, choice } from "../parts/controls.js";
import { place } from "../parts/dom.js";
import { figure, inWords, numbers } from "../parts/figure.js";
import { player } from "../parts/player.js";
import { insideOf, Plot } from "../parts/plot.js";
import { Newest } from "../parts/slices.js";
import { threeHills } from "./mixtures.js";

const POINTS = 3000;
const STEPS = 50;
const PATHS = 40;
const REACH = 3.6;
const BINS = 72;

type Direction = "forward" | "back";

let direction: Direction = "forward";
let scheduleName = "cosine-50";
let seed = 1;
let run: ToyRun | undefined;
let runSeed = 0;
const newest = new Newest();

/** All states in the direction that is shown, [N+1] of [points]. */
function states(toy: ToyRun): readonly Float32Array[] {
  return direction === "forward" ? toy.forward : [...toy.reverse.map(({ z }) => z), toy.result];
}

/** What the points of a state should be distributed as. */
function exactAt(position: number): GaussianMixture {
  const { logSnrs } = scheduleByName(scheduleName);
  const level = direction === "forward" ? STEPS - position : position;
  return level === STEPS ? threeHills : marginalAt(threeHills, logSnrs[level]);
}

const edges = Float64Array.from({ length: BINS + 1 }, (_, i) => -REACH + (2 * REACH * i) / BINS);
const fine = Float64Array.from({ length: 241 }, (_, i) => -REACH + (2 * REACH * i) / 240);

const histogram = figure({
  title: "Where the points are",
  description: "A histogram of the points with the exact density as a line.",
  height: (width) => Math.max(230, Math.min(width * 0.55, 360)),
  legend: [
    ["noise", "3000 points"],
    ["signal", "what they should be"],
    ["guess", "one of them"],
  ],
  draw: (pen) => {
    const plot = new Plot(
      pen,
      insideOf(pen, { top: 12 }),
      { from: -REACH, to: REACH, label: "value" },
      { from: 0, to: 1.08, ticks: [0, 0.5, 1] },
    );
    plot.axes();
    if (run === undefined) return;
    const points = states(run)[time.position];
    const heights = new Float64Array(BINS);
    const width = (2 * REACH) / BINS;
    for (const x of points) {
      const bin = Math.floor((x + REACH) / width);
      if (bin >= 0 && bin < BINS) heights[bin] += 1 / (points.length * width);
    }
    plot.bars(edges, heights, pen.colours.noise, 0.65);
    const exact = exactAt(time.position);
    plot.line(
      fine,
      fine.map((x) => density(exact, [x])),
      pen.colours.signal,
      { width: 2.5 },
    );
    plot.dots([points[0]], [0.02], pen.colours.guess, { radius: 7 });
  },
});

const pathFigure = figure({
  title: "The paths of forty points",
  description: "Each point's value over the steps; one path is highlighted.",
  height: (width) => Math.max(230, Math.min(width * 0.8, 360)),
  draw: (pen) => {
    const plot = new Plot(
      pen,
      insideOf(pen, { top: 12 }),
      {
        from: 0,
        to: STEPS,
        label: direction === "forward" ? "step, from data to noise" : "step, from noise to data",
      },
      { from: -REACH, to: REACH },
    );
    plot.axes();
    if (run === undefined) return;
    const all = states(run);
    const steps = all.map((_, step) => step);
    for (let point = 1; point < PATHS; point++) {
      plot.line(
        steps,
        all.map((state) => state[point]),
        pen.colours.noise,
        { width: 1, alpha: 0.3 },
      );
    }
    plot.line(
      steps,
      all.map((state) => state[0]),
      pen.colours.guess,
      { width: 2.5 },
    );
    plot.upright(time.position, pen.colours.ink);
    plot.dots([time.position], [all[time.position][0]], pen.colours.guess, { radius: 6 });
  },
});

const table = numbers();

function show(): void {
  histogram.redraw();
  pathFigure.redraw();
  if (run === undefined) return;
  const { position } = time;
  const points = states(run)[position];
  const exact = exactAt(position);
  const mean = points.reduce((sum, x) => sum + x, 0) / points.length;
  const variance = points.reduce((sum, x) => sum + (x - mean) ** 2, 0) / points.length;
  const distance = wassersteinDistance(points, exact);
  table.set([
    { name: "position", label: "step", value: position },
    { name: "seed", label: "seed of this sample", value: runSeed },
    { name: "mean", label: "mean of the points", value: mean },
    { name: "variance", label: "variance of the points", value: variance },
    { name: "exact-variance", label: "variance, exact", value: varianceOf(exact)[0] },
    { name: "distance", label: "distance to the exact distribution (W₁)", value: distance },
    { name: "value", label: "value of the highlighted point", value: points[0] },
  ]);
  const ends =
    position === 0
      ? "at the start"
      : position === STEPS
        ? "at the end"
        : `after ${position} of ${STEPS} steps`;
  place("reading").textContent =
    `${direction === "forward" ? "Forward" : "Back"}, ${ends}: the points are ${inWords(Number(distance.toFixed(3)))} away from ` +
    `the exact distribution (a perfect sample: about 0.01). The violet point is at ${inWords(Number(points[0].toFixed(2)))}.`;
}

function compute(): void {
  void newest.run(async (isWanted, slices) => {
    const schedule = scheduleByName(scheduleName);
    const wanted = seed;
    const toy = await runToy(
      {
        mixture: threeHills,
        schedule,
        plan: planFor("ddpm", schedule),
        points: POINTS,
        seed: wanted,
        start: "noise",
      },
      () => slices.breathe(),
    );
    if (!isWanted()) return;
    run = toy;
    runSeed = wanted;
    show();
  });
}

const time = player({
  label: "Step",
  name: "step",
  last: STEPS,
  position: 12,
  perSecond: 12,
  format: (step) => `${step} of ${STEPS}`,
  onPosition: show,
});

place("figures").classList.add("two");
place("figures").append(histogram.element, pathFigure.element);
place("player").append(time.element);
place("controls").append(
  choice<Direction>({
    label: "Direction",
    name: "direction",
    options: [
      ["forward", "Forward, into noise"],
      ["back", "Back, to the data"],
    ],
    value: direction,
    onChange: (value) => {
      direction = value;
      time.position = 0;
    },
  }).element,
  buttonGroup(
    "Another draw",
    [
      button(
        "New sample",
        () => {
          seed++;
          compute();
        },
        { name: "new-sample" },
      ),
    ],
    "Other noise, and so other paths.",
  ),
  choice({
    label: "Schedule",
    name: "schedule",
    options: [
      ["cosine-50", "Cosine"],
      ["ddpm-1000:50", "Linear"],
    ],
    value: scheduleName,
    hint: "How the noise is spread over the steps.",
    onChange: (value) => {
      scheduleName = value;
      run = undefined;
      compute();
    },
  }).element,
);
place("numbers").append(table.element);
compute();

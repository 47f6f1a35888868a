// Lesson 5: samplers side by side from one start, and what more steps buy.
import { planFor, type SamplerName } from "../../src/diffusion/samplers/plan-for.js";
import { type NoiseSource, runPlan, seededNoise } from "../../src/diffusion/samplers/sampling-plan.js";
import { scheduleFromLogSnrs } from "../../src/diffusion/schedules/build-schedule.js";
import { uniformLogSnrs } from "../../src/diffusion/schedules/named-schedules.js";
import { exactDenoiser } from "../../src/diffusion/toy/exact-score.js";
import { wassersteinDistance } from "../../src/diffusion/toy/toy-process.js";
import { button, buttonGroup, choice, slider } from "../parts/controls.js";
import { place } from "../parts/dom.js";
import { type Colours, figure, inWords, numbers, type Pen } from "../parts/figure.js";
import { player } from "../parts/player.js";
import { insideOf, Plot, writeAt } from "../parts/plot.js";
import { Newest, type Slices } from "../parts/slices.js";
import { threeHills } from "./mixtures.js";

const FIRST_LEVEL = -6;
const LAST_LEVEL = 4;
const POINTS = 500;
const PATHS = 14;
const REFERENCE_LEVELS = 400;
const REACH = 2.4;
const STEP_COUNTS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 50];

const names = ["ddpm", "ddim", "euler", "heun", "dpmpp-2m"] as const satisfies readonly SamplerName[];
type Name = (typeof names)[number];
type Measure = "ends" | "distribution";

/** How a sampler is drawn in the figure of errors. */
const strokes: Record<Name, { colour: keyof Colours; dash: number[] }> = {
  ddpm: { colour: "noise", dash: [] },
  ddim: { colour: "signal", dash: [] },
  euler: { colour: "signal", dash: [5, 4] },
  heun: { colour: "guess", dash: [5, 4] },
  "dpmpp-2m": { colour: "guess", dash: [] },
};

/** One sampler's run from the start. */
interface Run {
  /** Denoiser calls. */
  readonly calls: number;
  /** λ of each state, and behind them the end's. */
  readonly levels: readonly number[];
  /** The states, and behind them the result: of the first PATHS points. */
  readonly paths: readonly Float32Array[];
  /** [POINTS] */
  readonly result: Float32Array;
}

let steps = 6;
let seed = 1;
let measure: Measure = "ends";
let reference: Run | undefined;
let referenceSeed = 0;
/** By sampler and number of steps. */
let runs = new Map<string, Run>();
const newest = new Newest();

/** Heun's predictor states lie at the same levels as the corrected ones and are not drawn. */
async function runSampler(name: Name, count: number, slices: Slices): Promise<Run> {
  const schedule = scheduleFromLogSnrs(
    { name: "lesson", source: "uniform in λ" },
    uniformLogSnrs(FIRST_LEVEL, LAST_LEVEL, count),
  );
  const plan = planFor(name, schedule);
  const noise: NoiseSource = seededNoise(seed);
  const start = new Float32Array(POINTS);
  noise(start, 0);
  // the reference has far more states than can be seen
  const stride = (name === "heun" ? 2 : 1) * (count === REFERENCE_LEVELS ? 8 : 1);
  const levels: number[] = [];
  const paths: Float32Array[] = [];
  let result: Float32Array = start;
  for await (const { step, logSnr, z, x0 } of runPlan(plan, exactDenoiser(threeHills), start, noise)) {
    if (step % stride === 0) {
      levels.push(logSnr);
      paths.push(z.slice(0, PATHS));
    }
    result = x0;
    await slices.breathe();
  }
  return {
    calls: plan.steps.length,
    levels: [...levels, LAST_LEVEL + 1],
    paths: [...paths, result.slice(0, PATHS)],
    result,
  };
}

function rootMeanSquare(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length);
}

const errors = new WeakMap<Run, { ends: number; distribution: number }>();

/** How far a run is from the ODE's ends (RMS), and its ends from the data (W₁). */
function errorsOf(run: Run, exact: Run): { ends: number; distribution: number } {
  let found = errors.get(run);
  if (found === undefined) {
    found = {
      ends: rootMeanSquare(run.result, exact.result),
      distribution: wassersteinDistance(run.result, threeHills),
    };
    errors.set(run, found);
  }
  return found;
}

function runOf(name: Name, count = steps): Run | undefined {
  return runs.get(`${name} ${count}`);
}

function compute(): void {
  void newest.run(async (isWanted, slices) => {
    const wanted = seed;
    if (referenceSeed !== wanted || reference === undefined) {
      const exact = await runSampler("heun", REFERENCE_LEVELS, slices);
      if (!isWanted()) return;
      reference = exact;
      referenceSeed = wanted;
      runs = new Map();
    }
    for (const count of [steps, ...STEP_COUNTS]) {
      for (const name of names) {
        if (runOf(name, count) !== undefined) continue;
        const run = await runSampler(name, count, slices);
        if (!isWanted()) return;
        runs.set(`${name} ${count}`, run);
        errorsOf(run, reference);
        await slices.breathe();
      }
      show();
    }
  });
}

const panels = figure({
  title: "The paths of fourteen starts, from noise (left) to data (right)",
  description: "A small picture for each sampler: paths from noise on the left to the data on the right.",
  height: (width) => (width < 560 ? 3 : 2) * 190,
  legend: [
    ["noise", "a sampler’s path, a dot at each step"],
    ["quiet", "the probability-flow ODE from the same start"],
  ],
  draw: (pen) => {
    const columns = pen.width < 560 ? 2 : 3;
    const wide = pen.width / columns;
    ([...names, "ode"] as const).forEach((name, index) => {
      const left = (index % columns) * wide;
      const top = Math.floor(index / columns) * 190;
      drawPanel(pen, name, { left: left + 6, right: left + wide - 8, top: top + 26, bottom: top + 178 });
    });
  },
});

function drawPanel(
  pen: Pen,
  name: Name | "ode",
  box: { left: number; right: number; top: number; bottom: number },
): void {
  const { colours } = pen;
  const shown = FIRST_LEVEL + ((LAST_LEVEL + 1 - FIRST_LEVEL) * time.position) / 100;
  const plot = new Plot(
    pen,
    box,
    { from: FIRST_LEVEL, to: LAST_LEVEL + 1, ticks: [] },
    { from: -REACH, to: REACH, ticks: [] },
  );
  pen.context.fillStyle = colours.wash;
  pen.context.fillRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
  const exact = reference;
  const run = name === "ode" ? exact : runOf(name);
  const title = name === "ode" ? "the ODE" : name;
  const isNarrow = pen.width < 560;
  const calls = run === undefined || isNarrow ? "" : ` · ${run.calls} ${run.calls === 1 ? "call" : "calls"}`;
  const error =
    run === undefined || exact === undefined || name === "ode"
      ? ""
      : ` · ${inWords(Number(errorsOf(run, exact)[measure].toPrecision(2)))}`;
  plot.words(`${title}${calls}${error}`, FIRST_LEVEL, REACH * 1.13, colours.ink);
  if (exact === undefined) return;
  for (let path = 0; path < PATHS; path++) {
    const [xs, ys] = partial(exact, path, shown);
    plot.line(xs, ys, colours.quiet, { width: name === "ode" ? 1.75 : 1, alpha: name === "ode" ? 1 : 0.6 });
  }
  if (run === undefined || name === "ode") return;
  for (let path = 0; path < PATHS; path++) {
    const [xs, ys] = partial(run, path, shown);
    plot.line(xs, ys, colours.noise, { width: 1.25, alpha: 0.85 });
    if (run.levels.length < 30) plot.dots(xs.slice(0, -1), ys.slice(0, -1), colours.noise, { radius: 2 });
  }
}

/** A path up to a level; its last point lies on the line between two states. */
function partial({ levels, paths }: Run, path: number, shown: number): [number[], number[]] {
  const xs: number[] = [];
  const ys: number[] = [];
  for (const [i, level] of levels.entries()) {
    if (level <= shown) {
      xs.push(level);
      ys.push(paths[i][path]);
    } else if (i > 0) {
      const share = (shown - levels[i - 1]) / (level - levels[i - 1]);
      xs.push(shown);
      ys.push(paths[i - 1][path] + share * (paths[i][path] - paths[i - 1][path]));
      break;
    }
  }
  return [xs, ys];
}

const errorFigure = figure({
  title: "Error against denoiser calls",
  description: "For each sampler, the error falls with the number of calls; both axes are logarithmic.",
  height: (width) => Math.max(280, Math.min(width * 0.9, 380)),
  draw: (pen) => {
    const low = measure === "ends" ? 1e-4 : 5e-3;
    const plot = new Plot(
      pen,
      insideOf(pen, { left: 52, right: 74, top: 24 }),
      { from: 1, to: 100, log: true, label: "calls" },
      {
        from: low,
        to: 2,
        log: true,
        ticks: [1e-4, 1e-3, 0.01, 0.1, 1].filter((tick) => tick >= low),
        label: measure === "ends" ? "distance to the ODE’s ends" : "distance to the data (W₁)",
      },
    );
    plot.axes();
    const exact = reference;
    if (exact === undefined) return;
    const labels: { name: Name; y: number }[] = [];
    for (const name of names) {
      const { colour, dash } = strokes[name];
      const found = STEP_COUNTS.flatMap((count) => runOf(name, count) ?? []);
      const ys = found.map((run) => Math.max(errorsOf(run, exact)[measure], low * 1.01));
      plot.line(
        found.map(({ calls }) => calls),
        ys,
        pen.colours[colour],
        { width: 2, dash },
      );
      const here = runOf(name);
      if (here !== undefined) {
        plot.dots([here.calls], [Math.max(errorsOf(here, exact)[measure], low * 1.01)], pen.colours[colour], {
          radius: 5,
        });
      }
      const last = ys.at(-1);
      if (last !== undefined) labels.push({ name, y: plot.y(last) });
    }
    // names at the lines' ends, one below the other where they would lie on each other
    let above = -Infinity;
    for (const { name, y } of labels.sort((a, b) => a.y - b.y)) {
      above = Math.max(above + 14, y + 4);
      writeAt(pen, name, plot.box.right + 8, above, pen.colours[strokes[name].colour]);
    }
  },
});

const table = numbers();

function show(): void {
  panels.redraw();
  errorFigure.redraw();
  const exact = reference;
  if (exact === undefined) return;
  const found = names.flatMap((name) => {
    const run = runOf(name);
    return run === undefined ? [] : [{ name, run, ...errorsOf(run, exact) }];
  });
  table.set([
    { name: "steps", label: "levels", value: steps },
    { name: "seed", label: "seed of the start", value: referenceSeed },
    ...found.flatMap(({ name, run, ends, distribution }) => [
      { name: `${name}-calls`, label: `${name}: denoiser calls`, value: run.calls },
      { name: `${name}-ends`, label: `${name}: distance to the ODE’s ends (RMS)`, value: ends },
      { name: `${name}-distribution`, label: `${name}: distance to the data (W₁)`, value: distribution },
    ]),
    {
      name: "ode-distribution",
      label: "the ODE: distance to the data (W₁)",
      value: errorsOf(exact, exact).distribution,
    },
  ]);
  if (found.length < names.length) return;
  const best = found.reduce((least, one) => (one[measure] < least[measure] ? one : least));
  place("reading").textContent =
    `${steps} ${steps === 1 ? "level" : "levels"}: nearest ${measure === "ends" ? "to the ODE" : "to the data"} is ${best.name}, ` +
    `${inWords(Number(best[measure].toPrecision(2)))} away after ${best.run.calls} ${best.run.calls === 1 ? "call" : "calls"}. ` +
    "The hills are about 1.5 apart.";
}

const time = player({
  label: "Way from noise to data",
  name: "way",
  last: 100,
  position: 100,
  perSecond: 25,
  format: (way) => `${way} %`,
  onPosition: show,
});

place("figures").classList.add("two");
place("figures").append(panels.element, errorFigure.element);
place("player").append(time.element);
place("controls").append(
  slider({
    label: "Levels of each sampler",
    name: "steps",
    min: 1,
    max: 50,
    step: 1,
    value: steps,
    hint: "A denoiser call for each; heun makes nearly two.",
    onInput: (value) => {
      steps = value;
      show();
      compute();
    },
  }).element,
  choice<Measure>({
    label: "Error is the distance",
    name: "measure",
    options: [
      ["ends", "to the ODE’s ends"],
      ["distribution", "to the data"],
    ],
    value: measure,
    hint: "Point by point, or as a distribution: the second is what counts for ddpm.",
    onChange: (value) => {
      measure = value;
      show();
    },
  }).element,
  buttonGroup(
    "The start",
    [
      button(
        "Another start",
        () => {
          seed++;
          compute();
        },
        { name: "another-start" },
      ),
    ],
    "The same new noise for all.",
  ),
);
place("numbers").append(table.element);
show();
compute();

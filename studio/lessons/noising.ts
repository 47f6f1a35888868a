// Lesson 1: a signal goes into noise, in small steps or in one jump.
import { diffuse, diffuseStep } from "../../src/diffusion/forward-process.js";
import { respace, scheduleSteps, type ScheduleStep } from "../../src/diffusion/schedules/build-schedule.js";
import { scheduleByName } from "../../src/diffusion/schedules/named-schedules.js";
import { choice, slider } from "../parts/controls.js";
import { place } from "../parts/dom.js";
import { figure, inWords, numbers } from "../parts/figure.js";
import { player } from "../parts/player.js";
import { insideOf, Plot } from "../parts/plot.js";
import { signalOf, type SignalName, SIGNAL_SAMPLES } from "./signals.js";

type ScheduleName = "linear" | "cosine";
type Route = "jump" | "steps";

const longSchedules = { linear: scheduleByName("ddpm-1000"), cosine: scheduleByName("cosine-1000") };
/** Where the noise of the small steps begins among the seed's draws; the jump takes draw 0. */
const FIRST_STEP_DRAW = 1;

let steps = 1000;
let seed = 1;
let route: Route = "jump";
let scheduleName: ScheduleName = "linear";
let x0 = signalOf("wave");
let tables = tablesOf(steps);
let walked: Float32Array[] = [x0];

/** The schedules' tables, from data to noise. */
function tablesOf(count: number): Record<ScheduleName, ScheduleStep[]> {
  const table = (name: ScheduleName): ScheduleStep[] =>
    scheduleSteps(respace(longSchedules[name], count)).reverse();
  return { linear: table("linear"), cosine: table("cosine") };
}

/** x_t, by the route that is chosen; small steps are remembered. */
function stateAt(t: number): Float32Array {
  if (t === 0) return x0;
  const table = tables[scheduleName];
  if (route === "jump") return diffuse(x0, table[t - 1].logSnr, { seed, step: 0 }).z;
  for (let s = walked.length; s <= t; s++) {
    walked.push(diffuseStep(walked[s - 1], table[s - 1].beta, { seed, step: FIRST_STEP_DRAW + s }).z);
  }
  return walked[t];
}

const positions = Float64Array.from({ length: SIGNAL_SAMPLES }, (_, i) => i);
const signalFigure = figure({
  description: "The signal at step t: a smooth line at t = 0, noise at the end.",
  height: (width) => Math.max(220, Math.min(width * 0.5, 340)),
  legend: [
    ["signal", "the signal x₀"],
    ["noise", "x at step t"],
  ],
  draw: (pen) => {
    const box = insideOf(pen, { left: 28, top: 10 });
    const plot = new Plot(
      pen,
      box,
      { from: 0, to: SIGNAL_SAMPLES, ticks: [0, 64, 128, 192, 256], label: "sample" },
      { from: -3.6, to: 3.6, ticks: [-2, 0, 2] },
    );
    plot.axes();
    plot.line(positions, stateAt(time.position), pen.colours.noise, { width: 1.75 });
    plot.line(positions, x0, pen.colours.signal, { width: 2, alpha: 0.75 });
  },
});

/** A curve of both schedules over t. */
function curve(
  title: string,
  description: string,
  up: { from: number; to: number; ticks: number[]; label: string },
  value: (step: ScheduleStep) => number,
): ReturnType<typeof figure> {
  return figure({
    title,
    description,
    height: () => 170,
    draw: (pen) => {
      const plot = new Plot(pen, insideOf(pen), { from: 0, to: steps, label: "step t" }, up);
      plot.axes();
      for (const name of ["linear", "cosine"] as const) {
        const table = tables[name];
        const chosen = name === scheduleName;
        plot.line(
          table.map(({ t }) => t),
          table.map(value),
          chosen ? pen.colours.signal : pen.colours.quiet,
          chosen ? { width: 2.5 } : { width: 1.5, dash: [4, 4] },
        );
      }
      plot.upright(time.position, pen.colours.noise);
      const here = time.position > 0 ? tables[scheduleName][time.position - 1] : undefined;
      if (here !== undefined) plot.dots([here.t], [value(here)], pen.colours.noise, { radius: 5 });
    },
  });
}

const shareFigure = curve(
  "ᾱ: how much of the power is signal",
  "ᾱ falls from 1 to 0 over the steps, for both schedules.",
  { from: 0, to: 1, ticks: [0, 0.5, 1], label: "" },
  ({ alphaBar }) => alphaBar,
);
const snrFigure = curve(
  "Signal-to-noise ratio in dB",
  "The signal-to-noise ratio falls over the steps, for both schedules.",
  { from: -50, to: 40, ticks: [-40, -20, 0, 20, 40], label: "" },
  ({ snr }) => Math.max(-60, 10 * Math.log10(snr)),
);

const table = numbers();

function show(): void {
  const t = time.position;
  const x = stateAt(t);
  const step = t > 0 ? tables[scheduleName][t - 1] : undefined;
  const alphaBar = step?.alphaBar ?? 1;
  const decibels = step ? 10 * Math.log10(step.snr) : Infinity;
  const power = x.reduce((sum, value) => sum + value * value, 0) / x.length;
  const likeness = x.reduce((sum, value, i) => sum + value * x0[i], 0) / x.length;
  table.set([
    { name: "t", label: "step t", value: t },
    { name: "beta", label: "β of this step", value: step?.beta ?? 0 },
    { name: "alpha-bar", label: "ᾱ, the signal’s share of the power", value: alphaBar },
    { name: "signal-factor", label: "√ᾱ, the signal’s factor", value: step?.sqrtAlphaBar ?? 1 },
    { name: "noise-factor", label: "√(1−ᾱ), the noise’s factor", value: step?.noiseScale ?? 0 },
    { name: "snr", label: "signal-to-noise ratio, dB", value: decibels },
    { name: "power", label: "power of x, measured", value: power },
    { name: "likeness", label: "how much of x₀ is in x, measured (√ᾱ on average)", value: likeness },
    { name: "first", label: "x, sample 0", value: x[0] },
  ]);
  place("reading").textContent =
    step === undefined
      ? "t = 0: the signal as it is."
      : `t = ${t}: ${percent(alphaBar)} of the power is signal, the rest is noise (${inWords(Number(decibels.toFixed(1)))} dB). ` +
        (route === "jump"
          ? "One jump from the signal, one noise."
          : `${t} small ${t === 1 ? "step" : "steps"}, each with noise of its own; this one exchanged ${percent(step.beta)}.`);
  for (const drawn of [signalFigure, shareFigure, snrFigure]) drawn.redraw();
}

function percent(share: number): string {
  return `${inWords(Number((100 * share).toPrecision(2)))} %`;
}

/** Something was chosen that the small steps depend on. */
function begin(): void {
  walked = [x0];
  show();
}

const time = player({
  label: "Step t",
  name: "t",
  last: steps,
  position: 250,
  perSecond: 150,
  format: (t) => `${t} of ${steps}`,
  onPosition: show,
});

place("figures").classList.add("two");
const curves = document.createElement("div");
curves.className = "figures";
curves.append(shareFigure.element, snrFigure.element);
place("figures").append(signalFigure.element, curves);
place("player").append(time.element);
place("controls").append(
  choice({
    label: "The way to t",
    name: "route",
    options: [
      ["jump", "One jump"],
      ["steps", "Step by step"],
    ],
    value: route,
    hint: "Both end with as much noise; only the jump keeps the same noise while you drag.",
    onChange: (value) => {
      route = value;
      show();
    },
  }).element,
  choice({
    label: "Schedule",
    name: "schedule",
    options: [
      ["linear", "Linear"],
      ["cosine", "Cosine"],
    ],
    value: scheduleName,
    hint: "The blue curve; the other one is dashed.",
    onChange: (value) => {
      scheduleName = value;
      begin();
    },
  }).element,
  choice({
    label: "Steps in all",
    name: "steps",
    options: [
      ["1000", "1000"],
      ["20", "20, large ones"],
    ],
    value: "1000",
    hint: "With 20, each step can be seen.",
    onChange: (value) => {
      const share = time.position / steps;
      steps = Number(value);
      tables = tablesOf(steps);
      walked = [x0];
      time.setLast(steps, Math.round(share * steps));
    },
  }).element,
  choice<SignalName>({
    label: "Signal",
    name: "signal",
    options: [
      ["wave", "Wave"],
      ["stairs", "Stairs"],
      ["pulses", "Pulses"],
    ],
    value: "wave",
    onChange: (value) => {
      x0 = signalOf(value);
      begin();
    },
  }).element,
  slider({
    label: "Seed of the noise",
    name: "seed",
    min: 1,
    max: 20,
    step: 1,
    value: seed,
    hint: "Other noise, the same amount of it.",
    onInput: (value) => {
      seed = value;
      begin();
    },
  }).element,
);
place("numbers").append(table.element);
show();

// Lesson 3: the noise in a number is guessed, perfectly, wrongly, and by a network that learns in the page.
import { diffuse } from "../../src/diffusion/forward-process.js";
import { planFor } from "../../src/diffusion/samplers/plan-for.js";
import { type Denoiser, sample, seededNoise } from "../../src/diffusion/samplers/sampling-plan.js";
import { scheduleByName } from "../../src/diffusion/schedules/named-schedules.js";
import { density, exactDenoiser } from "../../src/diffusion/toy/exact-score.js";
import { drawFrom } from "../../src/diffusion/toy/gaussian-mixture.js";
import { wassersteinDistance } from "../../src/diffusion/toy/toy-process.js";
import { slider } from "../parts/controls.js";
import { make, place } from "../parts/dom.js";
import { type Colours, figure, inWords, numbers } from "../parts/figure.js";
import { player } from "../parts/player.js";
import { insideOf, Plot } from "../parts/plot.js";
import { nextTask, Slices } from "../parts/slices.js";
import { threeHills } from "./mixtures.js";
import { inputsFor, predict, writeInputs } from "./network.js";
import {
  HIGHEST_LEVEL,
  LOWEST_LEVEL,
  perfectLoss,
  SNAPSHOTS,
  STEPS_A_SNAPSHOT,
  Training,
} from "./training.js";

const POINTS = 1000;
const EXAMPLES = 400;
const REACH = 3.2;

// in a task of its own, so that the page is there at once
await nextTask();
const training = new Training();
const exact = exactDenoiser(threeHills);
const plan = planFor("ddim", scheduleByName("logsnr-25"));
const data = drawFrom(threeHills, EXAMPLES, seededNoise(5), 0);

let logSnr = 0;
let error = 20;
let floor = NaN;
/** Where each kind of guess leads, [POINTS]. */
const ends: Record<"perfect" | "wrong" | "network", Float32Array | undefined> = {
  perfect: undefined,
  wrong: undefined,
  network: undefined,
};

/** The snapshot that is shown: the one at the player's position, or the last that there is. */
function snapshotNumber(): number {
  return Math.min(time.position, training.snapshots.length - 1);
}

function networkGuess(z: Float32Array, level: number, snapshot = snapshotNumber()): Float32Array {
  return predict(training.snapshots[snapshot].weights, writeInputs(z, level, inputsFor(z.length)));
}

const grid = Float32Array.from({ length: 129 }, (_, i) => -REACH + (2 * REACH * i) / 128);

/** The perfect guess on the grid, or at other places; the exact denoiser answers at once. */
function perfectGuess(z: Float32Array): Float32Array {
  return exact(z, logSnr) as Float32Array;
}

const guessFigure = figure({
  title: "The noise ε against the noisy number z",
  description: "Examples as dots, the perfect guess and the network's guess as lines.",
  height: (width) => Math.max(240, Math.min(width * 0.6, 380)),
  legend: [
    ["noise", "examples: z and its noise"],
    ["signal", "the perfect guess"],
    ["guess", "the network’s guess"],
  ],
  draw: (pen) => {
    const plot = new Plot(
      pen,
      insideOf(pen, { left: 30, top: 12 }),
      { from: -REACH, to: REACH, label: "z" },
      { from: -3, to: 3 },
    );
    plot.axes();
    const { z, noise } = diffuse(data, logSnr, { seed: 6, step: 0 });
    plot.dots(z, noise, pen.colours.noise, { radius: 2.2, alpha: 0.45 });
    plot.line(grid, perfectGuess(grid), pen.colours.signal, { width: 3 });
    plot.line(grid, networkGuess(grid, logSnr), pen.colours.guess, { width: 3 });
  },
});

const lossFigure = figure({
  title: "The loss while it learns",
  description: "The network's loss falls towards that of the perfect guess.",
  height: (width) => Math.max(200, Math.min(width * 0.6, 380)),
  legend: [
    ["guess", "the network’s loss"],
    ["signal", "the perfect guess’s"],
  ],
  draw: (pen) => {
    const plot = new Plot(
      pen,
      insideOf(pen, { top: 12 }),
      { from: 0, to: SNAPSHOTS * STEPS_A_SNAPSHOT, label: "training step" },
      { from: 0.3, to: 1.1, ticks: [0.4, 0.6, 0.8, 1] },
    );
    plot.axes();
    const { snapshots } = training;
    const steps = snapshots.map((_, i) => i * STEPS_A_SNAPSHOT);
    plot.line([0, SNAPSHOTS * STEPS_A_SNAPSHOT], [floor, floor], pen.colours.signal, { dash: [6, 4] });
    plot.line(
      steps,
      snapshots.map(({ loss }) => loss),
      pen.colours.guess,
      { width: 2.5 },
    );
    const at = snapshotNumber();
    plot.dots([steps[at]], [snapshots[at].loss], pen.colours.guess, { radius: 6 });
  },
});

/** A histogram of where one kind of guess leads. */
function endFigure(kind: keyof typeof ends, title: string, colour: keyof Colours): ReturnType<typeof figure> {
  return figure({
    title,
    description: `A histogram of where ${title.toLowerCase()} lead, with the data's density.`,
    height: () => 150,
    draw: (pen) => {
      const plot = new Plot(
        pen,
        insideOf(pen, { left: 8, top: 8, bottom: 24 }),
        { from: -3, to: 3 },
        { from: 0, to: 1.2, ticks: [] },
      );
      plot.axes();
      const found = ends[kind];
      if (found !== undefined) {
        const bins = 48;
        const edges = Float64Array.from({ length: bins + 1 }, (_, i) => -3 + (6 * i) / bins);
        const heights = new Float64Array(bins);
        for (const x of found) {
          const bin = Math.floor(((x + 3) / 6) * bins);
          if (bin >= 0 && bin < bins) heights[bin] += bins / 6 / found.length;
        }
        plot.bars(edges, heights, pen.colours[colour], 0.65);
      }
      plot.line(
        grid,
        grid.map((x) => density(threeHills, [x])),
        pen.colours.ink,
        { width: 1.5 },
      );
    },
  });
}
const endFigures = {
  perfect: endFigure("perfect", "Perfect guesses", "signal"),
  wrong: endFigure("wrong", "Wrong guesses", "noise"),
  network: endFigure("network", "The network’s guesses", "guess"),
};

const table = numbers();

function show(): void {
  guessFigure.redraw();
  lossFigure.redraw();
  const at = snapshotNumber();
  const { loss } = training.snapshots[at];
  const one = Float32Array.of(1);
  const distance = (kind: keyof typeof ends): number =>
    ends[kind] === undefined ? NaN : wassersteinDistance(ends[kind], threeHills);
  const distances = { perfect: distance("perfect"), wrong: distance("wrong"), network: distance("network") };
  table.set([
    { name: "training-steps", label: "training steps", value: at * STEPS_A_SNAPSHOT },
    { name: "loss", label: "the network’s loss", value: loss },
    { name: "perfect-loss", label: "the perfect guess’s loss", value: floor },
    { name: "level", label: "level λ of the figure", value: logSnr },
    { name: "perfect-at-1", label: "perfect guess at z = 1", value: perfectGuess(one)[0] },
    { name: "network-at-1", label: "the network’s guess at z = 1", value: networkGuess(one, logSnr)[0] },
    { name: "error", label: "error of the wrong guesses, %", value: error },
    {
      name: "perfect-distance",
      label: "perfect guesses: distance of the ends to the data (W₁)",
      value: distances.perfect,
    },
    { name: "wrong-distance", label: "wrong guesses: the same", value: distances.wrong },
    { name: "network-distance", label: "the network’s guesses: the same", value: distances.network },
  ]);
  const words = (value: number): string => inWords(Number(value.toFixed(3)));
  place("reading").textContent =
    (at < time.position ? "Learning … " : "") +
    `After ${at * STEPS_A_SNAPSHOT} training steps the loss is ${words(loss)}; the perfect guess has ${words(floor)}. ` +
    `The ways back end ${words(distances.perfect)} from the data with perfect guesses, ${words(distances.wrong)} with ` +
    `wrong ones and ${words(distances.network)} with the network’s.`;
}

// Training goes on in slices until the snapshot at the player's position is there.
let isTraining = false;
async function train(): Promise<void> {
  if (isTraining) return;
  isTraining = true;
  const slices = new Slices();
  while (training.snapshots.length <= time.position) {
    const before = training.snapshots.length;
    training.step();
    if (training.snapshots.length > before) {
      show();
      // not for each: it takes as long as some training steps
      if (before % 8 === 0) void lead("network");
    }
    await slices.breathe();
  }
  isTraining = false;
  show();
  void lead("network");
}

// Ways back are computed one at a time; what has changed in the meantime is computed again.
const isStale: Record<keyof typeof ends, boolean> = { perfect: false, wrong: false, network: false };
let isLeading = false;
async function lead(...kinds: (keyof typeof ends)[]): Promise<void> {
  for (const kind of kinds) isStale[kind] = true;
  if (isLeading) return;
  isLeading = true;
  const slices = new Slices();
  for (;;) {
    const kind = (["perfect", "wrong", "network"] as const).find((name) => isStale[name]);
    if (kind === undefined) break;
    isStale[kind] = false;
    const snapshot = snapshotNumber();
    const factor = 1 + error / 100;
    const denoiser: Denoiser = async (z, level) => {
      await slices.breathe();
      if (kind === "network") return networkGuess(z, level, snapshot);
      const guess = await exact(z, level);
      return kind === "wrong" ? guess.map((value) => factor * value) : guess;
    };
    const noise = seededNoise(1);
    const start = new Float32Array(POINTS);
    noise(start, 0);
    ends[kind] = await sample(plan, denoiser, start, noise);
    endFigures[kind].redraw();
    show();
  }
  isLeading = false;
}

const time = player({
  label: "Training step",
  name: "training",
  last: SNAPSHOTS,
  perSecond: 10,
  format: (position) => `${position * STEPS_A_SNAPSHOT} of ${SNAPSHOTS * STEPS_A_SNAPSHOT}`,
  onPosition: () => {
    show();
    if (training.snapshots.length <= time.position) void train();
    else void lead("network");
  },
});

place("figures").append(
  make("div", { class: "figures two" }, guessFigure.element, lossFigure.element),
  make("div", { class: "figures three" }, ...Object.values(endFigures).map(({ element }) => element)),
);
place("player").append(time.element);
place("controls").append(
  slider({
    label: "Level λ of the upper figure",
    name: "level",
    min: LOWEST_LEVEL,
    max: HIGHEST_LEVEL,
    step: 0.5,
    value: logSnr,
    format: (value) => `λ = ${inWords(value)}`,
    hint: "The log of the signal-to-noise ratio: from mostly noise (−6) to mostly data (7).",
    onInput: (value) => {
      logSnr = value;
      show();
    },
  }).element,
  slider({
    label: "Error of the wrong guesses",
    name: "error",
    min: -40,
    max: 40,
    step: 5,
    value: error,
    format: (value) => `${value > 0 ? "+" : ""}${inWords(value)} %`,
    hint: "Every guess is too large or too small by so much.",
    onInput: (value) => {
      error = value;
      void lead("wrong");
    },
  }).element,
);
place("numbers").append(table.element);
await nextTask();
show();
void perfectLoss().then((loss) => {
  floor = loss;
  show();
});
void lead("perfect", "wrong", "network");

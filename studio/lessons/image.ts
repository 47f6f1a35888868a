// Lesson 6: pictures go into noise and come out of it, by the same process.
import { diffuseStep } from "../../src/diffusion/forward-process.js";
import { alphaBarFromLogSnr, betaBetween } from "../../src/diffusion/levels.js";
import { planFor } from "../../src/diffusion/samplers/plan-for.js";
import { runPlan, seededNoise } from "../../src/diffusion/samplers/sampling-plan.js";
import {
  type NoiseSchedule,
  respace,
  scheduleFromBetas,
} from "../../src/diffusion/schedules/build-schedule.js";
import { linearBetas } from "../../src/diffusion/schedules/named-schedules.js";
import { exactDenoiser, responsibilities } from "../../src/diffusion/toy/exact-score.js";
import { marginalAt } from "../../src/diffusion/toy/gaussian-mixture.js";
import { button, buttonGroup, choice, slider } from "../parts/controls.js";
import { place } from "../parts/dom.js";
import { figure, inWords, numbers, type Pen } from "../parts/figure.js";
import { player } from "../parts/player.js";
import { Newest, nextTask } from "../parts/slices.js";
import { writeAt } from "../parts/plot.js";
import { picture, mixtureOf, PICTURES, SIDE } from "./pictures.js";

type Direction = "forward" | "back";
type Sampler = "ddpm" | "ddim";

let direction: Direction = "back";
let sampler: Sampler = "ddpm";
let steps = 25;
let scale = 1;
let seed = 1;
let chosen = 1;

/** A state, and what the denoiser makes of it. */
interface Frame {
  /** Infinity for clean data. */
  readonly logSnr: number;
  /** [SIDE, SIDE, 3] */
  readonly state: Float32Array;
  readonly guess: Float32Array;
}

let frames: readonly Frame[] = [];
const newest = new Newest();
// one a task: they take a while until the formulas are compiled
const pictures: Float32Array[] = [];
for (let index = 0; index < PICTURES; index++) {
  pictures.push(picture(index));
  await nextTask();
}
const mixture = mixtureOf(pictures);
const denoise = exactDenoiser(mixture);

/** DDPM's betas times the scale, and of their thousand levels as many as there are steps. */
function schedule(): NoiseSchedule {
  const betas = linearBetas(1e-4 * scale, 0.02 * scale, 1000);
  return respace(scheduleFromBetas({ name: "scaled", source: "ddpm-1000, scaled" }, betas), steps);
}

/** How likely it is that each picture is in a state, [PICTURES]. */
function likelihoods({ logSnr, state }: Frame): Float64Array {
  return responsibilities(logSnr === Infinity ? mixture : marginalAt(mixture, logSnr), state);
}

function compute(): void {
  void newest.run(async (isWanted, slices) => {
    const { logSnrs } = schedule();
    const found: Frame[] = [];
    if (direction === "forward") {
      let state = pictures[chosen];
      found.push({ logSnr: Infinity, state, guess: state });
      for (const logSnr of [...logSnrs].reverse()) {
        const beta = betaBetween(found[found.length - 1].logSnr, logSnr);
        state = diffuseStep(state, beta, { seed, step: found.length }).z;
        found.push({ logSnr, state, guess: pictures[chosen] });
        await slices.breathe();
        if (!isWanted()) return;
      }
    } else {
      const noise = seededNoise(seed);
      const start = new Float32Array(SIDE * SIDE * 3);
      noise(start, 0);
      for await (const { logSnr, z, x0 } of runPlan(planFor(sampler, schedule()), denoise, start, noise)) {
        found.push({ logSnr, state: z, guess: x0 });
        await slices.breathe();
        if (!isWanted()) return;
      }
      const { guess } = found[found.length - 1];
      found.push({ logSnr: Infinity, state: guess, guess });
    }
    frames = found;
    time.setLast(steps);
  });
}

const bitmap = document.createElement("canvas");
bitmap.width = SIDE;
bitmap.height = SIDE;

function drawPicture({ context }: Pen, values: Float32Array, left: number, top: number, side: number): void {
  const inside = bitmap.getContext("2d")!;
  const pixels = inside.createImageData(SIDE, SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = 127.5 * (values[3 * i + c] + 1);
    pixels.data[4 * i + 3] = 255;
  }
  inside.putImageData(pixels, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(bitmap, left, top, side, side);
}

const GAP = 8;
const THUMBNAILS = 8;

/** The side of the two large pictures. */
function largeSide(width: number): number {
  return Math.min((width - GAP) / 2, 340);
}

/** The side of one of the small ones. */
function smallSide(width: number): number {
  return Math.min((width - GAP * (THUMBNAILS - 1)) / THUMBNAILS, 72);
}

const figureOfPictures = figure({
  description: "The state at this step, the denoiser's guess, and states of the whole way below.",
  height: (width) => largeSide(width) + 52 + smallSide(width),
  draw: (pen) => {
    const side = largeSide(pen.width);
    const frame = frames[time.position];
    if (frame === undefined) return;
    writeAt(pen, "The state", 0, 14, pen.colours.ink);
    writeAt(
      pen,
      direction === "back" ? "The guess x̂₀ made of it" : "The picture it was",
      side + GAP,
      14,
      pen.colours.ink,
    );
    drawPicture(pen, frame.state, 0, 22, side);
    drawPicture(pen, frame.guess, side + GAP, 22, side);
    const small = smallSide(pen.width);
    const top = side + 52;
    writeAt(
      pen,
      direction === "back" ? "The whole way, from noise" : "The whole way, into noise",
      0,
      top - 8,
      pen.colours.quiet,
    );
    for (let i = 0; i < THUMBNAILS; i++) {
      const at = Math.round((i * (frames.length - 1)) / (THUMBNAILS - 1));
      const left = i * (small + GAP);
      drawPicture(pen, frames[at].state, left, top, small);
      if (at === time.position) {
        pen.context.strokeStyle = pen.colours.guess;
        pen.context.lineWidth = 3;
        pen.context.strokeRect(left + 1.5, top + 1.5, small - 3, small - 3);
      }
    }
  },
});

const likely = figure({
  title: "Which of the eight is it?",
  description: "A bar for each picture: how likely it is, given the state.",
  height: (width) => Math.max(200, Math.min(width * 0.8, 320)),
  draw: (pen) => {
    const frame = frames[time.position];
    if (frame === undefined) return;
    const shares = likelihoods(frame);
    const row = pen.height / PICTURES;
    const side = Math.min(row - 4, 36);
    for (let i = 0; i < PICTURES; i++) {
      const top = i * row;
      drawPicture(pen, pictures[i], 0, top, side);
      pen.context.fillStyle = pen.colours.wash;
      const wide = pen.width - side - 62;
      pen.context.fillRect(side + 10, top + side / 4, wide, side / 2);
      pen.context.fillStyle = pen.colours.guess;
      pen.context.fillRect(side + 10, top + side / 4, wide * shares[i], side / 2);
      writeAt(
        pen,
        `${Math.round(100 * shares[i])} %`,
        pen.width,
        top + side / 2 + 4,
        pen.colours.ink,
        "right",
      );
    }
  },
});

const table = numbers();

function show(): void {
  figureOfPictures.redraw();
  likely.redraw();
  const frame = frames[time.position];
  if (frame === undefined) return;
  const shares = likelihoods(frame);
  const best = shares.indexOf(Math.max(...shares));
  const target = pictures[best];
  const distance = Math.sqrt(
    frame.state.reduce((sum, value, i) => sum + (value - target[i]) ** 2, 0) / frame.state.length,
  );
  const signalShare = frame.logSnr === Infinity ? 1 : alphaBarFromLogSnr(frame.logSnr);
  table.set([
    { name: "step", label: "step", value: time.position },
    { name: "steps", label: "steps", value: frames.length - 1 },
    { name: "seed", label: "seed of the noise", value: seed },
    { name: "alpha-bar", label: "ᾱ, the signal’s share of the power", value: signalShare },
    { name: "picture", label: "the most likely picture, from 1", value: best + 1 },
    { name: "likelihood", label: "how likely it is", value: shares[best] },
    { name: "distance", label: "distance of the state to it (RMS)", value: distance },
    { name: "first-level", label: "λ of the noisiest level", value: schedule().logSnrs[0] },
  ]);
  const noisiest = alphaBarFromLogSnr(schedule().logSnrs[0]);
  place("reading").textContent =
    (time.position === 0 && direction === "back" ? "Pure noise. " : "") +
    `Step ${time.position} of ${frames.length - 1}: ᾱ = ${inWords(Number(signalShare.toPrecision(3)))}, and it looks most like picture ${best + 1} ` +
    `(${Math.round(100 * shares[best])} %). ` +
    (noisiest > 0.01
      ? `At its noisiest level this schedule leaves ${inWords(Number((100 * noisiest).toPrecision(2)))} % of the power to the picture: the noise does not cover it.`
      : "");
}

const time = player({
  label: "Step",
  name: "step",
  last: steps,
  perSecond: 8,
  format: (step) => `${step} of ${steps}`,
  onPosition: show,
});

place("figures").classList.add("two");
place("figures").append(figureOfPictures.element, likely.element);
place("player").append(time.element);
place("controls").append(
  choice<Direction>({
    label: "Direction",
    name: "direction",
    options: [
      ["back", "Back, from noise"],
      ["forward", "Forward, into noise"],
    ],
    value: direction,
    onChange: (value) => {
      direction = value;
      time.position = 0;
      compute();
    },
  }).element,
  buttonGroup(
    "The noise",
    [
      button(
        "New noise",
        () => {
          seed++;
          compute();
        },
        { name: "new-noise" },
      ),
    ],
    "Back: maybe another picture.",
  ),
  slider({
    label: "Steps",
    name: "steps",
    min: 1,
    max: 50,
    step: 1,
    value: steps,
    hint: "Fewer are larger.",
    onInput: (value) => {
      steps = value;
      compute();
    },
  }).element,
  slider({
    label: "β, scaled",
    name: "scale",
    min: 0.3,
    max: 1.5,
    step: 0.1,
    value: scale,
    format: (value) => `× ${inWords(value)}`,
    hint: "How much noise each step adds, against DDPM’s.",
    onInput: (value) => {
      scale = value;
      compute();
    },
  }).element,
  choice<Sampler>({
    label: "Sampler on the way back",
    name: "sampler",
    options: [
      ["ddpm", "ddpm, with fresh noise"],
      ["ddim", "ddim, without"],
    ],
    value: sampler,
    onChange: (value) => {
      sampler = value;
      compute();
    },
  }).element,
  slider({
    label: "Picture that goes forward",
    name: "picture",
    min: 1,
    max: PICTURES,
    step: 1,
    value: chosen + 1,
    hint: "For the direction into noise.",
    onInput: (value) => {
      chosen = value - 1;
      if (direction === "forward") compute();
    },
  }).element,
);
place("numbers").append(table.element);
compute();

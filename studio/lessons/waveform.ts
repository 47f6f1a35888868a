// Lesson 7: the shipped voice turns noise into speech, with the mel and without.
import { alphaBarFromLogSnr } from "../../src/diffusion/levels.js";
import { button, buttonGroup, choice } from "../parts/controls.js";
import { make, place } from "../parts/dom.js";
import { figure, inWords, numbers } from "../parts/figure.js";
import { player } from "../parts/player.js";
import { insideOf, Plot } from "../parts/plot.js";
import { heatPicture, spectralDistance, spectrogram, type Spectrogram } from "../parts/spectrogram.js";
import { Slices } from "../parts/slices.js";
import { readWaveformLesson, type WaveformLesson, type WaveformProcess } from "./waveform-data.js";

type Condition = "with" | "without";
type View = "estimate" | "state";

/** The file's states, spectrograms and sounds, once it is there. */
let lesson: WaveformLesson | undefined;
let condition: Condition = "with";
let view: View = "state";
const spectrograms = new WeakMap<Float32Array, Spectrogram>();

function spectrogramOf(waveform: Float32Array): Spectrogram {
  let found = spectrograms.get(waveform);
  if (found === undefined) spectrograms.set(waveform, (found = spectrogram(waveform)));
  return found;
}

const distances = new WeakMap<Float32Array, number>();

/** How far a waveform is from the recording, in dB. */
function distanceOf({ recording }: WaveformLesson, waveform: Float32Array): number {
  let found = distances.get(waveform);
  if (found === undefined) {
    found = spectralDistance(spectrogramOf(recording), spectrogramOf(waveform));
    distances.set(waveform, found);
  }
  return found;
}

function shownProcess(data: WaveformLesson): WaveformProcess {
  return condition === "with" ? data.withMel : data.withoutMel;
}

/** The state or the estimate that is shown. */
function shownWaveform(data: WaveformLesson): Float32Array {
  const { states, estimates } = shownProcess(data);
  return (view === "state" ? states : estimates)[time.position];
}

const REACH = 0.4;
const wave = figure({
  title: "The waveform",
  description: "The waveform of the state or of the guess, in front of the recording.",
  height: (width) => Math.max(180, Math.min(width * 0.4, 240)),
  legend: [
    ["noise", "the state z"],
    ["guess", "the guess x̂₀ of it"],
    ["signal", "the recording"],
  ],
  draw: (pen) => {
    if (lesson === undefined) return;
    const { recording, sampleRate } = lesson;
    const { states, estimates } = shownProcess(lesson);
    const plot = new Plot(
      pen,
      insideOf(pen, { left: 8, top: 8, right: 8 }),
      { from: 0, to: recording.length / sampleRate, label: "seconds" },
      { from: -REACH, to: REACH, ticks: [0] },
    );
    plot.axes();
    outline(plot, recording, sampleRate, pen.colours.signal, 0.3);
    if (view === "state") outline(plot, states[time.position], sampleRate, pen.colours.noise, 0.85);
    outline(plot, estimates[time.position], sampleRate, pen.colours.guess, view === "state" ? 0.7 : 0.9);
  },
});

/** Draws a waveform as the band between its least and largest sample in each pixel. */
function outline(
  plot: Plot,
  waveform: Float32Array,
  sampleRate: number,
  colour: string,
  alpha: number,
): void {
  const columns = Math.max(1, Math.round(plot.box.right - plot.box.left));
  const xs: number[] = [];
  const ys: number[] = [];
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((column * waveform.length) / columns);
    const to = Math.floor(((column + 1) * waveform.length) / columns);
    let low = Infinity;
    let high = -Infinity;
    for (let i = from; i < to; i++) {
      low = Math.min(low, waveform[i]);
      high = Math.max(high, waveform[i]);
    }
    xs.push(from / sampleRate, from / sampleRate);
    ys.push(low, high);
  }
  plot.line(xs, ys, colour, { width: 1, alpha });
}

/** A spectrogram of whatever is shown then. */
function heat(
  title: string,
  description: string,
  waveformOf: (data: WaveformLesson) => Float32Array,
): ReturnType<typeof figure> {
  return figure({
    title,
    description,
    height: () => 190,
    draw: (pen) => {
      if (lesson === undefined) return;
      const { frames, bins, decibels } = spectrogramOf(waveformOf(lesson));
      const box = insideOf(pen, { left: 36, top: 18, right: 8, bottom: 22 });
      // up to 8 kHz, the mel's own reach
      const rows = Math.round((bins * 8000) / (lesson.sampleRate / 2));
      const image = heatPicture(
        frames,
        rows,
        (frame, bin) => (decibels[frame * bins + bin] + 35) / 55,
        pen.colours.ink,
      );
      pen.context.fillStyle = pen.colours.wash;
      pen.context.fillRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
      pen.context.drawImage(image, box.left, box.top, box.right - box.left, box.bottom - box.top);
      new Plot(
        pen,
        box,
        { from: 0, to: lesson.recording.length / lesson.sampleRate, ticks: [0, 0.2, 0.4, 0.6] },
        { from: 0, to: 8, ticks: [0, 4, 8], label: "kHz" },
      ).axes();
    },
  });
}
const shownHeat = heat("Its spectrogram", "The spectrogram of the state or of the guess.", (data) =>
  shownWaveform(data),
);
const recordingHeat = heat(
  "The recording’s spectrogram",
  "The spectrogram of the recording.",
  ({ recording }) => recording,
);

const melFigure = figure({
  title: "The mel: what the network is told",
  description: "The mel spectrogram with the mel, or the same mean at every moment without it.",
  height: () => 150,
  draw: (pen) => {
    if (lesson === undefined) return;
    const { mel, frames, bands } = lesson;
    const means = Array.from({ length: bands }, (_, band) => {
      let sum = 0;
      for (let frame = 0; frame < frames; frame++) sum += mel[frame * bands + band];
      return sum / frames;
    });
    const image = heatPicture(
      frames,
      bands,
      (frame, band) => (condition === "with" ? mel[frame * bands + band] : means[band]) / 255,
      pen.colours.signal,
    );
    pen.context.fillStyle = pen.colours.wash;
    pen.context.fillRect(0, 0, pen.width, pen.height);
    pen.context.drawImage(image, 0, 0, pen.width, pen.height);
  },
});

const distanceFigure = figure({
  title: "Distance of the guess to the recording",
  description: "The spectral distance falls over the steps with the mel, and hardly without.",
  height: () => 190,
  legend: [
    ["guess", "with the mel"],
    ["noise", "without"],
  ],
  draw: (pen) => {
    if (lesson === undefined) return;
    const data = lesson;
    const last = data.plan.steps.length;
    const plot = new Plot(
      pen,
      insideOf(pen, { left: 30 }),
      { from: 0, to: last, label: "step" },
      { from: 0, to: 30, label: "dB" },
    );
    plot.axes();
    const distances = ({ estimates }: WaveformProcess): number[] =>
      estimates.map((waveform) => distanceOf(data, waveform));
    const steps = Array.from({ length: last + 1 }, (_, i) => i);
    plot.line(steps, distances(data.withoutMel), pen.colours.noise);
    plot.line(steps, distances(data.withMel), pen.colours.guess);
    plot.upright(time.position, pen.colours.ink);
  },
});

const table = numbers();

function rootMeanSquare(waveform: Float32Array): number {
  return Math.sqrt(waveform.reduce((sum, value) => sum + value * value, 0) / waveform.length);
}

function show(): void {
  for (const drawn of [wave, shownHeat, recordingHeat, melFigure, distanceFigure]) drawn.redraw();
  if (lesson === undefined) return;
  const { plan } = lesson;
  const { states, estimates } = shownProcess(lesson);
  const { position } = time;
  const last = plan.steps.length;
  const level = position < last ? plan.steps[position].logSnr : Infinity;
  const signalShare = level === Infinity ? 1 : alphaBarFromLogSnr(level);
  const distance = distanceOf(lesson, estimates[position]);
  table.set([
    { name: "step", label: "step", value: position },
    { name: "level", label: "level λ of the state", value: level },
    { name: "alpha-bar", label: "ᾱ, the signal’s share of the power", value: signalShare },
    { name: "state", label: "loudness of the state (RMS)", value: rootMeanSquare(states[position]) },
    { name: "estimate", label: "loudness of the guess (RMS)", value: rootMeanSquare(estimates[position]) },
    { name: "distance", label: "spectral distance of the guess to the recording, dB", value: distance },
  ]);
  place("reading").textContent =
    (position === 0
      ? "Before the first step the state is nothing but noise. "
      : position === last
        ? "The last guess is the result. "
        : `After ${position} of ${last} steps the state is ${Math.round(100 * signalShare)} % signal. `) +
    `The guess is ${inWords(Number(distance.toFixed(1)))} dB from the recording’s spectrogram, ` +
    `${condition === "with" ? "with its mel" : "without its mel"}.`;
}

let audio: AudioContext | undefined;
let sounding: AudioBufferSourceNode | undefined;

/** Plays a waveform, loud enough to be heard whatever its size. */
function hear(waveform: Float32Array, sampleRate: number): void {
  audio ??= new AudioContext();
  void audio.resume();
  sounding?.stop();
  const loudest = waveform.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  const buffer = audio.createBuffer(1, waveform.length, sampleRate);
  buffer.copyToChannel(
    waveform.map((value) => (0.5 * value) / loudest),
    0,
  );
  sounding = audio.createBufferSource();
  sounding.buffer = buffer;
  sounding.connect(audio.destination);
  sounding.start();
}

const time = player({
  label: "Step",
  name: "step",
  last: 6,
  perSecond: 1.5,
  format: (step) => `${step} of 6`,
  onPosition: show,
});

place("figures").append(
  make("div", { class: "figures even" }, wave.element, shownHeat.element),
  make("div", { class: "figures three" }, melFigure.element, recordingHeat.element, distanceFigure.element),
);
place("player").append(time.element);
place("controls").append(
  choice<Condition>({
    label: "The network is given",
    name: "condition",
    options: [
      ["with", "Its mel"],
      ["without", "No mel, only the mean"],
    ],
    value: condition,
    onChange: (value) => {
      condition = value;
      show();
    },
  }).element,
  choice<View>({
    label: "Show and hear",
    name: "view",
    options: [
      ["state", "The state z"],
      ["estimate", "The guess x̂₀"],
    ],
    value: view,
    hint: "Where the process is, or what the network makes of it.",
    onChange: (value) => {
      view = value;
      show();
    },
  }).element,
  buttonGroup(
    "Sound",
    [
      button(
        "Hear this step",
        () => {
          if (lesson !== undefined) hear(shownWaveform(lesson), lesson.sampleRate);
        },
        { name: "hear", primary: true },
      ),
      button(
        "Hear the recording",
        () => {
          if (lesson !== undefined) hear(lesson.recording, lesson.sampleRate);
        },
        { name: "hear-recording" },
      ),
    ],
    "Turned up or down to the same loudness.",
  ),
);
place("numbers").append(table.element);
place("reading").textContent = "The voice’s answers are on their way …";

/** Fetches the file and makes the pictures' numbers, in slices. */
async function load(): Promise<void> {
  const answer = await fetch(new URL("./waveform.bin", import.meta.url));
  const slices = new Slices();
  const data = await readWaveformLesson(new Uint8Array(await answer.arrayBuffer()), () => slices.breathe());
  for (const { states, estimates } of [data.withMel, data.withoutMel]) {
    for (const waveform of [...estimates, ...states]) {
      await slices.breathe();
      distanceOf(data, waveform);
    }
  }
  lesson = data;
  show();
}

void load();

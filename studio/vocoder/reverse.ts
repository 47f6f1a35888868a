// The reverse process, step by step: what each step is given and what it guesses, as pictures and as sounds, with the noise
// that is left and the distance to the mel below them.
import type { Mel } from "../../src/mel/format.js";
import { alphaBarFromLogSnr } from "../../src/diffusion/levels.js";
import { naturalLog } from "../../src/mel/encoding.js";
import type { StepView, Vocoder } from "../../src/web.js";
import { button, buttonGroup, choice, slider } from "../parts/controls.js";
import { make, place } from "../parts/dom.js";
import { figure, numbers } from "../parts/figure.js";
import { insideOf, Plot } from "../parts/plot.js";
import { Newest } from "../parts/slices.js";
import { NARROW_BAND, type Spectrogram, spectrogramInSlices } from "../parts/spectrogram.js";
import { melPicture } from "./mel-picture.js";
import type { Sound } from "./sound.js";

/** The two sides of a step. */
const sides = ["noisy", "estimate"] as const;
type Side = (typeof sides)[number];

interface Step {
  readonly logSnr: number;
  readonly samples: Readonly<Record<Side, Float32Array<ArrayBuffer>>>;
  /** When it has been analysed. */
  mels?: Readonly<Record<Side, Mel>>;
  /** Once it has been looked at as spectrograms. */
  spectrograms?: Readonly<Record<Side, Spectrogram>>;
  /** Mean |Δ ln mel| to the given mel. */
  distance?: Readonly<Record<Side, number>>;
}

/** Collects the views of a synthesis of so many samples. */
export class Steps {
  readonly #steps: { logSnr: number; samples: Record<Side, Float32Array<ArrayBuffer>> }[] = [];

  constructor(readonly samples: number) {}

  readonly take = ({ step, logSnr, signal, firstSample, samples }: StepView): void => {
    const empty = (): Float32Array<ArrayBuffer> => new Float32Array(this.samples);
    this.#steps[step] ??= { logSnr, samples: { noisy: empty(), estimate: empty() } };
    this.#steps[step].samples[signal].set(samples, firstSample);
  };

  get all(): Step[] {
    return this.#steps;
  }
}

/** The figure of the reverse process. */
export class ReverseProcess {
  readonly #sound: Sound;
  // first, as the parts below look at them when they are made
  #steps: Step[] = [];
  #rate = 1;
  readonly #pictures = {
    noisy: melPicture("What the step is given", "A picture of the noisy signal of this step", 220),
    estimate: melPicture("Its guess", "A picture of the estimate of this step", 220),
  };
  readonly #view = choice({
    label: "Pictures",
    name: "step-view",
    value: "mel",
    options: [
      ["mel", "mel"],
      ["spectrogram", "spectrogram"],
    ],
    hint: "The mel is what the network is told. The spectrogram has the voice's harmonics too, as lines: they are what the steps find.",
    onChange: () => {
      this.#show();
    },
  });
  readonly #newest = new Newest();
  readonly #numbers = numbers();
  readonly #curves = figure({
    title: "Noise that is left, and how far the sound is from the mel",
    description: "Curves over the steps: the share of noise falls, and the distance to the mel with it",
    height: () => 200,
    legend: [
      ["noise", "share of noise in the signal, from 0 to 1"],
      ["guess", "distance of the guess to the mel, mean |Δ ln|"],
    ],
    draw: (pen) => {
      const last = Math.max(1, this.#steps.length - 1);
      const most = Math.max(1, ...this.#steps.map(({ distance }) => distance?.estimate ?? 0));
      const at = this.#steps.map((_, step) => step);
      const apart = Math.ceil(at.length / 10);
      const plot = new Plot(
        pen,
        insideOf(pen),
        {
          from: 0,
          to: last,
          ticks: at.filter((step) => step % apart === 0),
          label: "step",
          format: (step) => String(step + 1),
        },
        { from: 0, to: most },
      );
      plot.axes();
      const noise = this.#steps.map(({ logSnr }) => 1 - alphaBarFromLogSnr(logSnr));
      const known = at.filter((step) => this.#steps[step].distance);
      const distances = known.map((step) => this.#steps[step].distance!.estimate);
      plot.line(at, noise, pen.colours.noise);
      plot.dots(at, noise, pen.colours.noise, { radius: 3 });
      plot.line(known, distances, pen.colours.guess);
      plot.dots(known, distances, pen.colours.guess, { radius: 3 });
      plot.upright(this.#scrubber.value - 1, pen.colours.ink);
    },
  });
  readonly #scrubber = slider({
    label: "Step",
    name: "step",
    min: 1,
    max: 2,
    step: 1,
    value: 1,
    format: (step) => `${step} of ${this.#steps.length}`,
    hint: "Drag it, or use the arrow keys: left is noise, right is speech.",
    onInput: () => {
      this.#show();
    },
  });
  readonly #buttons: Readonly<Record<Side, HTMLButtonElement>>;
  constructor(sound: Sound) {
    this.#sound = sound;
    this.#buttons = {
      noisy: button("Hear what it is given", () => {
        this.#hear("noisy");
      }),
      estimate: button("Hear the guess", () => {
        this.#hear("estimate");
      }),
    };
    const hearing = buttonGroup("This step's sound", Object.values(this.#buttons));
    place("steps").prepend(
      this.#scrubber.element,
      make("div", { class: "controls" }, hearing, this.#view.element),
    );
    place("step-pictures").append(this.#pictures.noisy.element, this.#pictures.estimate.element);
    place("step-curves").append(this.#curves.element);
    place("step-numbers").append(this.#numbers.element);
  }

  /** Shows the steps of a synthesis; their pictures come as they are analysed. */
  async show(steps: Step[], mel: Mel, vocoder: Vocoder): Promise<void> {
    this.#steps = steps;
    this.#rate = mel.format.sampleRate;
    this.#scrubber.setRange(1, steps.length);
    this.#scrubber.value = 1;
    place("steps").hidden = false;
    this.#show();
    for (const step of steps) {
      const analysed = async (side: Side): Promise<Mel> =>
        (await vocoder.analyse(step.samples[side], this.#rate)).mel;
      const mels = { noisy: await analysed("noisy"), estimate: await analysed("estimate") };
      // a newer synthesis has taken the place
      if (this.#steps !== steps) return;
      step.mels = mels;
      step.distance = { noisy: distance(mels.noisy, mel), estimate: distance(mels.estimate, mel) };
      this.#show();
    }
  }

  #show(): void {
    const step = this.#steps.at(this.#scrubber.value - 1);
    if (!step) return;
    if (this.#view.value === "mel") for (const side of sides) this.#pictures[side].show(step.mels?.[side]);
    else void this.#showSpectrograms(step);
    this.#curves.redraw();
    const noise = 1 - alphaBarFromLogSnr(step.logSnr);
    this.#numbers.set([
      { name: "step-number", label: "Step", value: this.#scrubber.value },
      { name: "noise-share", label: "Share of noise in the power", value: noise },
      {
        name: "noisy-distance",
        label: "Distance of what it is given to the mel",
        value: step.distance?.noisy ?? NaN,
      },
      {
        name: "estimate-distance",
        label: "Distance of the guess to the mel",
        value: step.distance?.estimate ?? NaN,
      },
    ]);
  }

  async #showSpectrograms(step: Step): Promise<void> {
    await this.#newest.run(async (isWanted, slices) => {
      const analysed = (side: Side): Promise<Spectrogram> =>
        spectrogramInSlices(step.samples[side], NARROW_BAND, slices);
      step.spectrograms ??= { noisy: await analysed("noisy"), estimate: await analysed("estimate") };
      if (!isWanted() || this.#view.value === "mel") return;
      for (const side of sides) {
        const seconds = step.samples[side].length / this.#rate;
        this.#pictures[side].showSpectrogram(step.spectrograms[side], this.#rate, seconds);
      }
    });
  }

  #hear(side: Side): void {
    const step = this.#steps.at(this.#scrubber.value - 1);
    if (!step) return;
    this.#sound.set("step", step.samples[side], this.#rate);
    this.#sound.play("step", 0);
  }
}

function distance(one: Mel, other: Mel): number {
  const [a, b] = [naturalLog(one), naturalLog(other)];
  const length = Math.min(a.length, b.length);
  let sum = 0;
  for (let i = 0; i < length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / length;
}

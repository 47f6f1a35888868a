// The vocoder's page: a mel of the reader's own, its speech, and the way there. All computing is the library's, in a Worker.
import type { Mel } from "../../src/mel/format.js";
import { type ReadFile, type Synthesis, type SynthesisOptions, Vocoder, wavOf } from "../../src/web.js";
import { button, buttonGroup, choice, slider } from "../parts/controls.js";
import { freshId, make, place } from "../parts/dom.js";
import { numbers } from "../parts/figure.js";
import { addBrush } from "./brush.js";
import { melPicture } from "./mel-picture.js";
import { ReverseProcess, Steps } from "./reverse.js";
import { Sound } from "./sound.js";
import { shiftMel } from "./shift-mel.js";
import { Source } from "./source.js";

/** Frames of a synthesis whose steps are kept: each keeps two waveforms. */
const SHOWN_SECONDS = 10;

/** How far a pitch is shifted, in cents. */
const SHIFTS = {
  min: -600,
  max: 600,
  step: 50,
  value: 0,
  format: (cents: number) => `${cents > 0 ? "+" : ""}${cents} cents`.replace("-", "−"),
} as const;

let vocoder: Vocoder;
/** The mel that is spoken; the same before it was painted on; and before it was shifted, as it was taken. */
let mel: Mel | undefined;
let untouched: Mel | undefined;
let original: Mel | undefined;
/** What is being read: who speaks waits for it. */
let taking: Promise<void> = Promise.resolve();
let speech: Synthesis | undefined;
let speaking: AbortController | undefined;

// What is said to the reader.

function say(text: string): void {
  place("status").textContent = text;
}

/** Shows why something was refused, and ways out of it; nothing without a text. */
function refuse(text: string | undefined, ways: readonly HTMLElement[] = []): void {
  place("refused").hidden = text === undefined;
  place("refusal").textContent = text ?? "";
  place("ways-out").replaceChildren(...ways);
}

/** Does what a reader asked for, and says what went wrong. */
function attempt(work: () => Promise<void>, waysOut: (error: unknown) => HTMLElement[] = () => []): void {
  refuse(undefined);
  work().catch((error: unknown) => {
    refuse(error instanceof Error ? error.message : String(error), waysOut(error));
  });
}

// 1. The mel.

const sound: Sound = new Sound(() => {
  showListening();
});
const picture = melPicture(
  "The mel",
  "The mel spectrogram: time from left to right, pitch from bottom to top",
);
const source = new Source({
  vocoder: () => vocoder,
  sound,
  mel: () => original,
  take,
  attempt,
  attemptToTake: (work, waysOut) => {
    attempt(() => (taking = work()), waysOut);
  },
});
place("mel").append(picture.element);
const melShift = slider({
  label: "Raise or lower the voice",
  name: "mel-shift",
  ...SHIFTS,
  hint: "Moves the whole mel up or down, pitch and sound of the voice together: 100 cents are a semitone.",
  onInput: (cents) => {
    if (!original) return;
    untouched = shiftMel(original, cents);
    showMel(untouched);
  },
});
const undo = addBrush({
  picture,
  mel: () => mel && untouched && { shown: mel, untouched },
  paint: (painted) => {
    mel = painted;
    picture.show(mel);
  },
  lifted: () => {
    attempt(() => speak(true));
  },
  undo: () => {
    if (untouched) showMel(untouched);
  },
  seek: (seconds) => {
    sound.seek(seconds);
  },
});

place("paint").append(melShift.element);

function take({ mel: taken, samples, layout, notes }: ReadFile, name: string): void {
  original = taken;
  untouched = taken;
  melShift.value = 0;
  sound.set("recording", samples, taken.format.sampleRate);
  showMel(taken);
  const seconds = (taken.frames * taken.format.hopLength) / taken.format.sampleRate;
  const length = `${seconds.toFixed(1)} s, ${layout ?? `${taken.frames} frames`}`;
  say([`This is ${name}: ${length}.`, ...notes, "Press Speak to hear what vocode makes of it."].join(" "));
}

function showMel(next: Mel): void {
  // what is still being said is of another mel
  speaking?.abort(new DOMException("There is another mel.", "AbortError"));
  sound.stop();
  download.hidden = true;
  mel = next;
  speech = undefined;
  picture.show(next);
  sound.set("speech", undefined, 1);
  for (const each of [speakButton, stepsButton, undo]) each.disabled = false;
  showListening();
}

// 2. The speech.

const steps = slider({
  label: "Steps",
  name: "steps",
  min: 1,
  max: 50,
  step: 1,
  value: 2,
  hint: "How often noise is taken away. This voice was finished for 2; more take longer.",
  onInput: () => undefined,
});
const refine = slider({
  label: "Corrections",
  name: "refine",
  min: 0,
  max: 64,
  step: 1,
  value: 0,
  hint: "Afterwards the sound is pulled so many times towards the mel.",
  onInput: () => undefined,
});
const start = choice({
  label: "Start",
  name: "start",
  value: "harmonic",
  options: [
    ["harmonic", "the mel's pitch"],
    ["noise", "white noise"],
  ],
  hint: "What the process begins with: pulses with the pitch that the mel has, or nothing but noise.",
  onChange: () => undefined,
});
const shift = slider({
  label: "Shift of the start's pitch",
  name: "shift",
  ...SHIFTS,
  hint: "Only of the pulses that it begins with. The mel keeps its own pitch, and this voice follows the mel: only the highest sounds change. To hear another pitch raise the voice above.",
  onInput: () => undefined,
});
const seedId = freshId("seed");
const seed = make("input", {
  type: "number",
  id: seedId,
  name: "seed",
  min: 0,
  max: 4294967295,
  step: 1,
  value: 1,
});
place("settings").append(
  steps.element,
  refine.element,
  start.element,
  shift.element,
  make(
    "div",
    { class: "control" },
    make("label", { class: "head", for: seedId }, "Seed of the noise"),
    seed,
    make("span", { class: "hint" }, "The same seed gives the same speech."),
  ),
);
const speakButton = button(
  "Speak",
  () => {
    attempt(() => speak(true));
  },
  { primary: true, name: "speak" },
);
const stopButton = button("Stop", () => {
  speaking?.abort(new DOMException("Stopped.", "AbortError"));
  sound.stop();
});
const download = make("a", { class: "button", download: "speech.wav", hidden: "" }, "Save as WAV");
place("speak").append(speakButton, stopButton, download);
const speechNumbers = numbers("The speech in numbers");
place("numbers").append(speechNumbers.element);

function settings(): SynthesisOptions {
  return {
    steps: steps.value,
    refine: refine.value,
    start: start.value,
    seed: seed.valueAsNumber,
    ...(shift.value !== 0 && { pitchShift: shift.value }),
  };
}

/** Speaks the mel; what was being spoken ends. */
async function speak(aloud: boolean): Promise<void> {
  // what it says is shown by whoever asked for it
  await taking.catch(() => undefined);
  if (!mel) return;
  speaking?.abort(new DOMException("Asked anew.", "AbortError"));
  const control = new AbortController();
  speaking = control;
  sound.stop();
  const spoken = mel;
  const { sampleRate, hopLength } = spoken.format;
  const samples = new Float32Array(spoken.frames * hopLength);
  const live = aloud ? sound.live("speech", sampleRate) : undefined;
  const result = place("result");
  let filled = 0;
  try {
    const { signal } = control;
    const stream = vocoder.stream(spoken, {
      ...settings(),
      signal,
      patient: false,
      expectedFrames: spoken.frames,
      onProgress: (done, total) => {
        result.textContent = `Speaking: ${Math.round((100 * done) / total)} %`;
      },
    });
    for await (const piece of stream) {
      samples.set(piece, filled);
      filled += piece.length;
      live?.push(piece as Float32Array<ArrayBuffer>);
    }
    speech = { samples, sampleRate, report: stream.report! };
  } catch (error) {
    result.textContent = "Nothing was spoken.";
    if (error instanceof DOMException && error.name === "AbortError") return;
    throw error;
  }
  sound.set("speech", samples, sampleRate);
  showSpeech(speech);
}

function showSpeech({ samples, sampleRate, report }: Synthesis): void {
  const { audioSeconds, seconds, realTimeFactor, firstSoundSeconds, melDifference, peak } = report;
  place("result").textContent =
    `${audioSeconds.toFixed(1)} s of speech in ${seconds.toFixed(2)} s, ${(1 / realTimeFactor).toFixed(1)} times real time, on ` +
    `${vocoder.threads} ${vocoder.threads === 1 ? "thread" : "threads"}. The first sound came after ${firstSoundSeconds.toFixed(2)} s.`;
  speechNumbers.set([
    { name: "rtf", label: "Real-time factor (computing / sound)", value: realTimeFactor },
    { name: "first-sound", label: "First sound after (s)", value: firstSoundSeconds },
    {
      name: "mel-difference",
      label: "Distance of the speech to the mel (mean |Δ ln|)",
      value: melDifference,
    },
    { name: "peak", label: "Peak", value: peak },
    { name: "samples", label: "Samples", value: samples.length },
  ]);
  URL.revokeObjectURL(download.href);
  download.href = URL.createObjectURL(wavOf({ samples, sampleRate }));
  download.hidden = false;
  showListening();
}

// Listening: the recording and the speech at the same spot.

const listeners = (["recording", "speech"] as const).map((name) => {
  const element = button(name === "recording" ? "Hear the recording" : "Hear the speech", () => {
    if (sound.playing === name) sound.stop();
    else sound.play(name);
  });
  return { name, element };
});
place("listen").append(
  buttonGroup(
    "Compare",
    listeners.map(({ element }) => element),
    "The space bar changes between the two at the same spot. A click on the mel goes there.",
  ),
);

function showListening(): void {
  for (const { name, element } of listeners) {
    element.disabled = !sound.has(name);
    element.setAttribute("aria-pressed", String(sound.playing === name));
  }
  if (sound.playing === undefined) picture.cursor = sound.place > 0 ? sound.place : undefined;
  else requestAnimationFrame(follow);
}

function follow(): void {
  if (sound.playing === undefined) return;
  picture.cursor = sound.place;
  requestAnimationFrame(follow);
}

document.addEventListener("keydown", (event) => {
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.key !== " " || target.closest("input, button, select, summary, a") !== null) return;
  event.preventDefault();
  const other = sound.playing === "recording" ? "speech" : "recording";
  sound.play(sound.has(other) ? other : "speech");
});

// 3. The steps.

const reverse = new ReverseProcess(sound);
const stepsButton = button(
  "Show the steps",
  () => {
    attempt(async () => {
      if (!mel) return;
      const { format } = mel;
      const frames = Math.min(mel.frames, Math.ceil((SHOWN_SECONDS * format.sampleRate) / format.hopLength));
      const shown = { format, frames, values: mel.values.slice(0, frames * format.bands) };
      const kept = new Steps(frames * format.hopLength);
      const reading = place("steps-reading");
      reading.hidden = false;
      await vocoder.synthesize(shown, {
        ...settings(),
        onStep: kept.take,
        onProgress: (done, total) => {
          reading.textContent = `Computing the steps: ${Math.round((100 * done) / total)} %`;
        },
      });
      reading.textContent =
        "Drag the slider from noise to speech, and hear each step. The noise is as loud as the mel says, so the pictures " +
        "are alike from the start: the ear hears the difference.";
      await reverse.show(kept.all, shown, vocoder);
    });
  },
  { primary: true },
);
place("steps-controls").append(buttonGroup("The reverse process", [stepsButton]));

// The page.

for (const each of [speakButton, stepsButton, undo]) each.disabled = true;
showListening();

attempt(async () => {
  const bar = place("download") as HTMLProgressElement;
  say("Fetching the voice, 18 MB …");
  vocoder = await Vocoder.load("voice", {
    runtime: { wasm: "ort.wasm.gz" },
    onDownload: (received, total, address) => {
      if (!address.endsWith(".safetensors") || total === undefined) return;
      bar.value = received / total;
      say(
        received < total
          ? `Fetching the voice: ${(received / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`
          : "Getting the voice ready …",
      );
    },
  });
  bar.hidden = true;
  sound.prepare();
  source.enable();
  await source.takeClip();
});

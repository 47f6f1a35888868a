// The vocoder's page: a mel of the reader's own, its speech, and the way there. All computing is the library's, in a Worker.
import type { Mel } from "../../src/mel/format.js";
import { type ReadFile, type Synthesis, type SynthesisOptions, Vocoder, wavOf } from "../../src/web.js";
import { button, buttonGroup, choice, slider } from "../parts/controls.js";
import { freshId, make, place } from "../parts/dom.js";
import { numbers } from "../parts/figure.js";
import { melPicture } from "./mel-picture.js";
import { ReverseProcess, Steps } from "./reverse.js";
import { Sound } from "./sound.js";
import { type WrongKind, wrongKinds, wrongMel } from "./wrong-mels.js";

/** Frames of a synthesis whose steps are kept: each keeps two waveforms. */
const SHOWN_SECONDS = 10;

let vocoder: Vocoder;
let mel: Mel | undefined;
let untouched: Mel | undefined;
let speech: Synthesis | undefined;
let speaking: AbortController | undefined;

// What is said to the reader.

function say(text: string): void {
  place("status").textContent = text;
}

function refuse(text: string | undefined): void {
  place("refusal").hidden = text === undefined;
  place("refusal").textContent = text ?? "";
}

/** Does what a reader asked for, and says what went wrong. */
function attempt(work: () => Promise<void>): void {
  refuse(undefined);
  work().catch((error: unknown) => {
    refuse(error instanceof Error ? error.message : String(error));
  });
}

// 1. The mel.

const picture = melPicture(
  "The mel",
  "The mel spectrogram: time from left to right, pitch from bottom to top",
);
const recorder = button("Record", () => {
  attempt(record);
});
const file = make("input", { type: "file", id: "file", class: "file", "aria-label": "A recording or a mel" });
file.addEventListener("change", () => {
  const [chosen] = file.files ?? [];
  if (chosen) attempt(() => takeFile(chosen));
});
const wrongButtons = wrongKinds.map((kind) =>
  button(kind, () => {
    attempt(() => tryWrong(kind));
  }),
);
const sourceButtons = [
  button("The clip that is here", () => {
    attempt(takeClip);
  }),
  recorder,
];
place("source").append(
  buttonGroup("From here", sourceButtons),
  make("div", { class: "control" }, make("label", { class: "head", for: "file" }, "From a file"), file),
  buttonGroup("A wrong mel", wrongButtons, "The same mel as another program may write it: see what is said."),
);
place("mel").append(picture.element);

const brushes = { none: 0, louder: 1, softer: -1, erase: -Infinity } as const;
const brush = choice({
  label: "Paint on the mel",
  name: "brush",
  value: "none",
  options: [
    ["none", "no brush"],
    ["louder", "louder"],
    ["softer", "softer"],
    ["erase", "erase"],
  ],
  hint: "Drag over the picture. It speaks when you let go. Without a brush a click goes to that place.",
  onChange: (value) => {
    picture.canvas.classList.toggle("brush", value !== "none");
  },
});
const brushSize = slider({
  label: "Size of the brush",
  name: "brush-size",
  min: 2,
  max: 30,
  step: 1,
  value: 8,
  format: (size) => `${size} bands`,
  onInput: () => undefined,
});
const undo = button("Undo the painting", () => {
  if (untouched) showMel(untouched);
});
place("paint").append(brush.element, brushSize.element, buttonGroup("Painting", [undo]));

picture.canvas.addEventListener("pointerdown", (event) => {
  const at = picture.placeOf(event);
  if (!at) return;
  if (brush.value === "none") {
    sound.seek(at.seconds);
    return;
  }
  picture.canvas.setPointerCapture(event.pointerId);
  paintAt(at);
});
picture.canvas.addEventListener("pointermove", (event) => {
  const at = picture.placeOf(event);
  if (at && brush.value !== "none" && picture.canvas.hasPointerCapture(event.pointerId)) paintAt(at);
});
picture.canvas.addEventListener("pointerup", (event) => {
  if (brush.value === "none" || !picture.canvas.hasPointerCapture(event.pointerId)) return;
  attempt(() => speak(true));
});

/** One touch of the brush: a soft spot of half an e-fold, or silence. */
function paintAt({ frame, band }: { frame: number; band: number }): void {
  if (!mel) return;
  const { bands, floor } = mel.format;
  const amount = brushes[brush.value];
  const silence = Math.log(floor);
  const values = mel === untouched ? mel.values.slice() : mel.values;
  const reach = brushSize.value;
  for (let f = Math.max(0, Math.ceil(frame - reach)); f < Math.min(mel.frames, frame + reach); f++) {
    for (let b = Math.max(0, Math.ceil(band - reach)); b < Math.min(bands, band + reach); b++) {
      const away = ((f - frame) ** 2 + (b - band) ** 2) / reach ** 2;
      if (away > 1) continue;
      const i = f * bands + b;
      values[i] = amount === -Infinity ? silence : Math.max(silence, values[i] + 0.5 * amount * (1 - away));
    }
  }
  mel = { ...mel, values };
  picture.show(mel);
}

async function takeFile(blob: File): Promise<void> {
  take(await vocoder.read(blob, blob.name), blob.name);
}

/** The clip's own mel, and the recording that it was made of. */
async function takeClip(): Promise<void> {
  const fetched = async (name: string): Promise<ReadFile> =>
    vocoder.read(await (await fetch(`clip/${name}`)).arrayBuffer(), name);
  const [{ mel: own, notes }, { samples }] = await Promise.all([
    fetched("speech.mel"),
    fetched("speech.flac"),
  ]);
  take({ mel: own, notes, ...(samples && { samples }) }, "the clip");
}

async function tryWrong(kind: WrongKind): Promise<void> {
  if (!untouched) return;
  const { notes } = await vocoder.read(wrongMel(untouched, kind).buffer, `${kind}.npy`);
  say(
    `The ${kind} mel was taken all the same: ${notes.join(" ") || "its axes are told apart by their lengths."}`,
  );
}

let recording: MediaRecorder | undefined;

/** Records from the microphone until it is asked again. */
async function record(): Promise<void> {
  if (recording) {
    recording.stop();
    return;
  }
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  const pieces: Blob[] = [];
  recording = new MediaRecorder(stream);
  recording.ondataavailable = ({ data }) => pieces.push(data);
  recording.onstop = () => {
    recording = undefined;
    recorder.textContent = "Record";
    for (const track of stream.getTracks()) track.stop();
    attempt(async () => {
      const { samples, rate } = await sound.decode(await new Blob(pieces).arrayBuffer());
      take(await vocoder.analyse(samples, rate), "your recording");
    });
  };
  recording.start();
  recorder.textContent = "Stop recording";
}

function take({ mel: taken, samples, notes }: ReadFile, name: string): void {
  untouched = taken;
  sound.set("recording", samples, taken.format.sampleRate);
  showMel(taken);
  const seconds = (taken.frames * taken.format.hopLength) / taken.format.sampleRate;
  say([`This is ${name}: ${seconds.toFixed(1)} s, ${taken.frames} frames.`, ...notes].join(" "));
}

function showMel(next: Mel): void {
  mel = next;
  speech = undefined;
  picture.show(next);
  sound.set("speech", undefined, 1);
  for (const each of [speakButton, stepsButton, undo, ...wrongButtons]) each.disabled = false;
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
  hint: "How often noise is taken away. This voice was finished for 2.",
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
  label: "Shift of the pitch",
  name: "shift",
  min: -600,
  max: 600,
  step: 50,
  value: 0,
  format: (cents) => `${cents > 0 ? "+" : ""}${cents} cents`.replace("-", "−"),
  hint: "Of the start: 100 cents are a semitone. The mel stays as it is.",
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
const speechNumbers = numbers();
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

const sound: Sound = new Sound(showListening);

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

for (const each of [speakButton, stepsButton, undo, ...wrongButtons, ...sourceButtons]) each.disabled = true;
file.disabled = true;
showListening();

const main = place("main");
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  main.classList.add("dropping");
});
document.addEventListener("dragleave", () => {
  main.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  main.classList.remove("dropping");
  const [dropped] = event.dataTransfer?.files ?? [];
  if (dropped && !file.disabled) attempt(() => takeFile(dropped));
});

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
  for (const each of sourceButtons) each.disabled = false;
  file.disabled = false;
  await takeClip();
});

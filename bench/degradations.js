// What known damage does to each metric: the recording in data/ with noise, low-passed, delayed, quieter and at another
// pitch, as the table in docs/evaluation.md has it. Ten seconds.
//   npm run build && node bench/degradations.js
import { fileURLToPath } from "node:url";
import { readRecording } from "../dist/host/node/recordings.js";
import { resample } from "../dist/audio/resample.js";
import { evaluationTable } from "../dist/cli/evaluate.js";
import { fillNormals } from "../dist/diffusion/noise.js";
import { measureClip } from "../dist/evaluation/metrics/clip-metrics.js";

const path = fileURLToPath(new URL("../data/speech.flac", import.meta.url));
const { samples: speech, sampleRate } = await readRecording(path);

function noisy(decibels) {
  const noise = fillNormals(new Float32Array(speech.length), { seed: 7, step: 0 });
  const power = speech.reduce((sum, value) => sum + value * value, 0) / speech.length;
  return speech.map((value, n) => value + Math.sqrt(power) * 10 ** (-decibels / 20) * noise[n]);
}

async function lowPassed(hertz) {
  return resample(await resample(speech, sampleRate, 2 * hertz), 2 * hertz, sampleRate);
}

function delayed(seconds) {
  const result = new Float32Array(speech.length);
  const shift = Math.round(seconds * sampleRate);
  result.set(speech.subarray(0, speech.length - shift), shift);
  return result;
}

const rows = [
  ["nothing", speech],
  ["noise at 30 dB", noisy(30)],
  ["noise at 20 dB", noisy(20)],
  ["noise at 10 dB", noisy(10)],
  ["low-pass at 6 kHz", await lowPassed(6000)],
  ["low-pass at 3.5 kHz", await lowPassed(3500)],
  ["5 ms late", delayed(0.005)],
  ["6 dB quieter", speech.map((value) => value / 2)],
];
// a change of speed moves everything in time as well, so pitch is judged on a moment of the speech
const moment = speech.subarray(1.0 * sampleRate, 1.35 * sampleRate);
const clips = [];
for (const [name, synthesis] of rows)
  clips.push({ name, metrics: await measureClip(speech, synthesis, sampleRate) });
for (const cents of [-50, 50]) {
  const synthesis = await resample(moment, sampleRate, sampleRate / 2 ** (cents / 1200));
  clips.push({
    name: `${cents} cents`.replace("-", "−"),
    metrics: await measureClip(moment, synthesis, sampleRate),
  });
}
console.log(evaluationTable(clips).replace(/\n[^\n]*$/, ""));

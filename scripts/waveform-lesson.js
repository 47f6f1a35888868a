// Makes studio/lessons/waveform.bin, what the studio's last lesson plays: the shipped voice's estimates of a word of
// data/speech.flac at each step, from one white noise, once with the word's mel and once with the sentence's mean mel in
// every frame. Only the network's answers are stored; the states between them are combined in the page.
//   npm run build && node scripts/waveform-lesson.js
// The file: the header's length (uint32, little endian), the header (JSON), the mel as uint8 [frames, bands], then µ-law
// bytes of each waveform, all of one length: the recording; then for each condition the coloured start and N estimates.
import { writeFile } from "node:fs/promises";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { noiseStart } from "../dist/synthesis/start.js";
import { loadCheckpoint } from "../dist/host/node/checkpoints.js";
import { openEngine } from "../dist/host/node/engines.js";
import { readRecording } from "../dist/host/node/recordings.js";
import { computeMel } from "../dist/mel/analysis.js";
import { shippedCheckpoint } from "../dist/host/node/voices.js";
import { MelDenoiser } from "../dist/synthesis/denoiser.js";
import { planFor } from "../dist/diffusion/samplers/plan-for.js";
import { combine } from "../dist/diffusion/samplers/sampling-plan.js";
import { scheduleByName } from "../dist/diffusion/schedules/named-schedules.js";

const SAMPLER = "dpmpp-2m";
const SCHEDULE = "logsnr-6";
const SEED = 1;
// from one pause to the next
const FIRST_FRAME = 183;
const FRAMES = 68;

const checkpoint = await loadCheckpoint(shippedCheckpoint);
const networks = await MelDenoiser.create(await openEngine({}), checkpoint, "float32");
const { hopLength, sampleRate, bands } = checkpoint.config.mel;
const { samples } = await readRecording(fileURLToPath(new URL("../data/speech.flac", import.meta.url)));
const { values, frames } = computeMel(samples, checkpoint.config.mel);

/** The sentence's mean in every frame: how the voice sounds, and nothing of what it says. */
function meanMel() {
  const mean = Float32Array.from({ length: bands }, (_, band) => {
    let sum = 0;
    for (let frame = 0; frame < frames; frame++) sum += Math.exp(values[frame * bands + band]);
    return Math.log(sum / frames);
  });
  return values.map((_, i) => mean[i % bands]);
}

const crop = (waveform) => waveform.slice(FIRST_FRAME * hopLength, (FIRST_FRAME + FRAMES) * hopLength);

/** The start in the mel's colours, and the estimate of each step, as waveforms. */
async function processOf(mel) {
  const rows = { mel, ...(await networks.condition(mel)) };
  const { steps } = planFor(SAMPLER, scheduleByName(SCHEDULE));
  let z = new Float32Array(frames * hopLength);
  await noiseStart(SEED).fill(z, 0, { values: mel, first: 0, total: frames });
  const waveforms = [crop(await networks.waveform(z, rows))];
  let previous;
  for (const [number, step] of steps.entries()) {
    const x0 = new Float32Array(z.length);
    await networks.estimate(z, step.logSnr, rows, x0);
    if (number + 1 < steps.length) z = combine(step, z, x0, previous ?? x0, new Float32Array(0));
    previous = x0;
    waveforms.push(crop(await networks.waveform(x0, rows)));
  }
  return waveforms;
}

/** µ-law of a sample in −1 … 1 (ITU-T G.711 with 8 bits, as a continuous curve). */
function muLaw(sample) {
  const size = Math.log1p(255 * Math.min(Math.abs(sample), 1)) / Math.log(256);
  return Math.round(127 * Math.sign(sample) * size) + 128;
}

const waveforms = [crop(samples), ...(await processOf(values)), ...(await processOf(meanMel()))];
await networks.dispose();
const peaks = waveforms.map((waveform) => waveform.reduce((most, x) => Math.max(most, Math.abs(x)), 0));
const mel = values.slice(FIRST_FRAME * bands, (FIRST_FRAME + FRAMES) * bands);
const floor = Math.log(1e-5);
const ceiling = mel.reduce((most, x) => Math.max(most, x));
const header = Buffer.from(
  JSON.stringify({
    sampler: SAMPLER,
    schedule: SCHEDULE,
    sampleRate,
    bands,
    frames: FRAMES,
    samples: FRAMES * hopLength,
    mel: { floor, ceiling },
    peaks: peaks.map((peak) => Number(peak.toPrecision(6))),
  }),
);
const length = new Uint8Array(Uint32Array.of(header.length).buffer);
const bytes = [
  length,
  header,
  Uint8Array.from(mel, (x) => Math.round((255 * (x - floor)) / (ceiling - floor))),
  ...waveforms.map((waveform, i) => Uint8Array.from(waveform, (x) => muLaw(x / peaks[i]))),
];
const file = fileURLToPath(new URL("../studio/lessons/waveform.bin", import.meta.url));
await writeFile(file, Buffer.concat(bytes));
console.log(
  `${file}: ${Math.round(Buffer.concat(bytes).length / 1000)} kB, peaks ${peaks.map((x) => x.toFixed(2)).join(" ")}`,
);

// What a harmonic start costs, in milliseconds an audio-second on one core, part by part: the excitation model, the
// pulses, the noise, their mixture; then all of it as a synthesis calls it, for whole mels and for a stream's tiles.
//   npm run build && node bench/harmonic-start.js [CHECKPOINT] [RECORDING]
// Times are processor time, the best of several rounds, as other work on the machine can only slow a round down. Without
// arguments the checkpoint and the recording that come with vocode; the recording is repeated up to a minute.
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { computeMel } from "../dist/mel/analysis.js";
import { readRecording } from "../dist/host/node/recordings.js";
import { loadCheckpoint } from "../dist/host/node/checkpoints.js";
import { fillNormals } from "../dist/diffusion/noise.js";
import { framePhases, heldPitch, pulses } from "../dist/models/excitation/pulse-train.js";
import { openEngine } from "../dist/host/node/engines.js";
import { ExcitationSource } from "../dist/synthesis/excitation.js";
import { HarmonicStart } from "../dist/synthesis/start.js";
import { shippedCheckpoint } from "../dist/host/node/voices.js";

const SECONDS = 60;
const ROUNDS = 8;

const [
  folder = shippedCheckpoint,
  recording = fileURLToPath(new URL("../data/speech.flac", import.meta.url)),
] = process.argv.slice(2);
const checkpoint = await loadCheckpoint(folder);
const runtime = await openEngine({ engine: "graph", threads: 1 });
const format = checkpoint.config.mel;
const { bands, hopLength, sampleRate } = format;
const { values: once } = computeMel((await readRecording(recording)).samples, format);
const frames = Math.floor((SECONDS * sampleRate) / hopLength);
const mel = Float32Array.from({ length: frames * bands }, (_, i) => once[i % once.length]);

/** Processor milliseconds of an action, the best of several rounds. */
async function best(action, rounds = ROUNDS) {
  let least = Infinity;
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    await action();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

function say(name, milliseconds, count) {
  const seconds = (count * hopLength) / sampleRate;
  console.log(`  ${name.padEnd(34)} ${(milliseconds / seconds).toFixed(2)}`);
}

/** z₀ of the whole mel, tile by tile. */
async function start(source, tile) {
  const made = new HarmonicStart(source, { format, seed: 1, logSnr: 0 });
  const z = new Float32Array(frames * hopLength);
  const { before, after } = made.reach;
  for (let first = 0; first < frames; first += tile) {
    const end = Math.min(frames, first + tile);
    const [from, to] = [Math.max(0, first - after), Math.min(frames, end + before)];
    const part = { values: mel.subarray(from * bands, to * bands), first: from, total: frames };
    await made.fill(z.subarray(first * hopLength, end * hopLength), first * hopLength, part);
  }
}

const processor = cpus()[0]?.model ?? "unknown CPU";
console.log(`${processor}, Node ${process.version}, one thread, load ${loadavg()[0].toFixed(1)}`);
console.log(`${frames} frames; milliseconds an audio-second`);
const precisions = checkpoint.config.excitationQuantisation ? ["float32", "int8"] : ["float32"];
for (const precision of precisions) {
  const source = await ExcitationSource.create(runtime, checkpoint, precision);
  console.log(`${precision}:`);
  const count = 1024;
  const part = mel.subarray(0, count * bands);
  const samples = count * hopLength;
  const { pitch, voiced, bandVoicing } = await source.read(part);
  const held = heldPitch(pitch, voiced);
  const phases = framePhases(held, hopLength, sampleRate);
  const signal = pulses(held, phases, sampleRate, hopLength);
  const noise = new Float32Array(samples);
  say("excitation model, 1024 frames", await best(() => source.read(part)), count);
  say("phases", await best(() => framePhases(held, hopLength, sampleRate)), count);
  say("pulses", await best(() => pulses(held, phases, sampleRate, hopLength)), count);
  say("noise of the excitation", await best(() => fillNormals(noise, { seed: 1, step: 3 })), count);
  say("mixture", await best(() => source.mix(signal, noise, voiced, bandVoicing)), count);
  for (const tile of [1024, 256]) {
    say(`all, and noise ε, tiles of ${tile}`, await best(() => start(source, tile), 4), frames);
  }
  await source.dispose();
}
process.exit(0);

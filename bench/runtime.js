// Where the time goes, batch 1: a checkpoint's denoiser alone, operator by operator, on one thread (as each thread computes
// its part of a tile) and its time on all; then mel to waveform with everything in it, stage by stage; and what the cache
// of compiled graphs saves. Shares are of the fastest of the runs whose parts are timed, times of the fastest that are not.
//   npm run build && node bench/runtime.js [CHECKPOINT] [seconds of audio] [rounds] [threads]
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { loadCheckpoint } from "../dist/host/node/checkpoints.js";
import { fillNormals } from "../dist/diffusion/noise.js";
import { trunkLayers } from "../dist/models/mask-net/shape.js";
import { openEngine } from "../dist/host/node/engines.js";
import { spawnAll } from "../dist/host/node/threads.js";
import { ThreadPool } from "../dist/host/thread-pool.js";
import { HarmonicStart } from "../dist/synthesis/start.js";
import { MelDenoiser, openDenoiser } from "../dist/synthesis/denoiser.js";
import { Refiner } from "../dist/synthesis/refinement.js";
import { openFastDenoiser } from "../dist/synthesis/network-functions.js";
import { MatchStage } from "../dist/synthesis/stages.js";
import { shippedCheckpoint, Vocoder } from "../dist/index.js";
import { withTimedKernels } from "./timed-kernel.js";

const [folder = shippedCheckpoint, secondsText = "10", roundsText = "10", threadsText] =
  process.argv.slice(2);
const rounds = Number(roundsText);
const threads = Number(threadsText ?? availableParallelism());
const checkpoint = await loadCheckpoint(folder);
const { mel: format, denoiser } = checkpoint.config;
const { bands, hopLength, sampleRate } = format;
const frames = Math.round((Number(secondsText) * sampleRate) / hopLength);
const seconds = (frames * hopLength) / sampleRate;
const normals = (count, step, factor = 1) =>
  fillNormals(new Float32Array(count), { seed: 1, step }).map((value) => factor * value);
const tile = {
  z: normals(frames * hopLength, 1),
  logSnr: 2,
  mel: normals(frames * bands, 2, 0.5).map((value) => value - 2.5),
  sigma: normals(frames * hopLength, 3, 0.5).map((value) => Math.exp(value - 3)),
  encoded: normals(frames * denoiser.shape.channels, 4),
};

/** The best of several runs in milliseconds an audio-second. */
async function bestOf(run) {
  await run();
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await run();
    best = Math.min(best, performance.now() - start);
  }
  return best / seconds;
}

/** Shares of a total, the largest first, and what they leave of it. */
function shares(times, total, least = 0.005) {
  const parts = [...times].filter(([, time]) => time >= least * total).sort((a, b) => b[1] - a[1]);
  const rest = parts.reduce((left, [, time]) => left - time, total);
  return [...parts, ["the rest, copies among it", rest]]
    .map(([name, time]) => `  ${name.padEnd(34)} ${((100 * time) / total).toFixed(1).padStart(5)} %`)
    .join("\n");
}

/** Adds up what methods of a class take, by the name given. @returns what puts the methods back */
function timeMethods(prototype, names, times) {
  for (const [method, name] of Object.entries(names)) {
    const original = prototype[method];
    prototype[method] = async function (...values) {
      const start = performance.now();
      const result = await original.apply(this, values);
      times.set(name, (times.get(name) ?? 0) + performance.now() - start);
      return result;
    };
  }
}

/** What the kernel's functions are for. */
const kernelNames = {
  analyse: "signal path: log powers",
  melResidual: "signal path: mel residual",
  colour: "signal path: σ and 1/σ put on",
  mask: "signal path: masks",
  correct: "signal path: mel corrections",
};

/** A denoiser on one thread whose operators and kernel functions are timed. */
async function timedDenoiser(runtime, precision) {
  const profiles = mkdtempSync(join(tmpdir(), "vocode-bench-"));
  const times = new Map();
  const openSession = ort.InferenceSession.create;
  let session;
  ort.InferenceSession.create = async (model, options) => {
    const profiled = { ...options, enableProfiling: true, profileFilePrefix: join(profiles, "p") };
    session = await openSession.call(ort.InferenceSession, model, profiled);
    return session;
  };
  const denoiser = await withTimedKernels(
    () => openFastDenoiser(runtime, checkpoint, precision),
    (name, time) => {
      const part = kernelNames[name] ?? "signal path: sums, transpositions";
      times.set(part, (times.get(part) ?? 0) + time);
    },
  );
  ort.InferenceSession.create = openSession;
  /** What each operator took in each run of the session, in order. */
  const operatorTimes = () => {
    session.endProfiling();
    const events = JSON.parse(readFileSync(join(profiles, readdirSync(profiles)[0]), "utf8"));
    rmSync(profiles, { recursive: true });
    const runs = events.filter(({ name }) => name === "model_run").sort((a, b) => a.ts - b.ts);
    return runs.map(({ ts, dur: length }) => {
      const sums = new Map();
      for (const { cat, ts: begun, dur, args } of events) {
        if (cat !== "Node" || !args.op_name || begun < ts || begun > ts + length) continue;
        const name = `trunk: ${args.op_name}`;
        sums.set(name, (sums.get(name) ?? 0) + dur / 1000);
      }
      return sums;
    });
  };
  return { denoiser, times, operatorTimes };
}

/** The fastest run of a denoiser: its time in all and that of its parts, in milliseconds. */
async function fastestRun(precision) {
  const { denoiser: timed, times, operatorTimes } = await timedDenoiser(one, precision);
  const runs = [];
  for (let round = 0; round <= rounds; round++) {
    times.clear();
    const start = performance.now();
    await timed.estimate(tile, x0);
    runs.push({ total: performance.now() - start, times: new Map(times) });
  }
  const operators = operatorTimes();
  await timed.dispose();
  const whole = runs.map(({ total, times }, run) => ({
    total,
    times: new Map([...times, ...operators[run]]),
  }));
  return whole.reduce((best, run) => (run.total < best.total ? run : best));
}

console.log(
  `${cpus()[0].model}, ${threads} threads, load ${loadavg()[0].toFixed(1)}, ${seconds.toFixed(1)} s of audio, ${rounds} rounds`,
);
const precisions = "quantisation" in checkpoint.config ? ["int8", "float32"] : ["float32"];
const products = trunkLayers(denoiser.shape)
  .map((name) => checkpoint.weights[`denoiser.${name}`].shape)
  .reduce((sum, [inputs, outputs]) => sum + inputs * outputs, 0);
const flop = 2 * products * (sampleRate / hopLength);
const x0 = new Float32Array(tile.z.length);
const pool = new ThreadPool(spawnAll("synthesis", threads - 1));
const one = await openEngine({ engine: "graph", device: "cpu", threads: 1, cacheFolder: null });
const all = await openEngine({ engine: "graph", device: "cpu", threads, cacheFolder: null });
for (const precision of precisions) {
  const single = await openFastDenoiser(one, checkpoint, precision);
  const split = await openDenoiser(all, checkpoint, precision, pool);
  const [alone, together] = [
    await bestOf(() => single.estimate(tile, x0)),
    await bestOf(() => split.estimate(tile, x0)),
  ];
  await single.dispose();
  await split.dispose();
  const { total, times } = await fastestRun(precision);
  const trunk = [...times].reduce((sum, [name, time]) => sum + (name.startsWith("trunk") ? time : 0), 0);
  const gigaflops = flop / ((alone * trunk) / total) / 1e6;
  console.log(
    `\ndenoiser, ${precision}: ${alone.toFixed(2)} ms an audio-second and step on one thread, ${together.toFixed(2)} on ` +
      `${threads}; its trunk's products ${(flop / 1e9).toFixed(2)} GFLOP, ${gigaflops.toFixed(0)} GFLOP/s on one thread`,
  );
  console.log(shares(times, total));
}
await pool.dispose();

const stageTimes = new Map();
timeMethods(
  MelDenoiser.prototype,
  {
    condition: "conditioning: encoder and prior",
    estimate: "denoiser",
    waveform: "waveform: σ and MDCT",
  },
  stageTimes,
);
timeMethods(HarmonicStart.prototype, { fill: "harmonic start" }, stageTimes);
timeMethods(Refiner.prototype, { refine: "mel corrections" }, stageTimes);
timeMethods(MatchStage.prototype, { run: "a look at the result's mel" }, stageTimes);
const mel = { frames, format, values: tile.mel };
for (const precision of precisions) {
  const vocoder = await Vocoder.load(folder, { engine: "graph", threads, precision });
  for (const steps of [6, 50]) {
    const milliseconds = await bestOf(() => vocoder.synthesize(mel, { steps }));
    let best = { total: Infinity, times: new Map(), report: undefined };
    for (let round = 0; round < rounds; round++) {
      stageTimes.clear();
      const start = performance.now();
      const { report } = await vocoder.synthesize(mel, { steps });
      const total = performance.now() - start;
      if (total < best.total) best = { total, times: new Map(stageTimes), report };
    }
    const { total, times, report } = best;
    console.log(
      `\nmel to waveform, ${steps} steps, ${report.start} start, K = ${report.refine}, ${precision}: ` +
        `${milliseconds.toFixed(1)} ms an audio-second, ${(1000 / milliseconds).toFixed(1)}× real time`,
    );
    console.log(shares(times, total, 0));
  }
  await vocoder.dispose();
}

const cacheFolder = mkdtempSync(join(tmpdir(), "vocode-bench-"));
const loads = [];
for (let load = 0; load < 2; load++) {
  const start = performance.now();
  const vocoder = await Vocoder.load(folder, { engine: "graph", threads, cacheFolder });
  loads.push(performance.now() - start);
  await vocoder.dispose();
}
rmSync(cacheFolder, { recursive: true });
console.log(
  `\nloaded in ${loads[0].toFixed(0)} ms, with compiled graphs from the cache in ${loads[1].toFixed(0)} ms`,
);

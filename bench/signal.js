// The fast signal path of a mask-net beside the graph engine, one thread each, interleaved: µs a mel frame of its parts,
// and of the whole denoiser with its trunk on the engine. Weights and inputs are random.
//   npm run build && node bench/signal.js [frames] [rounds]
import { cpus, loadavg } from "node:os";
import { findPreset } from "../dist/mel/presets.js";
import { checkpointConfig, checkpointWeights } from "../dist/checkpoint/config.js";
import { fillNormals } from "../dist/diffusion/noise.js";
import { openEngine } from "../dist/host/node/engines.js";
import { estimateFunction, openFastDenoiser, trunkFunction } from "../dist/synthesis/network-functions.js";
import { MaskNetSignal } from "../dist/kernel/mask-net-signal.js";
import { withTimedKernels } from "./timed-kernel.js";

const frames = Number(process.argv[2] ?? 200);
const rounds = Number(process.argv[3] ?? 40);
const format = findPreset("hifigan-22k-80");
const { bands, hopLength, sampleRate } = format;
const shape = {
  windowLengths: [1024, 256, 64],
  channels: 320,
  expanded: 960,
  dilations: [1, 2, 4, 1, 2],
  corrections: 2,
  levelWidth: 256,
  encoder: { channels: 256, expanded: 768, dilations: [1, 2, 4, 1] },
};
const logSnr = 2;

const normals = (count, step, factor = 1) =>
  fillNormals(new Float32Array(count), { seed: 1, step }).map((value) => factor * value);
const config = checkpointConfig({
  denoiser: { kind: "mask-net", shape },
  prior: "spectral",
  mel: format,
  logSnrRange: [-8, 8],
  schedules: {},
  training: {},
});
const weights = Object.fromEntries(
  checkpointWeights(config).map(({ name, shape }, step) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return [name, { data: normals(size, step, 0.05), shape }];
  }),
);
const checkpoint = { config, weights };

const tile = {
  z: normals(frames * hopLength, 1001),
  logSnr,
  mel: normals(frames * bands, 1002, 0.5).map((value) => value - 2.5),
  sigma: normals(frames * hopLength, 1003, 0.5).map((value) => Math.exp(value - 3)),
  encoded: normals(frames * shape.channels, 1004),
};
const x0 = new Float32Array(tile.z.length);
const runtime = await openEngine({ engine: "graph", device: "cpu", threads: 1, cacheFolder: null });
const compile = (network) => runtime.compile(network, network.signature);
const graph = await compile(estimateFunction(checkpoint));
const trunk = await compile(trunkFunction(checkpoint));
const fast = await openFastDenoiser(runtime, checkpoint);

/** What each of the kernel's functions takes, in milliseconds since the last look. */
const spent = new Map();

const path = await withTimedKernels(
  () => MaskNetSignal.create(shape, format),
  (name, time) => spent.set(name, (spent.get(name) ?? 0) + time),
);
const outputRows = normals(frames * path.outputColumns, 1005, 0.3);
const signalShape = [1, frames * hopLength];
const level = { data: Float32Array.of(logSnr), shape: [1] };
const rows = (data) => ({ data, shape: [1, frames, data.length / frames] });
const given = {
  z: { data: tile.z, shape: signalShape },
  logSnr: level,
  mel: rows(tile.mel),
  sigma: rows(tile.sigma),
  encoded: rows(tile.encoded),
};
const features = rows(normals(frames * (1557 + bands), 1006));
const cases = {
  "denoiser as a graph": () => graph.run(given),
  "denoiser with the fast path": () => fast.estimate(tile, x0),
  "its trunk": () => trunk.run({ features, logSnr: level, encoded: given.encoded }),
  "signal path, analyse": () => {
    path.analyse(tile);
    path.output.set(outputRows);
  },
  "signal path, synthesise": () => {
    path.synthesise();
  },
};
/** What the kernel's functions are for. */
const parts = {
  analyse: "  log powers of 3 windows",
  melResidual: "  mel residual",
  colour: "  σ and 1/σ put on (3 times)",
  mask: "  masks of 3 windows",
  correct: "  2 mel corrections",
};

const names = [...Object.keys(cases), ...Object.values(parts), "  sums, transpositions"];
const times = Object.fromEntries(names.map((name) => [name, []]));
for (let round = -3; round < rounds; round++) {
  for (const [name, run] of Object.entries(cases)) {
    const start = performance.now();
    await run();
    if (round >= 0) times[name].push(performance.now() - start);
  }
  let others = 0;
  for (const [name, time] of spent) {
    if (!parts[name]) others += time;
    else if (round >= 0) times[parts[name]].push(time);
  }
  if (round >= 0) times["  sums, transpositions"].push(others);
  spent.clear();
}
console.log(
  `${cpus()[0].model}, load ${loadavg()[0].toFixed(1)}, one thread, ${frames} frames, ${rounds} rounds`,
);
console.log(`${"".padEnd(30)} best µs/frame   median   best ms/audio-second`);
for (const [name, values] of Object.entries(times)) {
  values.sort((a, b) => a - b);
  const best = values[0];
  const median = values[Math.floor(values.length / 2)];
  const perFrame = (time) => ((1000 * time) / frames).toFixed(1).padStart(9);
  const perSecond = (best * sampleRate) / (frames * hopLength);
  console.log(
    `${name.padEnd(30)} ${perFrame(best)}    ${perFrame(median)}   ${perSecond.toFixed(2).padStart(9)}`,
  );
}
await fast.dispose();

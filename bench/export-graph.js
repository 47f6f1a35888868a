// An exported synthesis in onnxruntime by itself, for data/speech.mel: its nodes by operator, what opening the file costs
// and what a run costs, in seconds of the wall clock and of processor time; for several files run by run in turn, with how
// far each result lies from the first one's, relative to its peak.
//   npm run build && node bench/export-graph.js [--steps 6] [--threads 1] [--rounds 5] [FILE.onnx …]
// Without files it exports the shipped checkpoint.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import * as ort from "onnxruntime-node";
import { main } from "../dist/cli/main.js";
import { fillNormals } from "../dist/diffusion/noise.js";
import { ModelProtoSchema } from "../dist/engine/trace/onnx/onnx_pb.js";
import { loadCheckpoint } from "../dist/host/node/checkpoints.js";
import { readMel, shippedCheckpoint } from "../dist/index.js";

const { values: options, positionals } = parseArgs({
  options: {
    steps: { type: "string", default: "6" },
    threads: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
  },
  allowPositionals: true,
});
const { config } = await loadCheckpoint(shippedCheckpoint);
const { hopLength, bands } = config.mel;
const speech = fileURLToPath(new URL("../data/speech.mel", import.meta.url));
const { mel } = await readMel(speech, { expected: config.mel });
const { frames, values } = mel;
const samples = frames * hopLength;

/** Seconds of processor time so far. */
function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** What a task costs, in seconds: [wall clock, processor time]. */
async function costOf(task) {
  const [begun, used] = [performance.now(), processorTime()];
  const result = await task();
  return { result, cost: [(performance.now() - begun) / 1000, processorTime() - used] };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const seconds = ([wall, used]) => `${wall.toFixed(2)} s (${used.toFixed(2)} s of processor time)`;

function describeNodes(file) {
  const { graph } = fromBinary(ModelProtoSchema, readFileSync(file));
  const counts = new Map();
  for (const { opType } of graph.node) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 12);
  return `${graph.node.length} nodes: ${most.map(([name, count]) => `${name} ${count}`).join(", ")}, …`;
}

async function open(file) {
  const { result: session, cost } = await costOf(() =>
    ort.InferenceSession.create(file, { intraOpNumThreads: Number(options.threads), logSeverityLevel: 3 }),
  );
  console.log(`${basename(file)}: ${describeNodes(file)}\n  opened in ${seconds(cost)}`);
  return { file, session, costs: [], waveform: undefined };
}

async function run(model) {
  const rows = model.session.inputMetadata.find(({ name }) => name === "noise").shape[0];
  const noise = fillNormals(new Float32Array(rows * samples), { seed: 1, step: 0 });
  const { result, cost } = await costOf(() =>
    model.session.run({
      mel: new ort.Tensor("float32", values, [1, frames, bands]),
      noise: new ort.Tensor("float32", noise, [rows, samples]),
    }),
  );
  model.costs.push(cost);
  model.waveform = result.waveform.data;
}

const folder = mkdtempSync(join(tmpdir(), "vocode-bench-"));
try {
  const files = positionals;
  if (files.length === 0) {
    files.push(join(folder, "synthesis.onnx"));
    await main(["node", "vocode", "export", shippedCheckpoint, files[0], "--steps", options.steps]);
  }
  console.log(
    `Node ${process.version}, ${cpus().length} × ${cpus()[0].model}, load ${loadavg()[0].toFixed(1)}`,
  );
  const models = [];
  for (const file of files) models.push(await open(file));
  for (let round = 0; round <= Number(options.rounds); round++) {
    for (const model of models) await run(model);
  }
  const [{ waveform: first }] = models;
  const peak = first.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (const { file, costs, waveform } of models) {
    // the first run also gets the memory
    const later = costs.slice(1);
    const cost = [0, 1].map((kind) => median(later.map((each) => each[kind])));
    const least = [0, 1].map((kind) => Math.min(...later.map((each) => each[kind])));
    const far = waveform.reduce((most, value, n) => Math.max(most, Math.abs(value - first[n])), 0) / peak;
    console.log(
      `${basename(file)}: ${(samples / config.mel.sampleRate).toFixed(1)} s of speech on ${options.threads} threads, ` +
        `median ${seconds(cost)}, least ${seconds(least)}; ${far.toExponential(1)} of the peak from the first`,
    );
  }
  for (const { session } of models) await session.release();
} finally {
  rmSync(folder, { recursive: true });
}

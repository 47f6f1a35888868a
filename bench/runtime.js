// Measures the graph engine on a stack of ConvNeXt blocks as mask-net has them (C = 320, E = 960, 86.13 frames a
// second): time for an audio-second, GFLOP/s, each operator's share, and what the cache of compiled graphs saves.
//   npm run build && node bench/runtime.js [seconds of audio] [threads]
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import * as ort from "onnxruntime-node";
import { gelu } from "../dist/models/layers/gelu.js";
import { layerNorm } from "../dist/models/layers/layer-norm.js";
import { openRuntime } from "../dist/runtime/engines.js";
import { traceToOnnx } from "../dist/runtime/graph/trace-to-onnx.js";
import { frames } from "../dist/runtime/runtime.js";

const seconds = Number(process.argv[2] ?? 10);
const threads = Number(process.argv[3] ?? availableParallelism());
const [channels, expanded, taps] = [320, 960, 7];
const dilations = [1, 2, 4, 1, 2];
const frameCount = Math.round((seconds * 22050) / 256);

/** Depthwise convolution along the frames as a sum of shifted slices times a row: [1, frames, C] → the same. */
function depthwiseBySlices(x, filter, dilation) {
  const reach = (dilation * (taps - 1)) / 2;
  const padded = tf.pad(x, [
    [0, 0],
    [reach, reach],
    [0, 0],
  ]);
  const terms = [];
  for (let tap = 0; tap < taps; tap++) {
    terms.push(
      tf.mul(tf.slice(padded, [0, tap * dilation, 0], x.shape), tf.slice(filter, [tap, 0], [1, channels])),
    );
  }
  return terms.reduce((sum, term) => tf.add(sum, term));
}

/** The same by tfjs's depthwise convolution. */
function depthwiseByKernel(x, filter, dilation) {
  const image = tf.expandDims(x, 1);
  const y = tf.depthwiseConv2d(image, tf.reshape(filter, [1, taps, channels, 1]), 1, "same", "NHWC", [
    1,
    dilation,
  ]);
  return tf.squeeze(y, [1]);
}

function stackOf(depthwise) {
  return ({ x }, weights) => {
    let y = x;
    dilations.forEach((dilation, block) => {
      const part = (name) => weights[`${block}.${name}`];
      let h = depthwise(y, part("filter"), dilation);
      h = layerNorm(h, part("scale"), part("shift"));
      h = tf.add(tf.matMul(tf.reshape(h, [-1, channels]), part("up")), part("upBias"));
      h = tf.add(tf.matMul(gelu(h), part("down")), part("downBias"));
      y = tf.add(y, tf.reshape(tf.mul(h, part("gain")), x.shape));
    });
    return { y };
  };
}

function randomValue(...shape) {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return { data: Float32Array.from({ length: size }, () => 0.1 * (Math.random() - 0.5)), shape };
}

const weights = {};
dilations.forEach((_, block) => {
  const shapes = {
    filter: [taps, channels],
    scale: [channels],
    shift: [channels],
    up: [channels, expanded],
    upBias: [expanded],
    down: [expanded, channels],
    downBias: [channels],
    gain: [channels],
  };
  for (const [name, shape] of Object.entries(shapes)) weights[`${block}.${name}`] = randomValue(...shape);
});

const signature = { inputs: { x: { shape: [1, frames(), channels] } }, weights };
const flop = 2 * frameCount * dilations.length * channels * (2 * expanded + taps);

/** The best of several runs in milliseconds. */
async function bestOf(count, run) {
  let best = Infinity;
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    await run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

/** Each operator's share of the time, by onnxruntime's own profile. */
async function profile(fn) {
  const folder = mkdtempSync(join(tmpdir(), "vocode-bench-"));
  const session = await ort.InferenceSession.create(traceToOnnx(fn, signature), {
    intraOpNumThreads: threads,
    enableProfiling: true,
    profileFilePrefix: join(folder, "profile"),
  });
  const { data, shape } = randomValue(1, frameCount, channels);
  for (let index = 0; index < 10; index++) await session.run({ x: new ort.Tensor("float32", data, shape) });
  session.endProfiling();
  const events = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]), "utf8"));
  rmSync(folder, { recursive: true });
  const times = new Map();
  for (const { cat, dur, args } of events) {
    if (cat === "Node" && args.op_name) times.set(args.op_name, (times.get(args.op_name) ?? 0) + dur);
  }
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times]
    .sort((a, b) => b[1] - a[1])
    .map(([name, time]) => `${name} ${((100 * time) / total).toFixed(1)} %`)
    .join(", ");
}

console.log(`${cpus()[0].model}, ${threads} threads, ${seconds} s of audio (${frameCount} frames)`);
const cacheFolder = mkdtempSync(join(tmpdir(), "vocode-bench-"));
for (const [name, depthwise] of Object.entries({ slices: depthwiseBySlices, kernel: depthwiseByKernel })) {
  const fn = stackOf(depthwise);
  const named = { ...signature, source: `bench ${name}` };
  const runtime = await openRuntime({ engine: "graph", threads, cacheFolder });
  const compileTimes = [];
  let program;
  for (let start = 0; start < 2; start++) {
    const before = performance.now();
    await program?.dispose();
    program = await runtime.compile(fn, named);
    compileTimes.push(performance.now() - before);
  }
  const inputs = { x: randomValue(1, frameCount, channels) };
  await program.run(inputs);
  const milliseconds = await bestOf(20, () => program.run(inputs));
  console.log(
    `depthwise by ${name}: ${(milliseconds / seconds).toFixed(2)} ms an audio-second, ` +
      `${(flop / milliseconds / 1e6).toFixed(0)} GFLOP/s; compiled in ${compileTimes[0].toFixed(0)} ms, ` +
      `from the cache in ${compileTimes[1].toFixed(0)} ms`,
  );
  console.log(`  ${await profile(fn)}`);
  await program.dispose();
}
rmSync(cacheFolder, { recursive: true });

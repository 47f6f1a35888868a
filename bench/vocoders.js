// Mel to waveform, everything included, interleaved with two yardsticks in the same onnxruntime: a generator of HiFi-GAN
// V1's shape and our own wavegrad, each with random weights. Machines differ and are noisy, so the ratios count.
//   npm run build && node bench/vocoders.js CHECKPOINT [seconds of audio] [rounds] [threads]
import { availableParallelism, cpus, loadavg } from "node:os";
import * as ort from "onnxruntime-node";
import { fillNormals } from "../dist/diffusion/noise.js";
import { openEngine } from "../dist/host/node/engines.js";
import { frames } from "../dist/engine/engine.js";
import { initialise } from "../dist/training/start-weights.js";
import { waveGradBase22k, waveGradWeights } from "../dist/models/wavegrad/shape.js";
import { waveGradNoise } from "../dist/models/wavegrad/graph.js";
import { weightsOf } from "../dist/models/weights.js";
import { Vocoder } from "../dist/node.js";
import { hifiGanModel } from "./yardsticks/hifi-gan.js";

const [checkpoint, secondsText = "10", roundsText = "5", threadsText] = process.argv.slice(2);
const threads = Number(threadsText ?? availableParallelism());
const rounds = Number(roundsText);
const exact = await Vocoder.load(checkpoint, { engine: "graph", threads, precision: "float32" });
const vocoder = await Vocoder.load(checkpoint, { engine: "graph", threads });
const { bands, hopLength, sampleRate } = vocoder.format;
const count = Math.round((Number(secondsText) * sampleRate) / hopLength);
const seconds = (count * hopLength) / sampleRate;
const noise = (length, step) => fillNormals(new Float32Array(length), { seed: 1, step });
const values = noise(count * bands, 1).map((value) => -5 + value);
const mel = { frames: count, format: vocoder.format, values };

async function hifiGan() {
  const { model, output, weights } = hifiGanModel(count);
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: threads });
  const transposed = new ort.Tensor("float32", noise(count * bands, 2), [1, bands, count]);
  console.log(`HiFi-GAN V1 yardstick: ${(weights / 1e6).toFixed(1)} M weights`);
  return () => session.run({ mel: transposed }, [output]);
}

/** One step of wavegrad on a second of audio: its time is proportional to the length. */
async function waveGradStep() {
  const part = Math.round(sampleRate / hopLength);
  const runtime = await openEngine({ engine: "graph", threads });
  const held = initialise(
    waveGradWeights(waveGradBase22k, bands).map((spec) => ({
      ...spec,
      start: { kind: "uniform", bound: 0.05 },
    })),
    1,
  );
  const program = await runtime.compile(
    (inputs, weights) => ({ noise: waveGradNoise(waveGradBase22k, weightsOf(weights), inputs) }),
    {
      inputs: {
        z: { shape: [1, frames(hopLength)] },
        logSnr: { shape: [1] },
        mel: { shape: [1, frames(), bands] },
      },
      weights: held,
    },
  );
  const inputs = {
    z: { data: noise(part * hopLength, 3), shape: [1, part * hopLength] },
    logSnr: { data: Float32Array.of(0), shape: [1] },
    mel: { data: noise(part * bands, 4), shape: [1, part, bands] },
  };
  return { run: () => program.run(inputs), seconds: (part * hopLength) / sampleRate };
}

const wavegrad = await waveGradStep();
const synthesis = (which, options) => ({
  name: `mel to waveform, ${options.steps} steps${options.refine === 0 ? " without corrections" : ""}, ${which.precision}`,
  run: () => which.synthesize(mel, options),
  seconds,
});
// a checkpoint that is not calibrated for int8 has one precision only
const precisions = vocoder.precision === "float32" ? [vocoder] : [vocoder, exact];
const cases = [
  { name: "HiFi-GAN V1, one pass", run: await hifiGan(), seconds },
  { name: "wavegrad, one step", run: wavegrad.run, seconds: wavegrad.seconds },
  ...precisions.flatMap((which) => [
    synthesis(which, { steps: 6 }),
    synthesis(which, { steps: 6, refine: 0 }),
    synthesis(which, { steps: 50 }),
  ]),
];
const times = cases.map(() => []);
for (const { run } of cases) await run();
for (let round = 0; round < rounds; round++) {
  for (const [index, { run }] of cases.entries()) {
    const begun = performance.now();
    await run();
    times[index].push((performance.now() - begun) / 1000);
  }
}
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const speeds = cases.map(({ seconds: each }, index) => each / median(times[index]));
/** How many times as fast as a yardstick, by the median over the rounds: both of a round met the same machine. */
const ratio = (index, yardstick) =>
  (cases[index].seconds / cases[yardstick].seconds) *
  median(times[yardstick].map((time, round) => time / times[index][round]));
console.log(
  `${cpus()[0].model}, ${threads} threads, load ${loadavg()[0].toFixed(1)}, ${seconds.toFixed(1)} s of audio, ${rounds} rounds`,
);
cases.forEach(({ name }, index) => console.log(`${name.padEnd(54)} ${speeds[index].toFixed(2)}× real time`));
cases.forEach(({ name }, index) => {
  if (!name.includes("6 steps,")) return;
  console.log(`${name} against HiFi-GAN V1's pass: ${ratio(index, 0).toFixed(2)} times as fast (bar: 6)`);
  console.log(`  against 6 steps of wavegrad: ${(6 * ratio(index, 1)).toFixed(0)} times as fast (bar: 60)`);
});
await exact.dispose();
await vocoder.dispose();
process.exit(0);

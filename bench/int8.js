// What int8 costs and saves on a trained checkpoint: calibrates on some recordings of a folder, measures the error of ε̂
// on others at each level beside float32's, and the time of the denoiser and of its trunk in both precisions. Of the
// excitation model it says how far pitch and voicing in int8 are from float32's.
//   npm run build && node bench/int8.js CHECKPOINT CORPUS LIST [--calibrate N] [--without FOLDER] [--write]
//     [--speed-only]
// LIST names the held-out recordings, one path in CORPUS a line; N others (8) are calibrated on, of the excitation model
// 8·N, none of them in CORPUS/FOLDER. --write stores the calibration in the checkpoint's config.json. Speeds are medians
// of interleaved runs.
import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { computeMel } from "../dist/mel/analysis.js";
import { findRecordings } from "../dist/host/node/read-files.js";
import { readRecording } from "../dist/audio/open-recording.js";
import { checkpointFiles, loadCheckpoint } from "../dist/checkpoint/checkpoint.js";
import { fillNormals } from "../dist/diffusion/noise.js";
import { writeAtomically } from "../dist/host/node/write-files.js";
import { trunkLayers } from "../dist/models/mask-net/shape.js";
import { createMaskNet, maskNetTrunk } from "../dist/models/mask-net/graph.js";
import { whiten } from "../dist/models/prior/graph.js";
import { weightsOf } from "../dist/models/weights.js";
import { openRuntime } from "../dist/host/node/engines.js";
import { frames } from "../dist/engine/engine.js";
import { calibrate, calibrateExcitation } from "../dist/training/calibration.js";
import { ExcitationSource } from "../dist/synthesis/excitation.js";
import { conditionerFunction, noiseFunction, networkSpecs } from "../dist/synthesis/network-functions.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    calibrate: { type: "string", default: "8" },
    without: { type: "string" },
    write: { type: "boolean", default: false },
    "speed-only": { type: "boolean", default: false },
  },
});
const [folder, corpus, list] = positionals;
const levels = [-6, -4, -2, 0, 2, 4, 6, 8];
const checkpoint = await loadCheckpoint(folder);
const format = checkpoint.config.mel;
const shape = checkpoint.config.denoiser.shape;
const net = createMaskNet(shape, format);
const heldOut = readFileSync(list, "utf8").split("\n").filter(Boolean);

const runtime = await openRuntime({ engine: "graph" });
const conditioner = conditionerFunction(checkpoint);
const specs = networkSpecs(checkpoint);
const prepare = await runtime.compile(conditioner, conditioner.signature);
const whitening = await runtime.compile(
  ({ signal, sigma }) => ({ whitened: whiten(net.mdct, signal, sigma) }),
  { inputs: { signal: specs.signal, sigma: specs.sigma } },
);

/** A recording as the denoiser's inputs at each level, with its noise. */
async function* examplesOf(path, seed) {
  const { samples } = await readRecording(path);
  const count = Math.floor(samples.length / format.hopLength);
  const length = count * format.hopLength;
  const mel = {
    data: computeMel(samples, format).values.slice(0, count * format.bands),
    shape: [1, count, format.bands],
  };
  const { sigma, encoded } = await prepare.run({ mel });
  const signal = { data: Float32Array.from(samples.subarray(0, length)), shape: [1, length] };
  const { whitened } = await whitening.run({ signal, sigma });
  for (const logSnr of levels) {
    const noise = fillNormals(new Float32Array(length), { seed, step: 100 + logSnr });
    const [a, b] = [Math.sqrt(1 / (1 + Math.exp(-logSnr))), Math.sqrt(1 / (1 + Math.exp(logSnr)))];
    const z = whitened.data.map((value, index) => a * value + b * noise[index]);
    const level = { data: Float32Array.of(logSnr), shape: [1] };
    yield { inputs: { z: { data: z, shape: [1, length] }, logSnr: level, mel, sigma, encoded }, noise };
  }
}

/** Recordings that are not held out, at equal distances. */
async function othersOf(count) {
  const skip = new Set(heldOut);
  const left = options.without === undefined ? undefined : join(options.without, "/");
  const others = (await findRecordings(corpus)).filter(
    (path) => !skip.has(path) && !(left !== undefined && path.startsWith(left)),
  );
  return Array.from({ length: count }, (_, index) =>
    join(corpus, others[Math.floor(((index + 0.5) * others.length) / count)]),
  );
}

async function* calibrationExamples() {
  for (const [index, path] of (await othersOf(Number(options.calibrate))).entries()) {
    for await (const { inputs } of examplesOf(path, 7 + index)) yield inputs;
  }
}

/** Mels as loud as recorded and softer, as in training. */
async function* calibrationMels() {
  for (const path of await othersOf(8 * Number(options.calibrate))) {
    const { values } = computeMel((await readRecording(path)).samples, format);
    for (const gain of [0, -1, -2.3]) {
      yield values.map((value) => Math.max(Math.log(format.floor), value + gain));
    }
  }
}

const quantisation = await calibrate(runtime, checkpoint, calibrationExamples());
const excitationQuantisation = checkpoint.config.excitation
  ? await calibrateExcitation(runtime, checkpoint, calibrationMels())
  : undefined;
const calibrated = {
  ...checkpoint,
  config: {
    ...checkpoint.config,
    quantisation,
    ...(excitationQuantisation && { excitationQuantisation }),
  },
};
for (const [part, layers] of [
  ["trunk", quantisation],
  ["excitation model", excitationQuantisation ?? {}],
]) {
  for (const [name, { scale, zeroPoint }] of Object.entries(layers)) {
    console.log(`${part}, ${name} ${scale.toPrecision(3)} ${zeroPoint}`);
  }
}
if (options.write) {
  const text = `${JSON.stringify(calibrated.config, null, 2)}\n`;
  await writeAtomically(join(folder, checkpointFiles.config), text);
}

/** How far the excitation model's answers in int8 are from those in float32, over the held-out recordings. */
async function excitationErrors() {
  const sources = await Promise.all(
    ["float32", "int8"].map((precision) => ExcitationSource.create(runtime, calibrated, precision)),
  );
  const cents = [];
  let [frames, flips, voicing] = [0, 0, 0];
  for (const path of heldOut) {
    const { values } = computeMel((await readRecording(join(corpus, path))).samples, format);
    const [exact, rounded] = await Promise.all(sources.map((source) => source.read(values)));
    exact.voiced.forEach((probability, frame) => {
      frames++;
      if (probability > 0.5 !== rounded.voiced[frame] > 0.5) flips++;
      else if (probability > 0.5) {
        cents.push(Math.abs(1200 * Math.log2(rounded.pitch[frame] / exact.pitch[frame])));
        const bands = exact.bandVoicing.length / exact.voiced.length;
        for (let at = frame * bands; at < (frame + 1) * bands; at++) {
          voicing += Math.abs(rounded.bandVoicing[at] - exact.bandVoicing[at]) / bands;
        }
      }
    });
  }
  const far = cents.filter((distance) => distance > 200).length;
  const median = cents.sort((a, b) => a - b)[Math.floor(cents.length / 2)];
  console.log(
    `excitation model, int8 against float32: ${median.toFixed(2)} cents in the median, more than 200 in ` +
      `${((100 * far) / cents.length).toFixed(2)} %, voiced otherwise in ${((100 * flips) / frames).toFixed(2)} % of ` +
      `frames, band voicing ${(voicing / cents.length).toFixed(4)} apart`,
  );
  for (const source of sources) await source.dispose();
}

/** The whole trunk in 8 bits, and with some of its layers in float32. */
function without(...layers) {
  const kept = Object.entries(quantisation).filter(([name]) => !layers.includes(name));
  return { ...checkpoint, config: { ...checkpoint.config, quantisation: Object.fromEntries(kept) } };
}

const downs = trunkLayers(shape).filter((name) => name.includes(".down."));
const variants = {
  float32: noiseFunction(checkpoint),
  int8: noiseFunction(calibrated, "int8"),
  "int8, first in float32": noiseFunction(without("input.weight"), "int8"),
  "int8, last in float32": noiseFunction(without("output.weight"), "int8"),
  "int8, downs in float32": noiseFunction(without(...downs), "int8"),
};

async function errors() {
  const programs = {};
  for (const [name, network] of Object.entries(variants)) {
    programs[name] = await runtime.compile(network, network.signature);
  }
  const sums = Object.fromEntries(Object.keys(variants).map((name) => [name, levels.map(() => 0)]));
  for (const [index, path] of heldOut.entries()) {
    let level = 0;
    for await (const { inputs, noise } of examplesOf(join(corpus, path), 1000 + index)) {
      for (const [name, program] of Object.entries(programs)) {
        const { noise: predicted } = await program.run(inputs);
        let sum = 0;
        predicted.data.forEach((value, sample) => (sum += (value - noise[sample]) ** 2));
        sums[name][level] += sum / noise.length / heldOut.length;
      }
      level++;
    }
  }
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const reference = sums.float32;
  console.log(`ε error, ${heldOut.length} clips: float32, and rises in %; λ = ${levels.join(", ")}; mean`);
  for (const [name, values] of Object.entries(sums)) {
    const row = [...values, mean(values)];
    const base = [...reference, mean(reference)];
    const cells = row.map((value, at) =>
      name === "float32" ? value.toFixed(4) : (100 * (value / base[at] - 1)).toFixed(3),
    );
    console.log(`${name.padEnd(24)} ${cells.map((cell) => cell.padStart(8)).join("")}`);
  }
  for (const program of Object.values(programs)) await program.dispose();
}

const random = (seed, ...size) => ({
  data: fillNormals(new Float32Array(size.reduce((product, each) => product * each, 1)), { seed, step: 0 }),
  shape: size,
});

/** Times in ms an audio-second of the trunk and the whole denoiser, both precisions in turn. */
async function speed(threads) {
  const engine = await openRuntime({ engine: "graph", threads });
  const count = Math.round((10 * format.sampleRate) / format.hopLength);
  const width = net.featureOrder.length + format.bands;
  const trunk = {
    fn: ({ features, logSnr, encoded }, held) => {
      const output = maskNetTrunk(net, weightsOf(held), { features, logSnr, encoded }, net.featureOrder);
      return { output };
    },
    inputs: { features: { shape: [1, frames(), width] }, logSnr: { shape: [1] }, encoded: specs.encoded },
  };
  const given = {
    features: random(1, 1, count, width),
    logSnr: { data: Float32Array.of(2), shape: [1] },
    encoded: random(2, 1, count, shape.channels),
    z: random(3, 1, count * format.hopLength),
    mel: random(4, 1, count, format.bands),
    sigma: {
      data: new Float32Array(count * format.hopLength).fill(1),
      shape: [1, count, format.hopLength],
    },
  };
  const cases = [];
  for (const name of ["float32", "int8"]) {
    const { signature } = variants[name];
    const held = { weights: signature.weights, quantised: signature.quantised ?? {} };
    cases.push({
      name: `trunk ${name}`,
      program: await engine.compile(trunk.fn, { ...held, inputs: trunk.inputs }),
      inputs: trunk.inputs,
    });
    cases.push({
      name: `denoiser ${name}`,
      program: await engine.compile(variants[name], signature),
      inputs: signature.inputs,
    });
  }
  const times = cases.map(() => []);
  const run = async ({ program, inputs }) => {
    const begun = performance.now();
    await program.run(Object.fromEntries(Object.keys(inputs).map((name) => [name, given[name]])));
    return performance.now() - begun;
  };
  for (const each of cases) await run(each);
  for (let round = 0; round < 15; round++) {
    for (const [index, each] of cases.entries()) times[index].push(await run(each));
  }
  const sorted = times.map((list) => list.toSorted((a, b) => a - b));
  cases.forEach(({ name }, index) => {
    const [best, median] = [sorted[index][0], sorted[index][7]].map((time) => (time / 10).toFixed(2));
    console.log(
      `${threads} threads  ${name.padEnd(18)} median ${median}, best ${best} ms an audio-second and step`,
    );
  });
  for (const { program } of cases) await program.dispose();
}

if (!options["speed-only"]) {
  if (excitationQuantisation) await excitationErrors();
  await errors();
}
console.log(`${cpus()[0].model}, load ${loadavg()[0].toFixed(1)}`);
for (const threads of [1, 2]) await speed(threads);
process.exit(0);

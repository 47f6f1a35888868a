// What int8 costs and saves on a calibrated checkpoint: the error of ε̂ at each level beside float32's, with all layers in 8
// bits and with some of them left out, and the time of the denoiser and of its trunk in both precisions.
//   npm run build && node bench/int8.js CHECKPOINT CLIPS... [--speed-only]
// CLIPS are recordings, or folders of them, that the checkpoint was neither trained nor calibrated on ('vocode calibrate'
// calibrates). Speeds are medians of interleaved runs.
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { loadCheckpoint } from "../dist/host/node/checkpoints.js";
import { fillNormals } from "../dist/diffusion/noise.js";
import { clipPaths, readClips } from "../dist/evaluation/clip-files.js";
import { openEngine } from "../dist/host/node/engines.js";
import { naturalLog } from "../dist/mel/encoding.js";
import { NotCalibratedError } from "../dist/engine/engine.js";
import { estimateFunction, trunkFunction } from "../dist/synthesis/network-functions.js";
import { measureInt8, recordingClip } from "../dist/training/voice-calibration.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { "speed-only": { type: "boolean", default: false } },
});
const [folder, ...paths] = positionals;
const checkpoint = await loadCheckpoint(folder);
const { mel: format, quantisation } = checkpoint.config;
if (!quantisation) throw new NotCalibratedError();

/** The checkpoint with some of its layers in 8 bits. */
function withLayers(wanted) {
  const kept = Object.entries(quantisation).filter(([name]) => wanted(name));
  return { ...checkpoint, config: { ...checkpoint.config, quantisation: Object.fromEntries(kept) } };
}

const variants = {
  int8: () => true,
  "first in float32": (name) => name !== "input.weight",
  "last in float32": (name) => name !== "output.weight",
  "downs in float32": (name) => !name.includes(".down."),
};

async function errors() {
  const runtime = await openEngine({ engine: "graph" });
  const clips = (await readClips(await clipPaths(paths), format)).map(({ samples, mel }) =>
    recordingClip(samples, naturalLog(mel), format),
  );
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const row = (name, cells) => console.log(name.padEnd(20) + cells.map((cell) => cell.padStart(9)).join(""));
  for (const [index, [name, wanted]] of Object.entries(variants).entries()) {
    const {
      clips: count,
      logSnrs,
      float32,
      int8,
      excitation,
    } = await measureInt8(runtime, withLayers(wanted), clips);
    if (index === 0) {
      console.log(`ε error, ${count} clips: float32, and rises in %, by level and in the mean`);
      row("log-SNR", [...logSnrs.map((level) => level.toFixed(2)), "mean"]);
      row(
        "float32",
        [...float32, mean(float32)].map((error) => error.toFixed(4)),
      );
    }
    const base = [...float32, mean(float32)];
    row(
      name,
      [...int8, mean(int8)].map((error, at) => (100 * (error / base[at] - 1)).toFixed(3)),
    );
    if (index > 0 || !excitation) continue;
    const { medianCents, gross, voicing, bandVoicing } = excitation;
    console.log(
      `excitation model, int8 against float32: ${medianCents.toFixed(2)} cents in the median, more than 200 in ` +
        `${(100 * gross).toFixed(2)} %, voiced otherwise in ${(100 * voicing).toFixed(2)} % of frames, band voicing ` +
        `${bandVoicing.toFixed(4)} apart`,
    );
  }
}

const random = (seed, ...size) => ({
  data: fillNormals(new Float32Array(size.reduce((product, each) => product * each, 1)), { seed, step: 0 }),
  shape: size,
});

/** Times in ms an audio-second of the trunk and the whole denoiser, both precisions in turn. */
async function speed(threads) {
  const engine = await openEngine({ engine: "graph", threads });
  const count = Math.round((10 * format.sampleRate) / format.hopLength);
  const cases = [];
  for (const precision of ["float32", "int8"]) {
    for (const [name, network] of [
      ["trunk", trunkFunction(checkpoint, precision)],
      ["denoiser", estimateFunction(checkpoint, precision)],
    ]) {
      const program = await engine.compile(network, network.signature);
      const sized = (shape) =>
        shape.map((size) => (typeof size === "number" ? size : size.times * count + size.plus));
      const inputs = Object.fromEntries(
        Object.entries(network.signature.inputs).map(([input, { shape }], seed) => [
          input,
          random(seed, ...sized(shape)),
        ]),
      );
      if (inputs.sigma) inputs.sigma.data.fill(1);
      cases.push({ name: `${name} ${precision}`, program, inputs, times: [] });
    }
  }
  for (const { program, inputs } of cases) await program.run(inputs);
  for (let round = 0; round < 15; round++) {
    for (const { program, inputs, times } of cases) {
      const begun = performance.now();
      await program.run(inputs);
      times.push(performance.now() - begun);
    }
  }
  for (const { name, program, times } of cases) {
    const sorted = times.toSorted((a, b) => a - b);
    const [best, median] = [sorted[0], sorted[7]].map((time) => (time / 10).toFixed(2));
    console.log(
      `${threads} threads  ${name.padEnd(18)} median ${median}, best ${best} ms an audio-second and step`,
    );
    await program.dispose();
  }
}

if (!options["speed-only"]) await errors();
console.log(`${cpus()[0].model}, load ${loadavg()[0].toFixed(1)}`);
for (const threads of [1, 2]) await speed(threads);
process.exit(0);

// Memory of the trainer over 1,000 steps, which has to stay flat, and what the data path costs: drawing and reading a
// batch of the default recipe, beside the step that it is for.
//   npm run build && node --expose-gc bench/training.js [steps] [engine]
// The network of the soak is tiny, but all else is a real run: recordings in a cache, states saved, errors measured.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { findPreset } from "../dist/mel/presets.js";
import { openEngine } from "../dist/host/node/engines.js";
import { BatchSource } from "../dist/training/batches.js";
import { openCorpus } from "../dist/training/corpus/corpus.js";
import { networkStep, registerGradients } from "../dist/training/step.js";
import { audioSecondsAStep } from "../dist/training/progress.js";
import { RunFolder } from "../dist/training/run-folder.js";
import { initialise } from "../dist/training/start-weights.js";
import { defaultTrainConfig } from "../dist/training/config.js";
import { train } from "../dist/training/trainer.js";
import { createTrainingModel } from "../dist/training/model.js";

const steps = Number(process.argv[2] ?? 1000);
const engine = process.argv[3] ?? "graph";
/** What the recipe should reach on two cores: the data path is judged beside such a step. */
const TARGET_SPEED = 15;
const BATCHES = 100;
const STEPS_TIMED = 4;
/** By so much the memory may have grown from the second fifth of the run to the last, in MiB. */
const MOST_GROWTH = 16;

const tiny = {
  ...defaultTrainConfig,
  windowLengths: [1024, 64],
  channels: 16,
  expanded: 24,
  dilations: [1, 2],
  corrections: 1,
  levelWidth: 16,
  encoderChannels: 8,
  encoderExpanded: 12,
  encoderDilations: [1],
  steps,
  priorSteps: 20,
  excitationSteps: 20,
  batch: 2,
  cropFrames: 16,
};

/** MiB: resident, JavaScript's heap, and arrays outside of it. */
function memory() {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return [rss, heapUsed, external].map((bytes) => bytes / 2 ** 20);
}

const row = (step, values) =>
  console.log(
    [step, ...values.map((value) => value.toFixed(1))].map((cell) => String(cell).padStart(9)).join(""),
  );

const mean = (rows) => rows[0].map((_, i) => rows.reduce((sum, values) => sum + values[i], 0) / rows.length);

async function soak(runtime, source, folder) {
  const run = new RunFolder(join(folder, "run"));
  await run.begin({
    config: tiny,
    mel: source.format,
    paths: { corpus: "..", checkpoint: "..", cache: ".." },
  });
  console.log(`${["step", "resident", "heap", "external"].map((word) => word.padStart(9)).join("")}   MiB`);
  const rows = [];
  await train({
    runtime,
    source,
    config: tiny,
    run,
    saveEvery: 10,
    measureEvery: Math.ceil(steps / 4),
    onProgress: ({ phase, step }) => {
      if (phase !== "network" || step % Math.max(10, steps / 20) !== 0) return;
      rows.push(memory());
      row(step, rows[rows.length - 1]);
    },
  });
  const fifth = Math.floor(rows.length / 5);
  const [early, late] = [mean(rows.slice(fifth, 2 * fifth)), mean(rows.slice(-fifth))];
  const growth = late.map((value, i) => value - early[i]);
  row("grown", growth);
  const flat = growth.every((value) => value <= MOST_GROWTH);
  console.log(flat ? "The memory is flat." : `The memory grew by more than ${MOST_GROWTH} MiB.`);
  if (!flat) process.exitCode = 1;
}

async function timeDataPath(runtime, source) {
  const config = defaultTrainConfig;
  const model = await createTrainingModel(config, source.format);
  const batches = new BatchSource(source, config, model.denoiser);
  const program = await (async () => {
    const { step, signature } = networkStep(model, config, {
      network: initialise(model.denoiser.weights, 1),
      prior: initialise(model.prior.weights, 1),
    });
    return runtime.compile(step, signature);
  })();
  // the first are the compiler's
  for (let i = 0; i < 10; i++) batches.networkInputs(i);
  await program.run(batches.networkInputs(0));
  let [data, step, drawn] = [0, Infinity, 0];
  for (let i = 0; i < STEPS_TIMED; i++) {
    const begun = performance.now();
    for (let j = 0; j < BATCHES / STEPS_TIMED; j++) batches.networkInputs(++drawn);
    const between = performance.now();
    data += between - begun;
    await program.run(batches.networkInputs(i));
    step = Math.min(step, performance.now() - between);
  }
  await program.dispose();
  const each = data / drawn;
  const audio = audioSecondsAStep(config, source.format);
  const target = (1000 * audio) / TARGET_SPEED;
  const share = (whole) => `${((100 * each) / whole).toFixed(1)} %`;
  console.log(
    `a batch of ${audio.toFixed(1)} s is drawn and read in ${each.toFixed(1)} ms; the step here takes ` +
      `${step.toFixed(0)} ms (${((1000 * audio) / step).toFixed(1)} audio-s/s): ${share(step)} of it, and ` +
      `${share(target)} of one at ${TARGET_SPEED} audio-s/s`,
  );
}

const folder = mkdtempSync(join(tmpdir(), "vocode-bench-"));
try {
  const wavs = join(folder, "wavs");
  mkdirSync(wavs);
  const clip = fileURLToPath(new URL("../data/speech.flac", import.meta.url));
  for (let i = 0; i < 12; i++) copyFileSync(clip, join(wavs, `clip-${i}.flac`));
  const source = await openCorpus({
    folder: wavs,
    cacheFolder: join(folder, "cache"),
    format: findPreset("hifigan-22k-80"),
    speeds: defaultTrainConfig.speeds,
    pitch: true,
  });
  const runtime = await openEngine({ engine, flushesDenormals: true });
  await registerGradients();
  console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0].model}, ${runtime.engine}`);
  await timeDataPath(runtime, source);
  await soak(runtime, source, folder);
  source.close();
} finally {
  rmSync(folder, { recursive: true });
}

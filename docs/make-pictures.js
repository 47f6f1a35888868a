// Makes docs/pictures/ and prints the tables of docs/diffusion.md, but for those whose command stands beside them there:
//   npm run build && node docs/make-pictures.js [a checkpoint with an excitation model]
// Everything is seeded, so it prints the same numbers each time. Half a minute.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as Plot from "@observablehq/plot";
import { decode, encode } from "fast-png";
import { computeMel, MagnitudeSpectrum } from "../dist/mel/analysis.js";
import { findPreset } from "../dist/mel/presets.js";
import { readRecording } from "../dist/host/node/recordings.js";
import { loadCheckpoint } from "../dist/host/node/checkpoints.js";
import { noisePowerFromLogSnr, sqrtAlphaBarFromLogSnr } from "../dist/diffusion/levels.js";
import { planFor } from "../dist/diffusion/samplers/plan-for.js";
import { combine, runPlan, seededNoise } from "../dist/diffusion/samplers/sampling-plan.js";
import { scheduleFromLogSnrs, scheduleSteps } from "../dist/diffusion/schedules/build-schedule.js";
import { scheduleByName, uniformLogSnrs } from "../dist/diffusion/schedules/named-schedules.js";
import { exactDenoiser } from "../dist/diffusion/toy/exact-score.js";
import { drawFrom, gaussianMixture, marginalAt } from "../dist/diffusion/toy/gaussian-mixture.js";
import { runToy } from "../dist/diffusion/toy/toy-process.js";
import { Transforms } from "../dist/evaluation/metrics/spectra.js";
import { drawComparison, drawMel } from "../dist/plots/mel-picture.js";
import { drawFigure } from "../dist/plots/figure.js";
import { figurePng } from "../dist/plots/figure-file.js";
import { heatmapPanel } from "../dist/plots/heatmap.js";
import { toyFigure } from "../dist/plots/diffusion-figures.js";
import { openEngine } from "../dist/host/node/engines.js";
import { ExcitationSource } from "../dist/synthesis/excitation.js";
import { harmonicSchedule, HarmonicStart } from "../dist/synthesis/start.js";
import { MelDenoiser } from "../dist/synthesis/denoiser.js";
import { shippedCheckpoint } from "../dist/host/node/voices.js";

const folder = new URL("pictures/", import.meta.url);
const modes = (list) =>
  gaussianMixture(list.map(([weight, mean, s]) => ({ weight, mean: [mean], variance: [s * s] })));
const threeModes = modes([
  [0.3, -1.2, 0.3],
  [0.5, 0.4, 0.2],
  [0.2, 1.6, 0.4],
]);

/** Writes a figure at half the usual resolution and in fewer colours: a tenth of the bytes. */
async function save(figure, name) {
  const { width, height, data, channels } = decode(await figurePng(figure));
  const small = new Uint8Array((width / 2) * (height / 2) * 3);
  for (let y = 0; y < height / 2; y++) {
    for (let x = 0; x < width / 2; x++) {
      for (let c = 0; c < 3; c++) {
        const at = (dy, dx) => data[((2 * y + dy) * width + 2 * x + dx) * channels + c];
        const mean = (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4;
        small[(y * (width / 2) + x) * 3 + c] = Math.min(255, Math.round(mean / 10) * 10.2);
      }
    }
  }
  const png = encode({ width: width / 2, height: height / 2, channels: 3, depth: 8, data: small });
  await writeFile(new URL(name, folder), png);
  console.log(`\npictures/${name}: ${Math.round(png.length / 1024)} KiB`);
}

const settings = (schedule, sampler, more = {}) => ({
  mixture: threeModes,
  schedule,
  plan: planFor(sampler, schedule),
  points: 10_000,
  seed: 1,
  start: "noise",
  ...more,
});

/** `vocode toy` itself: the whole story in five panels. */
async function toyPicture() {
  const ancestral = settings(scheduleByName("cosine-50"), "ddpm");
  await save(toyFigure(ancestral, await runToy(ancestral)), "toy.png");
  const deterministic = settings(scheduleByName("logsnr-25"), "heun");
  await save(toyFigure(deterministic, await runToy(deterministic)), "toy-heun.png");
}

/** The mel of the recording in data/, as `vocode mel data/speech.flac --picture` draws it. */
async function melPicture() {
  const preset = "hifigan-22k-80";
  const path = new URL("../data/speech.flac", import.meta.url);
  const { samples } = await readRecording(fileURLToPath(path));
  const mel = computeMel(samples, findPreset(preset));
  await save(drawMel(`speech.flac, ${preset}`, mel), "mel.png");
}

/** A recording and what the checkpoint of version 0.1.0 made of its mel, as `vocode compare --picture` draws them. */
async function comparisonPicture() {
  const fixtures = new URL("../test/fixtures/", import.meta.url);
  const read = async (path, title) => {
    const { samples, sampleRate } = await readRecording(fileURLToPath(new URL(path, fixtures)));
    return { samples, sampleRate, title };
  };
  const recording = await read("mel/speech_22k.wav", "recording");
  const synthesis = await read("evaluation/vocoded.flac", "synthesis");
  const transforms = await Transforms.create();
  await save(drawComparison(recording, synthesis, transforms), "comparison.png");
  transforms.dispose();
}

/** Where the training schedules lose the signal. */
async function schedulePicture() {
  const names = ["ddpm-1000", "training-1000", "cosine-1000"];
  const rows = names.flatMap((name) =>
    scheduleSteps(scheduleByName(name)).map((step) => ({ name, ...step, time: step.t / 1000 })),
  );
  console.log("\nschedule       √ᾱ_N     t at ᾱ = ½   steps below λ = −5");
  for (const name of names) {
    const steps = rows.filter((row) => row.name === name).sort((a, b) => a.t - b.t);
    const half = steps.find(({ alphaBar }) => alphaBar < 0.5).t;
    const lost = steps.filter(({ logSnr }) => logSnr < -5).length;
    console.log(
      `${name.padEnd(14)} ${steps.at(-1).sqrtAlphaBar.toExponential(2).padEnd(8)} ${half}          ${lost}`,
    );
  }
  const colours = ["#2f5fb3", "#7d4fa3", "#c8553d"];
  const labels = names.map((name, i) =>
    Plot.text([name], {
      frameAnchor: "top-right",
      dy: 8 + 18 * i,
      dx: -8,
      fill: colours[i],
      fontSize: 12,
      fontWeight: "bold",
    }),
  );
  const panel = (title, y, domain, rule) => ({
    title,
    options: {
      height: 240,
      color: { domain: names, range: colours },
      x: { label: "t/N, from data to noise →" },
      y: { label: y === "alphaBar" ? "ᾱ" : "λ", domain, grid: true },
      marks: [
        Plot.ruleY([rule], { stroke: "#999", strokeDasharray: "4 4" }),
        Plot.line(rows, { x: "time", y, stroke: "name", z: "name", clip: true }),
        ...labels,
      ],
    },
  });
  await save(
    drawFigure([
      panel("ᾱ, the signal's share of the power", "alphaBar", [0, 1], 0.5),
      panel("log-SNR λ; below the dashed line it counts as pure noise", "logSnr", [-12, 12], -5),
    ]),
    "schedules.png",
  );
}

/** The error of the state at λ = 2 against the number of steps. */
async function convergencePicture() {
  const samplers = ["ddim", "euler", "dpmpp-2m", "heun"];
  const counts = [4, 8, 16, 32, 64];
  const noise = seededNoise(1);
  const z0 = new Float32Array(2000);
  noise(z0, 0);
  const stateAfter = async (sampler, steps) => {
    const schedule = scheduleFromLogSnrs({ name: "order", source: "" }, uniformLogSnrs(-5, 2, steps + 1));
    let state;
    for await (const { z } of runPlan(planFor(sampler, schedule), exactDenoiser(threeModes), z0, noise))
      state = z;
    return state;
  };
  const reference = await stateAfter("heun", 999);
  const rows = [];
  console.log(`\nRMS error at λ = 2 after steps ${counts.join(", ")}; order from the last halving`);
  for (const sampler of samplers) {
    for (const steps of counts) {
      const state = await stateAfter(sampler, steps);
      const sum = state.reduce((total, z, i) => total + (z - reference[i]) ** 2, 0);
      rows.push({ sampler, steps, error: Math.sqrt(sum / state.length) });
    }
    const errors = rows.filter((row) => row.sampler === sampler).map((row) => row.error);
    const order = Math.log2(errors.at(-2) / errors.at(-1)).toFixed(2);
    console.log(sampler.padEnd(9), errors.map((error) => error.toExponential(1)).join("  "), " order", order);
  }
  const last = samplers.map((sampler) => rows.find((row) => row.sampler === sampler && row.steps === 64));
  await save(
    drawFigure([
      {
        title: "Error of the state at λ = 2 against the steps from λ = −5 (Heun's cost two calls each)",
        options: {
          height: 320,
          marginRight: 80,
          color: { domain: samplers, range: ["#2f5fb3", "#c8553d", "#7d4fa3", "#2a9d6f"] },
          x: { type: "log", base: 2, label: "steps →", ticks: counts, tickFormat: "d" },
          y: { type: "log", label: "root mean square error", grid: true, ticks: 5, tickFormat: "~g" },
          marks: [
            Plot.line(rows, { x: "steps", y: "error", stroke: "sampler" }),
            Plot.dot(rows, { x: "steps", y: "error", fill: "sampler" }),
            Plot.text(last, {
              x: "steps",
              y: "error",
              text: "sampler",
              fill: "sampler",
              dx: 10,
              textAnchor: "start",
              fontWeight: "bold",
            }),
          ],
        },
      },
    ]),
    "convergence.png",
  );
}

/** What an ε̂ that is wrong by 20 % does to one ancestral step, and to x̂₀. */
async function epsilonError() {
  console.log(
    "\n20 % error in ε: RMS change of the step's mean, in units of the step's own noise, and of x̂₀",
  );
  const points = 20_000;
  const wrong = new Float32Array(points);
  seededNoise(2)(wrong, 0);
  for (const [name, ts] of [
    ["ddpm-1000", [1000, 500, 100, 10]],
    ["ddpm-1000:50", [50, 25, 5, 2]],
    ["wg-6", [6, 5, 4, 3]],
  ]) {
    const { steps } = planFor("ddpm", scheduleByName(name));
    for (const t of ts) {
      const step = steps[steps.length - t];
      const z = drawFrom(marginalAt(threeModes, step.logSnr), points, seededNoise(3), t);
      const epsilon = exactDenoiser(threeModes)(z, step.logSnr);
      const [signal, scale] = [
        sqrtAlphaBarFromLogSnr(step.logSnr),
        Math.sqrt(noisePowerFromLogSnr(step.logSnr)),
      ];
      const estimate = (e) => z.map((value, i) => (value - scale * e[i]) / signal);
      const [right, off] = [estimate(epsilon), estimate(epsilon.map((e, i) => e + 0.2 * wrong[i]))];
      const next = (x0) => combine({ ...step, noise: 0 }, z, x0, x0, wrong);
      const rms = (a, b) => Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / points);
      const change = rms(next(off), next(right));
      console.log(
        `${name} t = ${t}: λ ${step.logSnr.toFixed(2)}, mean moves by ${change.toPrecision(2)}, noise ${step.noise.toPrecision(2)},` +
          ` ratio ${(change / step.noise).toPrecision(2)}; x̂₀ moves by ${rms(off, right).toPrecision(2)}`,
      );
    }
  }
}

/** Schedules that do not start from pure noise, from white noise and from what they are told it is. */
async function wrongLevel() {
  const quiet = modes([
    [0.5, -0.1, 0.02],
    [0.5, 0.1, 0.02],
  ]);
  const lopsided = modes([
    [0.9, -0.5, 0.1],
    [0.1, 1.5, 0.1],
  ]);
  console.log(
    "\nwrong level: variance of quiet data (exact 0.0104) and W₁; weight of a rare mode (exact 0.1) and W₁",
  );
  for (const name of ["wg-6", "linear-50", "fibonacci-25", "logsnr-25"]) {
    for (const sampler of ["ddpm", "ddim", "dpmpp-2m", "heun"]) {
      const cells = [];
      for (const mixture of [quiet, lopsided]) {
        for (const start of ["noise", "data"]) {
          const { result, error } = await runToy(settings(scheduleByName(name), sampler, { mixture, start }));
          const mean = result.reduce((sum, x) => sum + x, 0) / result.length;
          const value =
            mixture === quiet
              ? result.reduce((sum, x) => sum + (x - mean) ** 2, 0) / result.length
              : result.filter((x) => x > 0.5).length / result.length;
          cells.push(`${start} ${value.toFixed(4)} (${error.toFixed(4)})`);
        }
      }
      console.log(name.padEnd(13), sampler.padEnd(9), cells.join("  "));
    }
  }
}

/** A spectrogram of the first seconds up to 5 kHz, the loudest spot as bright as in every other. */
function spectrogramPanel(title, samples, rate) {
  const [size, hop, seconds] = [1024, 128, 1.8];
  const rows = Math.round((5000 * size) / rate);
  const columns = Math.floor((seconds * rate) / hop);
  const spectrum = new MagnitudeSpectrum(size);
  const levels = new Float32Array(columns * rows);
  const magnitudes = new Float64Array(size / 2 + 1);
  for (let column = 0; column < columns; column++) {
    const frame = Float64Array.from({ length: size }, (_, n) => {
      const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size);
      return window * (samples[column * hop + n - size / 2] ?? 0);
    });
    spectrum.transform(frame, 0, magnitudes);
    for (let row = 0; row < rows; row++)
      levels[column * rows + row] = 20 * Math.log10(magnitudes[row] + 1e-9);
  }
  const top = levels.reduce((most, level) => Math.max(most, level), -Infinity);
  return heatmapPanel(
    title,
    {
      columns,
      rows,
      value: (column, row) => levels[column * rows + row],
      x: [0, seconds],
      y: [0, 5],
      range: [top - 70, top],
    },
    { x: "time (s) →", y: "↑ kHz" },
    { height: 150 },
  );
}

/** A harmonic start, its steps and the end, all in the speech's colours; nothing for a checkpoint without the model. */
async function startPicture() {
  const checkpoint = await loadCheckpoint(process.argv[2] ?? shippedCheckpoint);
  const runtime = await openEngine({});
  const source = await ExcitationSource.create(runtime, checkpoint);
  if (!source) return;
  const networks = await MelDenoiser.create(runtime, checkpoint, "float32");
  const format = checkpoint.config.mel;
  const { samples } = await readRecording(fileURLToPath(new URL("../data/speech.flac", import.meta.url)));
  const { values, frames } = computeMel(samples, format);
  const rows = { mel: values, ...(await networks.condition(values)) };
  const startAt = async (logSnr) => {
    const z = new Float32Array(frames * format.hopLength);
    const start = new HarmonicStart(source, { format, seed: 1, logSnr });
    await start.fill(z, 0, { values, first: 0, total: frames });
    return z;
  };
  const panel = async (title, z) =>
    spectrogramPanel(title, await networks.waveform(z, rows), format.sampleRate);
  const panels = [await panel("h: the excitation, pulses and noise", await startAt(60))];
  const schedules = [harmonicSchedule(6), scheduleByName("logsnr-6")];
  for (const [index, schedule] of schedules.entries()) {
    const { steps } = planFor("dpmpp-2m", schedule);
    let z = await startAt(index === 0 ? steps[0].logSnr : -60);
    if (index === 0) panels.push(await panel(`z₀: h in noise, at λ = ${steps[0].logSnr}`, z));
    let previous;
    for (const [number, step] of steps.entries()) {
      const x0 = new Float32Array(z.length);
      await networks.estimate(z, step.logSnr, rows, x0);
      if (number + 1 < steps.length) z = combine(step, z, x0, previous ?? x0, new Float32Array(0));
      previous = x0;
      if (index === 0 && number === 0) panels.push(await panel("x̂₀ of the first step", x0));
    }
    panels.push(
      await panel(index === 0 ? "the end, six steps from z₀" : "six steps from white noise", previous),
    );
  }
  panels.push(spectrogramPanel("the recording", samples, format.sampleRate));
  await save(drawFigure(panels), "harmonic-start.png");
  await networks.dispose();
  await source.dispose();
}

await mkdir(folder, { recursive: true });
await melPicture();
await startPicture();
await comparisonPicture();
await toyPicture();
await schedulePicture();
await convergencePicture();
await epsilonError();
await wrongLevel();

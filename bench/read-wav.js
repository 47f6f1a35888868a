// Time and memory to read a 10-minute 16-bit WAV file: our reader beside wavefile's own way, each in a process of its
// own, and the speed of resampling. Run: npm run build && node bench/read-wav.js
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import wavefile from "wavefile";
import { readRecording, writeWav } from "../dist/host/node/recordings.js";
import { Resampler } from "../dist/audio/resample.js";

const SAMPLE_RATE = 22050;
const SECONDS = 600;
const RUNS = 5;

const readers = {
  vocode: (path) => readRecording(path),
  "wavefile alone": async (path) => new wavefile.WaveFile(readFileSync(path)).getSamples(false, Float32Array),
};

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

async function times(run, runs) {
  const seconds = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await run();
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds;
}

async function measure(reader, path) {
  const before = process.resourceUsage().maxRSS;
  const [first] = await times(() => readers[reader](path), 1);
  const peak = process.resourceUsage().maxRSS - before;
  const again = await times(() => readers[reader](path), RUNS - 1);
  return { first, median: median([first, ...again]), megabytes: peak / 1024 };
}

function speech() {
  return Float32Array.from(
    { length: SAMPLE_RATE },
    (_, n) => 0.5 * Math.sin(n * 0.05 + 3 * Math.sin(n * 0.001)),
  );
}

if (process.argv[2] !== undefined) {
  console.log(JSON.stringify(await measure(process.argv[2], process.argv[3])));
} else {
  const folder = mkdtempSync(join(tmpdir(), "vocode-bench-"));
  const path = join(folder, "ten-minutes.wav");
  await writeWav(path, Array.from({ length: SECONDS }, speech), SAMPLE_RATE);
  console.log(`${SECONDS} s of 16-bit mono at ${SAMPLE_RATE} Hz, ${(SECONDS * SAMPLE_RATE * 2) / 1e6} MB`);
  for (const reader of Object.keys(readers)) {
    const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url), reader, path], {
      encoding: "utf8",
    });
    const { first, median: typical, megabytes } = JSON.parse(output);
    console.log(
      `${reader}: first ${first.toFixed(2)} s, median of ${RUNS} ${typical.toFixed(2)} s, memory +${megabytes.toFixed(0)} MB`,
    );
  }
  rmSync(folder, { recursive: true });
  for (const [from, to] of [
    [48000, 22050],
    [44100, 22050],
    [16000, 22050],
  ]) {
    const signal = new Float32Array(10 * from).map((_, n) => Math.sin(n * 0.03));
    const seconds = await times(async () => {
      const resampler = await Resampler.create(from, to);
      resampler.push(signal);
      resampler.finish();
    }, RUNS);
    console.log(`resampling ${from} to ${to} Hz: ${(10 / median(seconds)).toFixed(0)} times real time`);
  }
}

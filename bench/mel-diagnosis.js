// How often the diagnosis of unlabelled mels is right: each recording of a folder, as it is and altered, is written in
// every encoding and taken for every other. Prints what was accepted, and what the rest looked like.
//   npm run build && node bench/mel-diagnosis.js FOLDER [EVERY]      every EVERYth recording; 22,050 Hz
import { join } from "node:path";
import { findRecordings } from "../dist/host/node/read-files.js";
import { diagnoseMel } from "../dist/mel/diagnosis.js";
import { logScales, melScaleNames } from "../dist/mel/encoding.js";
import { findPreset } from "../dist/mel/presets.js";
import { computeMel } from "../dist/mel/analysis.js";
import { readRecording } from "../dist/host/node/recordings.js";
import { table } from "../dist/cli/output.js";

const format = findPreset("hifigan-22k-80");
const [folder, every = "1"] = process.argv.slice(2);
if (folder === undefined) {
  console.error("Name a folder of recordings: node bench/mel-diagnosis.js FOLDER [EVERY]");
  process.exit(2);
}

/** Averages each value with its neighbours in time and frequency, as a text-to-speech model's mel is smooth. */
function smoothed(values, bands) {
  return values.map((value, i) => {
    const near = [value, values[i - 1] ?? value, values[i + 1] ?? value, values[i - bands] ?? value];
    near.push(values[i + bands] ?? value);
    return near.reduce((sum, other) => sum + other, 0) / near.length;
  });
}

function encoded(values, scale) {
  if (scale === "linear") return values.map(Math.exp);
  const { slope, offset, range = [-Infinity, Infinity] } = logScales[scale];
  return values.map((value) => Math.min(range[1], Math.max(range[0], slope * value + offset)));
}

/** ln mels of a recording and of what could be made of it. */
function variants(samples) {
  const peak = samples.reduce((largest, sample) => Math.max(largest, Math.abs(sample)), 1e-9);
  const loud = samples.map((sample) => (0.95 * sample) / peak);
  const noisy = loud.map((sample) => 0.5 * sample + 0.02 * (Math.random() + Math.random() - 1));
  const silent = new Float32Array(loud.length + 2 * format.sampleRate);
  silent.set(loud, format.sampleRate);
  const mels = [
    samples,
    loud,
    loud.map((sample) => sample / 100),
    noisy,
    silent,
    loud.subarray(4000, 12_000),
  ];
  const values = mels.map((variant) => computeMel(variant, format).values);
  return [...values, smoothed(values[1], format.bands)];
}

const counts = new Map();
const paths = (await findRecordings(folder)).filter((_, i) => i % Number(every) === 0);
for (const path of paths) {
  const { samples } = await readRecording(join(folder, path));
  for (const mel of variants(samples))
    for (const actual of melScaleNames)
      for (const assumed of melScaleNames) {
        let verdict = "accepted";
        try {
          diagnoseMel(encoded(mel, actual), { scale: assumed, mean: 0, deviation: 1 }, format);
        } catch (error) {
          verdict = error.looksLike ?? error.name;
        }
        const key = [actual, assumed, verdict].join();
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
}
console.log(
  `${paths.length} recordings, seven mels of each, in each encoding (rows) taken for each (columns):`,
);
const cell = (actual, assumed) =>
  ["accepted", ...melScaleNames, "standardised"]
    .map((verdict) => [verdict, counts.get([actual, assumed, verdict].join())])
    .filter(([, count]) => count)
    .map(([verdict, count]) => `${count} ${verdict}`)
    .join("; ");
console.log(
  table([
    ["", ...melScaleNames],
    ...melScaleNames.map((actual) => [actual, ...melScaleNames.map((assumed) => cell(actual, assumed))]),
  ]),
);

// How fast a WAV file becomes a mel file, where the time goes, and how much memory it takes.
//   npm run build && node bench/mel.js [MINUTES] [PRESET]      5 minutes and every preset without them
// One core: everything runs on Node's main thread; times are processor seconds, so other programs do not count.
import { Buffer } from "node:buffer";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { computeMel, MagnitudeSpectrum } from "../dist/mel/analysis.js";
import { frameCount } from "../dist/mel/frames.js";
import { writeMelOfFile } from "../dist/cli/mel-of-file.js";
import { findPreset, presetNames } from "../dist/mel/presets.js";
import { readRecording } from "../dist/host/node/recordings.js";

const minutes = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), "vocode-bench-"));

/** Processor seconds of an action. */
async function measure(action) {
  const before = process.cpuUsage();
  await action();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Real speech at the rate of a format, repeated for the minutes asked for, as 16-bit WAV. */
function writeSpeech(sampleRate) {
  const name = sampleRate === 24000 ? "speech_24k" : "speech_22k";
  const clip = readFileSync(new URL(`../test/fixtures/mel/${name}.wav`, import.meta.url));
  const header = Buffer.from(clip.subarray(0, 44));
  const sound = clip.subarray(44);
  const times = Math.max(1, Math.round((minutes * 60 * sampleRate * 2) / sound.length));
  header.writeUInt32LE(36 + times * sound.length, 4);
  header.writeUInt32LE(times * sound.length, 40);
  const path = join(folder, `${name}.wav`);
  writeFileSync(path, Buffer.concat([header, ...Array.from({ length: times }, () => sound)]));
  return path;
}

/** Processor seconds of the spectra alone, on one frame again and again. */
async function spectraAlone(format, frames) {
  const spectrum = new MagnitudeSpectrum(format.fftSize);
  const frame = Float64Array.from({ length: format.fftSize }, (_, n) => Math.sin(n * n));
  const magnitudes = new Float64Array(format.fftSize / 2 + 1);
  return measure(() => {
    for (let i = 0; i < frames; i++) spectrum.transform(frame, 0, magnitudes);
  });
}

console.log(`Node ${process.version}, ${minutes} minutes of speech, one core`);
try {
  for (const name of process.argv[3] === undefined ? presetNames() : [process.argv[3]]) {
    const format = findPreset(name);
    const path = writeSpeech(format.sampleRate);
    // once unmeasured, for the compiler
    computeMel(new Float32Array(10 * format.sampleRate), format);
    const whole = await measure(() => writeMelOfFile(path, join(folder, "out.mel"), format));
    const { samples } = await readRecording(path);
    const reading = await measure(() => readRecording(path));
    const spectra = await spectraAlone(format, frameCount(format, samples.length));
    const rest = Math.max(0, whole - reading - spectra);
    const share = (seconds) => `${((100 * seconds) / whole).toFixed(0)} %`;
    const speed = samples.length / format.sampleRate / whole;
    console.log(
      `${name.padEnd(17)} ${speed.toFixed(0).padStart(4)}× real time: reading ${share(reading)}, ` +
        `spectra (Meyda) ${share(spectra)}, window, bank, logarithm and writing ${share(rest)}`,
    );
  }
  console.log(`largest memory of the process: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`);
} finally {
  rmSync(folder, { recursive: true });
}

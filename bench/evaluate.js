// How long `vocode evaluate` takes for ten minutes of speech: the recording in data/, over and over, against itself in
// noise. Prints time, processor time and memory, once for many clips and once for a single long one.
//   npm run build && node bench/evaluate.js
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRecording, writeWav } from "../dist/host/node/recordings.js";
import { fillNormals } from "../dist/diffusion/noise.js";

const SECONDS = 600;
const program = fileURLToPath(new URL("../bin/vocode.js", import.meta.url));
const { samples, sampleRate } = await readRecording(
  fileURLToPath(new URL("../data/speech.flac", import.meta.url)),
);
const count = Math.ceil((SECONDS * sampleRate) / samples.length);

function repeated(times) {
  const whole = new Float32Array(times * samples.length);
  for (let i = 0; i < times; i++) whole.set(samples, i * samples.length);
  return whole;
}

async function writePair(folder, name, speech, seed) {
  const noise = fillNormals(new Float32Array(speech.length), { seed, step: 0 });
  const noisy = speech.map((value, n) => value + 0.005 * noise[n]);
  for (const [side, signal] of [
    ["recordings", speech],
    ["syntheses", noisy],
  ]) {
    await mkdir(join(folder, side), { recursive: true });
    await writeWav(join(folder, side, `${name}.wav`), [signal], sampleRate, "16-bit");
  }
}

/** Prints a process's time on all cores and largest resident memory, in s and MiB, when it ends. */
const hook = `data:text/javascript,process.on("exit",()=>{
  const{userCPUTime,systemCPUTime,maxRSS}=process.resourceUsage();
  console.error(JSON.stringify({cpu:(userCPUTime+systemCPUTime)/1e6,memory:maxRSS/1024}))})`.replaceAll(
  "\n",
  "",
);

/** Runs the command. */
function timed(folder) {
  const folders = ["recordings", "syntheses"].map((side) => join(folder, side));
  const begun = performance.now();
  const { stderr } = spawnSync(
    process.execPath,
    ["--import", hook, program, "evaluate", ...folders, "--quiet"],
    { encoding: "utf8" },
  );
  return { clock: (performance.now() - begun) / 1000, ...JSON.parse(stderr.trim().split("\n").at(-1)) };
}

for (const [title, clips, times] of [
  [`${count} clips`, count, 1],
  ["one clip", 1, count],
]) {
  const folder = await mkdtemp(join(tmpdir(), "vocode-bench-"));
  try {
    for (let i = 0; i < clips; i++) await writePair(folder, `clip-${i}`, repeated(times), i);
    const { clock, cpu, memory } = timed(folder);
    const audio = (count * samples.length) / sampleRate;
    console.log(
      `${title}, ${audio.toFixed(0)} s of speech: ${clock.toFixed(1)} s, ${(audio / clock).toFixed(0)}× real time; ` +
        `${cpu.toFixed(1)} s of processor time, ${memory.toFixed(0)} MiB`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

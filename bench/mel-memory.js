// Memory and time of `vocode mel` for 10 and for 60 minutes of audio, each in a process of its own: the peak should be
// the same for a .mel, and grow by no more than the mel for a .npy. Writes 770 MB into the temporary folder.
// Run: npm run build && node bench/mel-memory.js
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";

const MINUTES = [10, 60];
const OUTPUTS = [".mel", ".npy"];
const cli = fileURLToPath(new URL("../bin/vocode.js", import.meta.url));
const clip = readFileSync(new URL("../data/speech.flac", import.meta.url));
/** Prints a process's largest resident memory, in KiB, when it ends. */
const hook = `data:text/javascript,process.on("exit",()=>console.error(process.resourceUsage().maxRSS))`;

/** Writes a file of a header and the same bytes again and again. */
function writeRepeated(path, header, bytes, times) {
  const file = openSync(path, "w");
  writeSync(file, header);
  for (let i = 0; i < times; i++) writeSync(file, bytes);
  closeSync(file);
}

/** 16-bit stereo at 44.1 kHz: a second of a wavering tone, again and again. */
function writeWavFile(path, seconds) {
  const rate = 44100;
  const second = Buffer.alloc(4 * rate);
  for (let n = 0; n < rate; n++) {
    const sample = Math.round(12_000 * Math.sin(n * 0.05 + 3 * Math.sin(n * 0.001)));
    second.writeInt16LE(sample, 4 * n);
    second.writeInt16LE(-sample >> 1, 4 * n + 2);
  }
  const header = Buffer.alloc(44);
  header.write("RIFF----WAVEfmt ", "latin1");
  header.writeUInt32LE(36 + seconds * second.length, 4);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(2, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(4 * rate, 28);
  header.writeUInt16LE(4, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(seconds * second.length, 40);
  writeRepeated(path, header, second, seconds);
}

/** Speech in 16-bit mono at 22.05 kHz, the frames of one clip again and again; a header that promises no length. */
function writeFlacFile(path, seconds) {
  const samples = clip.readUInt32BE(22);
  const header = Buffer.from(clip.subarray(0, framesStart(clip)));
  header[21] &= 0xf0;
  header.writeUInt32BE(0, 22);
  writeRepeated(path, header, clip.subarray(header.length), Math.ceil((seconds * 22050) / samples));
}

/** Where the last of a FLAC file's metadata blocks ends. */
function framesStart(flac) {
  for (let at = 4; ;) {
    const last = flac[at] >= 128;
    at += 4 + flac.readUIntBE(at + 1, 3);
    if (last) return at;
  }
}

function measure(input, output) {
  const start = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--import", hook, cli, "mel", input, output, "--quiet"],
    { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] },
  );
  if (status !== 0) throw new Error(stderr);
  const seconds = (performance.now() - start) / 1000;
  return { mebibytes: Number(stderr.trim().split("\n").at(-1)) / 1024, seconds };
}

const folder = mkdtempSync(join(tmpdir(), "vocode-bench-"));
console.log(`Node ${process.version}`);
console.log("input                      minutes   output   peak memory       time");
try {
  for (const [name, extension, write] of [
    ["WAV, 44.1 kHz, stereo", ".wav", writeWavFile],
    ["FLAC, 22.05 kHz, mono", ".flac", writeFlacFile],
  ]) {
    for (const minutes of MINUTES) {
      const input = join(folder, `${minutes}${extension}`);
      write(input, 60 * minutes);
      for (const output of OUTPUTS) {
        const { mebibytes, seconds } = measure(input, join(folder, `out${output}`));
        console.log(
          `${name.padEnd(26)} ${String(minutes).padStart(7)}   ${output.padEnd(6)} ` +
            `${mebibytes.toFixed(0).padStart(7)} MiB  ${seconds.toFixed(1).padStart(8)} s`,
        );
      }
      rmSync(input);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}

// Many short mels of one recording, and a small voice, for tests of many files.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { computeMel } from "../../src/mel/analysis.js";
import { findPreset } from "../../src/mel/presets.js";
import { writeMel } from "../../src/host/node/mel-files.js";
import { readRecording } from "../../src/host/node/recordings.js";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { randomCheckpoint } from "./random-checkpoint.js";

const recording = fileURLToPath(new URL("../../data/speech.flac", import.meta.url));

/** Writes mels of so many frames each, from different places of a recording, and the voice's folder. */
export async function writeShortMels(
  folder: string,
  count: number,
  frames = 40,
): Promise<{ mels: string; voice: string }> {
  const [mels, voice] = [join(folder, "mels"), join(folder, "voice")];
  mkdirSync(mels, { recursive: true });
  await saveCheckpoint(voice, randomCheckpoint(), "random");
  const format = findPreset("hifigan-22k-80");
  const { samples } = await readRecording(recording);
  const length = frames * format.hopLength;
  for (let i = 0; i < count; i++) {
    const start = Math.floor(((samples.length - length) * i) / count);
    const name = `${String(i).padStart(3, "0")}.mel`;
    await writeMel(join(mels, name), computeMel(samples.slice(start, start + length), format));
  }
  return { mels, voice };
}

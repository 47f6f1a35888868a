// Pairs as tools for 16 kHz want them, PESQ among them: two mono 16-bit WAV files of one length and one name.
import { dirname, join } from "node:path";
import { resample } from "../../audio/recording/resample.js";
import { writeWav } from "../../audio/wav/write-wav.js";
import { makeFolder } from "../../files/make-folder.js";
import { type MeasureJob, samplesOf } from "./measure-pair.js";

const EXPORT_RATE = 16_000;

/** The folders in the export's folder that the two sides of all pairs go into. */
export const exportFolders = { reference: "recordings", synthesis: "syntheses" } as const;

/**
 * Writes FOLDER/recordings/NAME.wav and FOLDER/syntheses/NAME.wav.
 *
 * @throws FileError where they cannot be written
 */
export async function exportPair(folder: string, name: string, pair: MeasureJob): Promise<void> {
  const sides = ["reference", "synthesis"] as const;
  const signals = await Promise.all(
    sides.map(async (side) => {
      const { samples, sampleRate } = await samplesOf(pair[side]);
      return resample(samples, sampleRate, EXPORT_RATE);
    }),
  );
  const length = Math.min(...signals.map((signal) => signal.length));
  for (const [index, side] of sides.entries()) {
    const path = join(folder, exportFolders[side], `${name}.wav`);
    await makeFolder(dirname(path));
    await writeWav(path, [signals[index].subarray(0, length)], EXPORT_RATE, "16-bit");
  }
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { MEL_FORMAT_KEY, MEL_TENSOR } from "../../src/mel/format-fields.js";
import { MelFormatMismatchError } from "../../src/mel/conversion.js";
import { EmptyMelError, NonFiniteMelError } from "../../src/mel/diagnosis.js";
import { openMel, readMel, writeMel, writeMelFrames } from "../../src/host/node/mel-files.js";
import type { OpenMel } from "../../src/mel/open-mel.js";
import type { Mel, MelFormat } from "../../src/mel/format.js";
import { findPreset } from "../../src/mel/presets.js";
import { fillNormals } from "../../src/diffusion/noise.js";
import { encodeNpyHeader } from "../../src/formats/npy.js";
import { halfTensor } from "../../src/formats/safetensors.js";
import { writeSafetensors } from "../../src/host/node/write-files.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const path = join(folder, "test.mel");
const expected = findPreset("hifigan-22k-80");
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** About −5, and one value of each frame below the floor's logarithm. */
function randomMel(frames: number, format: MelFormat = expected): Mel {
  const values = fillNormals(new Float32Array(frames * format.bands), { seed: 1, step: 0 });
  return { format, frames, values: values.map((value, i) => (i % format.bands === 3 ? -30 : value - 5)) };
}

/** All rows, asked for in pieces. */
async function rowsOf({ mel }: OpenMel, piece: number): Promise<number[]> {
  if ("values" in mel) throw new Error("The mel was read as a whole.");
  const rows: number[] = [];
  for (let from = 0; from < mel.frames; from += piece) {
    rows.push(...(await mel.rows(from, Math.min(mel.frames, from + piece))));
  }
  return rows;
}

describe("openMel", () => {
  // more frames than are checked at once
  it.each<[string, MelFormat]>([
    ["in the expected format", expected],
    ["in decibels with a floor of its own", { ...expected, log: "db", floor: 1e-7 }],
    ["with frames centred half a hop earlier", { ...expected, padding: "center" }],
  ])("reads what readMel reads, piece by piece: a mel %s", async (_, format) => {
    await writeMel(path, randomMel(1500, format));
    const whole = await readMel(path, { expected });
    const open = await openMel(path, { expected });
    expect(open.mel).toMatchObject({ frames: 1500, format: expected });
    expect(await rowsOf(open, 700)).toEqual([...whole.mel.values]);
    expect(open.leadingSamples).toBe(whole.leadingSamples);
    expect(open.notes).toEqual([...whole.conversions, ...whole.remarks]);
    await open.close();
  });

  it("reads float16 values", async () => {
    const { format, values } = randomMel(20);
    await writeSafetensors(path, [halfTensor(MEL_TENSOR, [20, format.bands], values)], {
      [MEL_FORMAT_KEY]: JSON.stringify(format),
    });
    const open = await openMel(path, { expected });
    expect(await rowsOf(open, 3)).toEqual([...(await readMel(path, { expected })).mel.values]);
    await open.close();
  });

  it("reads the files of other tools as a whole", async () => {
    const other = join(folder, "other.npy");
    const { values, format } = randomMel(40);
    const clipped = values.map((value) => Math.max(value, Math.log(format.floor)));
    writeFileSync(
      other,
      [encodeNpyHeader([40, format.bands]), new Uint8Array(clipped.buffer)].reduce(joined),
    );
    const open = await openMel(other, { expected, trust: true });
    expect(open.mel).toEqual((await readMel(other, { expected, trust: true })).mel);
  });

  it("refuses what readMel refuses", async () => {
    const broken = randomMel(1200);
    broken.values[1100 * 80 + 5] = NaN;
    await writeMel(path, broken);
    await expect(openMel(path, { expected })).rejects.toThrow(NonFiniteMelError);
    await expect(openMel(path, { expected })).rejects.toThrow(/first is NaN in frame 1100, band 5/);
    await writeMelFrames(path, expected, []);
    await expect(openMel(path, { expected })).rejects.toThrow(EmptyMelError);
    await writeMel(path, randomMel(9, findPreset("bigvgan-24k-100")));
    await expect(openMel(path, { expected })).rejects.toThrow(MelFormatMismatchError);
    writeFileSync(path, readFileSync(path).subarray(0, 2000));
    await expect(openMel(path, { expected })).rejects.toThrow(/The file was cut off/);
    await expect(openMel(join(folder, "none.mel"), { expected })).rejects.toThrow(/does not exist/);
  });
});

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  return Buffer.concat([first, second]);
}

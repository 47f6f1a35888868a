// What the public readers throw at a mel of another kind is what the public class catches.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeNpy, parseNpy } from "../../src/formats/npy.js";
import { findPreset, MelMismatchError, readMel, writeMel } from "../../src/index.js";
import { melFixtures } from "../support/mel-reference.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const expected = findPreset("hifigan-22k-80");

async function errorOf(reading: Promise<unknown>): Promise<unknown> {
  return reading.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("MelMismatchError of the public API", () => {
  it("is thrown by readMel for a file that states another format", async () => {
    const path = join(folder, "stated.mel");
    const format = findPreset("vocos-24k-100");
    await writeMel(path, { frames: 2, format, values: new Float32Array(2 * format.bands).fill(-1) });
    const error = await errorOf(readMel(path, { expected }));
    expect(error).toBeInstanceOf(MelMismatchError);
    expect(error).toMatchObject({ given: format, expected });
  });

  it("is thrown by readMel for values that look like another scale", async () => {
    const path = join(folder, "decibels.npy");
    const { shape, data } = parseNpy(readFileSync(`${melFixtures}speech_22k.hifigan-22k-80.npy`));
    writeFileSync(
      path,
      encodeNpy(
        shape,
        data.map((value) => value * 8.6859),
      ),
    );
    const error = await errorOf(readMel(path, { expected }));
    expect(error).toBeInstanceOf(MelMismatchError);
    expect(error).toMatchObject({ name: "MelValuesMismatchError", looksLike: "db", expected });
  });
});

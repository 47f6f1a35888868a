import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  loadCheckpoint,
  readCheckpointConfig,
  saveCheckpoint,
  storeTunings,
} from "../../src/host/node/checkpoints.js";
import { parseCheckpointConfig } from "../../src/checkpoint/config.js";
import { CheckpointError } from "../../src/errors.js";
import { type Tuning, tuningName } from "../../src/checkpoint/tunings.js";
import { tinyCheckpoint } from "../support/tiny-checkpoint.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const configPath = join(folder, "config.json");
const { config } = tinyCheckpoint();
const tuning: Tuning = { start: "noise", sampler: "dpmpp-2m", refine: 5, exponent: 1.2, momentum: 0.7 };
const logSnrs = [-5.5, -1, 2, 5];

beforeAll(async () => {
  await saveCheckpoint(folder, tinyCheckpoint(), "a card");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("storeTunings", () => {
  it("stores levels and what goes with them, and replaces those of the same name only", async () => {
    const objective = { before: 1.5, tuned: 1.25 };
    const name = tuningName(4);
    await storeTunings(folder, [{ name, logSnrs: [-6, 1, 2, 3], tuning: { ...tuning, refine: 9 } }]);
    await storeTunings(folder, [
      { name, logSnrs, tuning: { ...tuning, objective } },
      { name: tuningName(2, "noise"), logSnrs: [-5, 4], tuning },
    ]);
    const stored = (await loadCheckpoint(folder)).config;
    expect(stored).toEqual({
      ...config,
      schedules: { ...config.schedules, "tuned-4": logSnrs, "tuned-noise-2": [-5, 4] },
      tunings: { "tuned-4": { ...tuning, objective }, "tuned-noise-2": tuning },
    });
  });

  it("keeps fields of the file that it does not know", async () => {
    const fields = JSON.parse(readFileSync(configPath, "utf8")) as Record<string, unknown>;
    writeFileSync(configPath, JSON.stringify({ ...fields, later: { voice: 3 } }));
    await storeTunings(folder, [{ name: "tuned-4", logSnrs, tuning }]);
    expect(JSON.parse(readFileSync(configPath, "utf8"))).toMatchObject({ later: { voice: 3 } });
  });

  it("refuses what could not be read again, and leaves the file as it was", async () => {
    const before = readFileSync(configPath, "utf8");
    const falling = { name: "tuned-3", logSnrs: [1, 0, 2], tuning };
    await expect(storeTunings(folder, [falling])).rejects.toThrow(CheckpointError);
    expect(readFileSync(configPath, "utf8")).toBe(before);
    expect((await readCheckpointConfig(folder)).schedules).not.toHaveProperty("tuned-3");
  });
});

describe("a config's tunings", () => {
  const withTuning = (entry: unknown, levels: unknown = logSnrs): string =>
    JSON.stringify({ ...config, schedules: { "tuned-4": levels }, tunings: { "tuned-4": entry } });
  const refusal = (text: string): string => {
    try {
      parseCheckpointConfig(text, "there/config.json");
    } catch (error) {
      expect(error).toBeInstanceOf(CheckpointError);
      return (error as Error).message;
    }
    throw new Error("it was read");
  };

  it.each([
    [{ ...tuning, start: "silence" }, /"silence" for 'tunings.tuned-4.start'.* noise or harmonic/],
    [{ ...tuning, sampler: "magic" }, /"magic" for 'tunings.tuned-4.sampler'.*dpmpp-2m/],
    [{ ...tuning, refine: 2.5 }, /2.5 for 'tunings.tuned-4.refine'.*whole/],
    [{ ...tuning, refine: -1 }, /-1 for 'tunings.tuned-4.refine'.*0 to 1000/],
    [{ ...tuning, exponent: 1.7 }, /1.7 for 'tunings.tuned-4.exponent'.*0 to 1.6/],
    [{ ...tuning, momentum: "0.7" }, /"0.7" for 'tunings.tuned-4.momentum'/],
    [{ ...tuning, momentum: undefined }, /undefined for 'tunings.tuned-4.momentum'/],
    [[], /'tunings.tuned-4'/],
    [null, /'tunings.tuned-4'/],
  ])("refuse %j", (entry, message) => {
    expect(refusal(withTuning(entry))).toMatch(message);
  });

  it("need levels of the same name that are a schedule", () => {
    expect(refusal(withTuning(tuning, [3, 1]))).toMatch(/unusable levels in 'schedules.tuned-4'.*Entry 2/);
    const text = JSON.stringify({ ...config, tunings: { "tuned-9": tuning } });
    expect(refusal(text)).toMatch(/'tunings.tuned-9' without its levels/);
  });
});

describe("a config's default steps", () => {
  const read = (defaultSteps: unknown): unknown =>
    parseCheckpointConfig(JSON.stringify({ ...config, defaultSteps }), "there/config.json").defaultSteps;

  it("are a whole number, or none", () => {
    expect(read(2)).toBe(2);
    expect(read(undefined)).toBeUndefined();
    for (const wrong of [0, 1.5, 1001, "2", null])
      expect(() => read(wrong)).toThrow(/'defaultSteps'.*a whole number from 1 to 1000/);
  });
});

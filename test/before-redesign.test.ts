// What vocode wrote before the redesign opens as it is: test/fixtures/before-redesign/make.mjs made the files with the
// commit before. They go through the built library and command line, as their owners would use them.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type MelFormat,
  parseScheduleJson,
  readMel,
  readRecording,
  scheduleByName,
  type SynthesisOptions,
  Vocoder,
} from "../dist/index.js";
import { runCli } from "./support/run-cli.js";

interface Expected {
  readonly mels: Readonly<
    Record<string, { format: MelFormat; frames: number; first: number[]; sum: number }>
  >;
  readonly schedule: { readonly name: string; readonly source: string; readonly logSnrs: readonly number[] };
  readonly named: readonly number[];
  readonly syntheses: readonly {
    readonly checkpoint: string;
    readonly precision: "float32" | "int8";
    readonly options: SynthesisOptions;
    readonly file: string;
    readonly settings: Readonly<Record<string, unknown>>;
  }[];
  readonly info: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const fixtures = fileURLToPath(new URL("fixtures/before-redesign/", import.meta.url));
const fixture = (...names: string[]): string => join(fixtures, ...names);
const expected = JSON.parse(readFileSync(fixture("expected.json"), "utf8")) as Expected;

let parent: string;
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), "vocode-before-"));
});
afterAll(() => {
  rmSync(parent, { recursive: true });
});

/** The largest difference between values, in parts of the largest of those expected. */
function relativeDifference(actual: Float32Array, wanted: Float32Array): number {
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i])), 0) / largest;
}

describe("a mel written before the redesign", () => {
  it.each(Object.entries(expected.mels))("%s has its format and its values", async (name, wanted) => {
    const { mel, source } = await readMel(fixture("mels", name), { expected: wanted.format });
    expect([mel.frames, mel.format]).toEqual([wanted.frames, wanted.format]);
    expect(source.format).toEqual(name.endsWith(".npy") ? undefined : wanted.format);
    expect([...mel.values.slice(0, wanted.first.length)]).toEqual(wanted.first);
    expect(mel.values.reduce((sum, value) => sum + value, 0)).toBe(wanted.sum);
  });
});

describe("a schedule of one's own", () => {
  it("has the levels that it had before the redesign", () => {
    const schedule = parseScheduleJson(readFileSync(fixture("schedule.json"), "utf8"), "schedule.json");
    expect({ name: schedule.name, source: schedule.source }).toEqual({
      name: expected.schedule.name,
      source: expected.schedule.source,
    });
    for (const [made, wanted] of [
      [schedule.logSnrs, expected.schedule.logSnrs],
      [scheduleByName("wg-6").logSnrs, expected.named],
    ]) {
      expect(made).toHaveLength(wanted.length);
      for (const [i, logSnr] of wanted.entries()) expect(made[i]).toBeCloseTo(logSnr, 10);
    }
  });
});

describe("a checkpoint written before the redesign", () => {
  it.each(Object.entries(expected.info))("says of itself what it said: %s", async (name, wanted) => {
    const { code, stdout, stderr } = await runCli(["info", name, "--json"], { cwd: fixtures });
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([wanted]);
  });

  it.each(expected.syntheses)(
    "makes the same speech: $checkpoint, $precision, $options",
    async ({ checkpoint, precision, options, file, settings }) => {
      const vocoder = await Vocoder.load(fixture(checkpoint), {
        ...{ engine: "graph", threads: 1, cacheFolder: null },
        // calibrated for 8 bits, it takes them by itself
        ...(precision === "float32" && { precision }),
      });
      try {
        expect(vocoder.precision).toBe(precision);
        const { mel } = await readMel(fixture("mels", "piece.mel"), { expected: vocoder.format });
        const { samples, report } = await vocoder.synthesize(mel, options);
        expect(report).toMatchObject(settings);
        const before = await readRecording(fixture("speech", file));
        expect(samples).toHaveLength(before.samples.length);
        expect(relativeDifference(samples, before.samples)).toBeLessThan(1e-4);
      } finally {
        await vocoder.dispose();
      }
    },
  );

  it("speaks through the command line with what was tuned for it", async () => {
    const { checkpoint, file } = expected.syntheses[1];
    const out = join(parent, "speech.wav");
    const { code, stderr } = await runCli([
      fixture("mels", "piece.mel"),
      out,
      "--checkpoint",
      fixture(checkpoint),
      "--seed",
      "3",
    ]);
    expect(code, stderr).toBe(0);
    const [made, before] = [await readRecording(out), await readRecording(fixture("speech", file))];
    // and then rounded to 16 bits
    expect(relativeDifference(made.samples, before.samples)).toBeLessThan(1e-4 + 2 ** -15);
  });
});

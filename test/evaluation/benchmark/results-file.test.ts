import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { thisMachine } from "../../../src/evaluation/benchmark/machine.js";
import type { BenchmarkHead, BenchmarkLine } from "../../../src/evaluation/benchmark/lines.js";
import { OtherBenchmarkError, ResultsFile } from "../../../src/evaluation/benchmark/results-file.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const head: BenchmarkHead = {
  kind: "benchmark",
  checkpoint: { name: "voice", sha256: "0123" },
  clips: { names: ["a.wav"], seconds: 2, sha256: "4567" },
  timedSeconds: 10,
  threads: null,
  seed: 1,
  machine: thisMachine("1.2.3"),
};
const line: BenchmarkLine = {
  kind: "memory",
  setting: {
    engine: "auto",
    precision: "float32",
    start: "noise",
    sampler: "ddim",
    schedule: "default",
    steps: 6,
    refine: 0,
  },
  peakMegabytes: 123,
};

const quality: BenchmarkLine = {
  kind: "quality",
  setting: line.setting,
  schedule: "wg-6",
  steps: 6,
  refine: 0,
  engine: "graph",
  device: "cpu",
  metrics: { mel: 0.5, f0: NaN },
};

describe("ResultsFile", () => {
  it("grows by a line for each measurement, and is read again as it was written", async () => {
    const path = join(folder, "grows.jsonl");
    const file = await ResultsFile.open(path, head);
    await file.add(line);
    await file.add({ ...line, peakMegabytes: 124 });
    const again = await ResultsFile.open(path, head);
    expect(again.lines).toEqual([line, { ...line, peakMegabytes: 124 }]);
  });

  it("drops a line that was cut off, and goes on after the last whole one", async () => {
    const path = join(folder, "cut.jsonl");
    await (await ResultsFile.open(path, head)).add(line);
    appendFileSync(path, '{"kind":"memory","set');
    const again = await ResultsFile.open(path, head);
    expect(again.lines).toEqual([line]);
    await again.add(line);
    expect((await ResultsFile.open(path, head)).lines).toEqual([line, line]);
  });

  it.each([
    [{ ...head, timedSeconds: 5 }, /its timedSeconds is 10, and here it is 5/],
    [{ ...head, checkpoint: { name: "voice", sha256: "89ab" } }, /its checkpoint is .*0123.*89ab/],
    [{ ...head, machine: { ...head.machine, cpu: "another" } }, /its machine is/],
  ])("refuses to mix in results of something else, head %#", async (wanted, message) => {
    const path = join(folder, "other.jsonl");
    await ResultsFile.open(path, head);
    const before = readFileSync(path, "utf8");
    await expect(ResultsFile.open(path, wanted)).rejects.toThrow(message);
    await expect(ResultsFile.open(path, wanted)).rejects.toThrow(OtherBenchmarkError);
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  it.each([
    ["{", /line 3 is no measurement: it is not JSON/],
    ['{"kind":"song"}', /line 3 .*"song" for 'kind', which should be one of quality, speed, memory/],
    [JSON.stringify({ ...line, peakMegabytes: "much" }), /line 3 .*"much" for 'peakMegabytes'/],
    [
      JSON.stringify({ ...line, setting: { ...line.setting, sampler: "magic" } }),
      /line 3 .*"magic" for 'setting.sampler', which should be one of ddpm, ddim/,
    ],
    [JSON.stringify({ ...quality, metrics: { tone: 1 } }), /unknown metric 'metrics.tone'/],
  ])(
    "names the line, the field and its value where a measurement is damaged: %s",
    async (damaged, message) => {
      const path = join(folder, "damaged.jsonl");
      writeFileSync(path, [JSON.stringify(head), JSON.stringify(line), damaged, ""].join("\n"));
      await expect(ResultsFile.open(path, head)).rejects.toThrow(message);
      await expect(ResultsFile.open(path, head)).rejects.toThrow(OtherBenchmarkError);
    },
  );

  it("reads a metric that was no number, which JSON writes as null, as NaN again", async () => {
    const path = join(folder, "silent.jsonl");
    await (await ResultsFile.open(path, head)).add(quality);
    expect(readFileSync(path, "utf8")).toContain('"f0":null');
    expect((await ResultsFile.open(path, head)).lines).toEqual([quality]);
  });

  it.each(["not JSON\n", '{"kind":"else"}\n', `${JSON.stringify(head)}\n{"kind":"song"}\n`])(
    "refuses a file of another kind, and leaves it alone: %j",
    async (content) => {
      const path = join(folder, "foreign.jsonl");
      writeFileSync(path, content);
      await expect(ResultsFile.open(path, head)).rejects.toThrow(OtherBenchmarkError);
      expect(readFileSync(path, "utf8")).toBe(content);
    },
  );
});

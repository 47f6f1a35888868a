// `vocode compare` as a person runs it.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { goldenMetrics, pairPaths } from "../support/evaluation-fixtures.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-compare-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const { reference, synthesis } = pairPaths("vocoded.flac");

describe("vocode compare", () => {
  it("lists every metric with how to read it, and draws", async () => {
    const picture = join(folder, "difference.png");
    const { code, stdout, stderr } = await runCli(["compare", reference, synthesis, "--picture", picture]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^mel +0\.122 +ln +log-mel error +lower is better$/m);
    expect(stdout).toMatch(/^hnr1 +−4\.83 +dB +harmonicity 60–1000 Hz +0 is best$/m);
    expect(stderr).toBe(`Wrote ${picture}\n`);
    expect(readFileSync(picture).subarray(1, 4).toString("latin1")).toBe("PNG");
  });

  it("prints JSON, and resamples clips of two rates with a note", async () => {
    const run = await runCli(["compare", pairPaths("noisy-24k.flac").reference, reference, "--json"]);
    expect(run.code).toBe(0);
    expect(run.stderr).toContain("The clips have 24000 and 22050 Hz: both were resampled to 22050 Hz.");
    const { metrics } = JSON.parse(run.stdout) as { metrics: Record<string, number> };
    // the same speech, one resampled
    expect(metrics["mel"]).toBeLessThan(0.05);
    expect(Object.keys(metrics)).toEqual(expect.arrayContaining(Object.keys(goldenMetrics("vocoded.flac"))));
  });

  it("refuses a missing file and a picture that cannot be drawn, and writes nothing", async () => {
    expect((await runCli(["compare", reference, join(folder, "no.wav")])).code).toBe(2);
    const { code, stderr } = await runCli(["compare", reference, synthesis, "--picture", "p.jpg"], {
      cwd: folder,
    });
    expect(code).toBe(2);
    expect(stderr).toContain("'p.jpg' ends in neither");
  });
});

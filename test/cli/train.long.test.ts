import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { MaskNetConfig } from "../../src/models/mask-net/shape.js";
import { findPreset } from "../../src/mel/presets.js";
import { loadCheckpoint, storeTunings } from "../../src/host/node/checkpoints.js";
import { RunFolder } from "../../src/training/run-folder.js";
import { tinySettings, tinyTraining } from "../support/tiny-training.js";

const program = fileURLToPath(new URL("../../bin/vocode.js", import.meta.url));

const { parent, train } = tinyTraining();

describe("vocode train", () => {
  it("makes a checkpoint, and says how many steps it has and how well it does", async () => {
    const { code, stdout, stderr } = await train(
      ...["wavs", "--out", "voices/tones", "--steps", "12", "--measure-every", "6", ...tinySettings],
    );
    expect(code, stderr).toBe(0);
    // the smaller of the two errors measured, and the weights that it was measured of
    expect(stdout).toMatch(/^Trained 12 steps; the weights are those of step 6, ε error \d\.\d{4}\.\n$/);
    expect(stderr).toContain("1 recordings kept back to measure on");
    expect(stderr).toContain("12 steps on graph");
    expect(stderr).toMatch(/The network's 12 steps take about \d+ s here, .*\n[^]*prior 20\/20/);
    expect(stderr).toMatch(/prior 20\/20 · 0 s left · \d+\.\d audio-s\/s · loss -?\d+\.\d{4}/);
    expect(stderr).toMatch(/step 6 · ε error on the held-out recordings .*\(by log-SNR -6: .* 8: \d/);
    const { config, weights } = await loadCheckpoint(join(parent, "voices", "tones"));
    expect(config.denoiser.shape).toMatchObject({ windowLengths: [1024], channels: 8, corrections: 1 });
    expect(config.training).toMatchObject({ recordings: 5, steps: 6, settings: { cropFrames: 8 } });
    // trained, and not what it began with
    expect(weights["denoiser.output.bias"].data.some((value) => value !== 0)).toBe(true);
    expect(readFileSync(join(parent, "voices", "tones", "README.md"), "utf8")).toContain("# tones");
    // beside the checkpoint, the run is kept under its name
    const run = new RunFolder(join(parent, "runs", "tones"));
    expect((await run.newestState())!.step).toBe(12);
    expect((await run.readMetrics()).map(({ step }) => step)).toEqual([6, 12]);
  });

  it("writes no path of this machine into its files", () => {
    for (const folder of ["voices/tones", "runs/tones"]) {
      for (const name of readdirSync(join(parent, folder))) {
        if (!/\.(json|md|jsonl)$/.test(name)) continue;
        expect(readFileSync(join(parent, folder, name), "utf8"), name).not.toContain(parent);
      }
    }
  });

  it("writes a run's checkpoint again where it was lost", async () => {
    rmSync(join(parent, "voices"), { recursive: true });
    const { code, stdout } = await train("--resume", "runs/tones", "--quiet", "--no-samples");
    expect([code, stdout]).toEqual([0, expect.stringContaining("Trained 12 steps; the weights are those")]);
    expect((await loadCheckpoint(join(parent, "voices", "tones"))).config.training).toMatchObject({
      steps: 6,
    });
  });

  it("keeps what was tuned since when a finished run is resumed, and goes on with more steps", async () => {
    const voice = join(parent, "voices", "tones");
    const tuning = { start: "noise", sampler: "dpmpp-2m", refine: 4, exponent: 1, momentum: 0.5 } as const;
    await storeTunings(voice, [{ name: "tuned-6", logSnrs: [-5, -3, -1, 1, 3, 6], tuning }]);
    const before = readFileSync(join(voice, "config.json"), "utf8");
    const again = await train("--resume", "runs/tones", "--no-samples", "--no-calibration");
    expect(again.code, again.stderr).toBe(0);
    expect(readFileSync(join(voice, "config.json"), "utf8")).toBe(before);
    expect(before).toContain("tuned-6");
    expect(again.stderr).not.toContain("was tuned");
    const fewer = await train("--resume", "runs/tones", "--steps", "12");
    expect(fewer.code).toBe(2);
    expect(fewer.stderr).toContain("to 12 steps: the run has done 12, and they count. Give more.");
    const more = await train(
      "--resume",
      "runs/tones",
      "--steps",
      "20",
      ...["--no-samples", "--no-calibration"],
    );
    expect(more.stdout, more.stderr).toMatch(/^Trained 20 steps/);
    expect(more.stderr).toMatch(
      /was tuned \(tuned-6\).*replaces them, and what was tuned is not kept: run 'vocode tune'/,
    );
    const run = new RunFolder(join(parent, "runs", "tones"));
    expect((await run.newestState())!.step).toBe(20);
    expect((await run.describe())!.config.steps).toBe(20);
  });

  it("says how to go on where the recordings have moved, and remembers their new place", async () => {
    renameSync(join(parent, "wavs"), join(parent, "moved"));
    const lost = await train("--resume", "runs/tones", "--no-samples", "--no-calibration");
    const found = await train("moved", "--resume", "runs/tones", "--no-samples", "--no-calibration");
    const without = await train("--resume", "runs/tones", "--no-samples", "--no-calibration");
    renameSync(join(parent, "moved"), join(parent, "wavs"));
    expect(lost.code).toBe(2);
    expect(lost.stderr).toContain("vocode train FOLDER --resume runs/tones");
    expect([found.code, without.code], found.stderr + without.stderr).toEqual([0, 0]);
    await train("wavs", "--resume", "runs/tones", "--no-samples", "--no-calibration");
  });

  it("replaces neither a README.md of somebody else's nor a model", async () => {
    const notes = join(parent, "notes");
    mkdirSync(notes);
    writeFileSync(join(notes, "README.md"), "# My notes\n");
    const { code, stderr } = await train("wavs", "--out", "notes", "--steps", "2", ...tinySettings);
    expect(code, stderr).toBe(0);
    expect(readFileSync(join(notes, "README.md"), "utf8")).toBe("# My notes\n");
    for (const name of ["config.json", "model.safetensors"]) {
      const other = join(parent, `other-${name}`);
      mkdirSync(other);
      writeFileSync(join(other, name), "{}");
      const refused = await train("wavs", "--out", `other-${name}`, "--steps", "2", ...tinySettings);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain(`already holds a model ('${name}')`);
      expect(readFileSync(join(other, name), "utf8")).toBe("{}");
    }
    const file = await train("wavs", "--out", "notes/README.md", "--steps", "2", ...tinySettings);
    expect(file.stderr).toContain("which is a file: a checkpoint is a folder");
  });

  it("refuses to begin in a folder that holds a run", async () => {
    const { code, stderr } = await train("wavs", "--out", "voices/tones", ...tinySettings);
    expect(code).toBe(2);
    expect(stderr).toContain("already holds a training run. Continue it with --resume");
  });

  it("prints JSON, and with --quiet nothing else", async () => {
    const { code, stdout, stderr } = await train(
      ...["wavs", "--out", "voices/json", "--steps", "2", "--json", "--quiet", ...tinySettings],
    );
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ steps: 2, finished: true });
    expect((JSON.parse(stdout) as { devError: { byLevel: number[] } }).devError.byLevel).toHaveLength(8);
  });

  it("counts hours of audio as steps, and takes settings from a file below those of the line", async () => {
    writeFileSync(join(parent, "settings.json"), JSON.stringify({ priorSteps: 1, batch: 1, seed: 9 }));
    // a step of 2 crops of 8 frames of 256 samples is 0.186 s: 0.0002 hours are 3.9 steps
    const { code, stderr } = await train(
      ...["wavs", "--out", "voices/hours", "--hours", "0.0002", "--config", "settings.json", ...tinySettings],
    );
    expect(code, stderr).toBe(0);
    const { config } = (await new RunFolder(join(parent, "runs", "hours")).describe())!;
    expect(config).toMatchObject({ steps: 4, priorSteps: 20, batch: 2, seed: 9 });
  });
});

describe("vocode train --from", () => {
  const from = ["wavs", "--from", "voices/tones", "--set", "batch=2", "--set", "cropFrames=8"];
  const quick = [
    "--excitation-steps",
    "0",
    "--set",
    "speeds=1",
    "--threads",
    "1",
    "--no-samples",
    "--steps",
    "4",
    "--measure-every",
    "2",
  ];

  it("begins with a checkpoint's weights, prior and mel format, and says so", async () => {
    const { code, stderr } = await train(...from, ...quick, "--out", "voices/tuned");
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("4 steps on graph, beginning with 'tones' and its prior");
    expect(stderr).not.toContain("prior 20/20");
    // its network begins at once
    expect(stderr).not.toContain("steps take about");
    // measured before the first step, so that one sees what it gave
    expect(stderr).toMatch(/step 0 · ε error on the held-out recordings/);
    const [before, after] = await Promise.all(
      ["tones", "tuned"].map((name) => loadCheckpoint(join(parent, "voices", name))),
    );
    expect(after.config.denoiser).toEqual(before.config.denoiser);
    expect(after.config.training).toMatchObject({ from: "tones", settings: { rateShape: "cosine" } });
    expect(after.weights["prior.bias"]).toEqual(before.weights["prior.bias"]);
    const card = readFileSync(join(parent, "voices", "tuned", "README.md"), "utf8");
    expect(card).toContain("Begun with the weights of tones");
    // the error of step 0 is the checkpoint's own
    const [first] = await new RunFolder(join(parent, "runs", "tuned")).readMetrics();
    const measured = (before.config.training["devError"] as { mean: number }).mean;
    expect(first["devError"]).toBeCloseTo(measured, 6);
  });

  it("gives a checkpoint's network more mel corrections, which change nothing at first", async () => {
    const more = ["--set", "corrections=3", "--out", "voices/more"];
    const { code, stderr } = await train(...from, ...quick, ...more);
    expect(code, stderr).toBe(0);
    const [before, after] = await Promise.all(
      ["tones", "more"].map((name) => loadCheckpoint(join(parent, "voices", name))),
    );
    expect(after.config.denoiser.shape).toMatchObject({
      ...(before.config.denoiser.shape as MaskNetConfig),
      corrections: 3,
    });
    const [first] = await new RunFolder(join(parent, "runs", "more")).readMetrics();
    const measured = (before.config.training["devError"] as { mean: number }).mean;
    expect(first["devError"]).toBeCloseTo(measured, 6);
  });

  it("carries a checkpoint's network over to another mel format, with a prior of its own", async () => {
    const other = ["--format", "vocos-24k-100", "--set", "priorSteps=20", "--out", "voices/other"];
    const { code, stderr } = await train(...from, ...quick, ...other);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("4 steps on graph, beginning with 'tones', ");
    const [before, after] = await Promise.all(
      ["tones", "other"].map((name) => loadCheckpoint(join(parent, "voices", name))),
    );
    expect(after.config.mel).toEqual(findPreset("vocos-24k-100"));
    expect(after.config.denoiser).toEqual(before.config.denoiser);
    expect(after.weights["prior.bias"]).not.toEqual(before.weights["prior.bias"]);
    // what no band or bin has a part in was carried over as it was, and four steps changed it a little
    const name = "denoiser.blocks.0.up.weight";
    const [old, now] = [before, after].map(({ weights }) => weights[name].data);
    const change = old.reduce((sum, value, i) => sum + Math.abs(now[i] - value), 0) / old.length;
    const size = old.reduce((sum, value) => sum + Math.abs(value), 0) / old.length;
    expect(change / size).toBeLessThan(0.5);
  });

  it("needs the checkpoint no more once it began", async () => {
    const run = new RunFolder(join(parent, "runs", "tuned"));
    const whole = readFileSync(join(parent, "voices", "tuned", "model.safetensors"));
    // as if it had been killed before the first save
    for (const name of readdirSync(run.path)) if (name.startsWith("state-")) rmSync(join(run.path, name));
    rmSync(join(parent, "voices"), { recursive: true });
    const { code, stderr } = await train(
      ...["--resume", "runs/tuned", "--threads", "1", "--no-samples", "--measure-every", "2"],
    );
    expect(code, stderr).toBe(0);
    expect(readFileSync(join(parent, "voices", "tuned", "model.safetensors")).equals(whole)).toBe(true);
  });

  it.each([
    [["--set", "channels=16"], "'channels' is 8 in the checkpoint 'tuned'"],
    [["--set", "corrections=0"], "'corrections' is 1 in the checkpoint 'tuned'"],
    [["--format", "wavegrad-24k-128"], "Its weights know transforms of 1024 samples every 256"],
    [["--format", "hifigan-22k-80", "--set", "denoiser=other"], "'denoiser' is mask-net or wavegrad"],
  ])("refuses %j, which the checkpoint settles", async (args, message) => {
    const { code, stderr } = await train("wavs", "--from", "voices/tuned", "--out", "voices/no", ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(join(parent, "runs", "no"))).toBe(false);
  });
});

describe("vocode train with Ctrl-C", () => {
  it(
    "saves, ends with 130, and goes on with --resume to the weights of an undisturbed run",
    { timeout: 240_000 },
    async () => {
      const args = ["wavs", "--steps", "150", "--measure-every", "30", ...tinySettings];
      const child = spawn(process.execPath, [program, "train", ...args, "--out", "voices/broken"], {
        cwd: parent,
      });
      let stderr = "";
      let stdout = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        const begun = stderr.includes("step 30 ·");
        stderr += text;
        if (!begun && stderr.includes("step 30 ·")) child.kill("SIGINT");
      });
      const code = await new Promise((resolve) => child.on("close", resolve));
      expect(code, stderr).toBe(130);
      expect(stderr).toContain("Saving after this step; press Ctrl-C again to end at once.");
      const run = new RunFolder(join(parent, "runs", "broken"));
      const saved = (await run.newestState())!.step;
      expect(saved).toBeGreaterThanOrEqual(30);
      expect(saved).toBeLessThan(150);
      expect(stdout).toBe(`Saved at step ${saved}. Continue with: vocode train --resume runs/broken\n`);
      const { config } = await loadCheckpoint(join(parent, "voices", "broken"));
      expect(config.training).toMatchObject({ steps: saved });
      const rest = ["--threads", "1", "--no-samples", "--no-calibration"];
      expect((await train("--resume", "runs/broken", ...rest)).code).toBe(0);
      expect((await train(...args, "--out", "voices/whole")).code).toBe(0);
      const weightsOf = (name: string): Buffer =>
        readFileSync(join(parent, "voices", name, "model.safetensors"));
      expect(weightsOf("broken").equals(weightsOf("whole"))).toBe(true);
    },
  );
});

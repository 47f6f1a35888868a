import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunFolder } from "../../src/training/run-folder.js";
import { type CliRun, runCli } from "../support/run-cli.js";
import { tinySettings, writeTinyCorpus } from "../support/tiny-training.js";

let parent: string;
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), "vocode-report-"));
  writeTinyCorpus(parent);
});
afterAll(() => {
  rmSync(parent, { recursive: true });
});

const vocode = (...args: string[]): Promise<CliRun> => runCli(args, { cwd: parent });

describe("a training run", () => {
  it("speaks a held-out clip each time nearly twice as many steps are done, and at the end", async () => {
    const settings = tinySettings.filter((option) => option !== "--no-samples");
    const schedule = ["--steps", "100", "--measure-every", "50", "--save-every", "0"];
    const events = ["--tensorboard", "events"];
    const { code, stderr } = await vocode(
      "train",
      "wavs",
      "--out",
      "voice",
      ...schedule,
      ...settings,
      ...events,
    );
    expect(code, stderr).toBe(0);
    expect(stderr).not.toContain("could not be spoken");
    expect(stderr).not.toContain("written no more");
    const files = readdirSync(join(parent, "runs/voice/samples")).sort();
    const steps = [10, 20, 40, 80].map((step) => `${String(step).padStart(8, "0")}-0.wav`);
    // at the end the weights that measured best, of step 50 or 100
    const last = /00(050|100)-0\.wav$/;
    expect(files.filter((name) => last.test(name))).toHaveLength(1);
    expect(files.filter((name) => !last.test(name))).toEqual([...steps, "clips.json", "recording-0.wav"]);
  });

  it("notes loss and speed as it goes", async () => {
    const metrics = await new RunFolder(join(parent, "runs/voice")).readMetrics();
    expect(metrics.map(({ step }) => step)).toEqual([50, 50, 100, 100]);
    for (const line of metrics.filter((each) => "loss" in each)) {
      expect(line["loss"]).toBeGreaterThan(0);
      expect(line["speed"]).toBeGreaterThan(0);
      // 2 crops of 8 frames a step
      expect(line["hours"]).toBeCloseTo((line.step * 2 * 8 * 256) / 22050 / 3600, 9);
    }
  });
});

describe("a training's log for TensorBoard", () => {
  /** The records of a folder's only event file, checked for nothing but their lengths. */
  function records(folder: string): string[] {
    const [name, ...others] = readdirSync(join(parent, folder)).filter((each) => each.startsWith("events."));
    expect(others).toEqual([]);
    const file = readFileSync(join(parent, folder, name));
    const found: string[] = [];
    for (let at = 0; at < file.length;) {
      const length = Number(file.readBigUInt64LE(at));
      found.push(file.toString("latin1", at + 12, at + 12 + length));
      at += length + 16;
      expect(at).toBeLessThanOrEqual(file.length);
    }
    return found;
  }

  it("has a file for the network and one for the prior, with losses, errors, settings and clips", () => {
    const all = records("events");
    expect(all.filter((record) => record.includes("audio seconds a second"))).toHaveLength(10);
    expect(all.filter((record) => record.includes("noise error by log-SNR/-6"))).toHaveLength(2);
    expect(all.filter((record) => record.includes("| cropFrames | 8 |"))).toHaveLength(1);
    const clips = all.filter((record) => record.includes("clip 1/speech"));
    expect(clips).toHaveLength(5);
    const recording = readFileSync(join(parent, "runs/voice/samples/recording-0.wav")).toString("latin1");
    for (const record of clips) {
      expect(record.includes(recording)).toBe(true);
      expect(record).toContain("\x89PNG");
    }
    expect(records("events/prior").length).toBeGreaterThan(2);
  });

  it("is refused where a file stands in its place, before a run has begun", async () => {
    const { code, stderr } = await vocode(
      ...["train", "wavs", "--out", "other", "--steps", "2", "--tensorboard", "wavs/s0.wav"],
      ...tinySettings,
    );
    expect(code, stderr).toBe(2);
    expect(stderr).toContain("wavs/s0.wav' is a file, and a folder was expected");
    expect(existsSync(join(parent, "runs/other/run.json"))).toBe(false);
  });
});

describe("vocode report", () => {
  it("draws curves and clips into one file that needs no other", async () => {
    const { code, stdout, stderr } = await vocode("report", "runs/voice");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^runs\/voice\/report\.html: 2 measurements, 1 clips in 6 takes\.\n$/);
    const html = readFileSync(join(parent, "runs/voice/report.html"), "utf8");
    expect(html).toContain("<title>Training of voice</title>");
    expect(html).toContain("100 of 100, 2 × 8 frames each");
    expect(html).toContain("Loss of the batches");
    expect(html).toContain("Error of the predicted noise");
    expect(html).toMatch(/after 80 steps<\/figcaption><img src="data:image\/png;base64,/);
    const audio = [...html.matchAll(/src="data:audio\/wav;base64,([^"]*)"/g)].map(([, data]) => data);
    const recording = readFileSync(join(parent, "runs/voice/samples/recording-0.wav"));
    expect(Buffer.from(audio[0], "base64").equals(recording)).toBe(true);
    // nothing is loaded from elsewhere, and nothing says where this was made
    expect(html).not.toMatch(/(?:src|href)="(?!data:|#)/);
    expect(html).not.toContain(parent);
  });

  it("draws what there is of a run that has just begun, where it is told to", async () => {
    const description = (await new RunFolder(join(parent, "runs/voice")).describe())!;
    await new RunFolder(join(parent, "runs/new")).begin(description);
    const { code, stdout } = await vocode("report", "runs/new", "--out", "new.html", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ report: "new.html", measurements: 0, clips: 0, takes: 0 });
    const html = readFileSync(join(parent, "new.html"), "utf8");
    expect(html).toContain("Nothing was measured yet.");
    expect(html).toContain("No clip was spoken yet.");
  });

  it.each([
    [["nowhere"], "'nowhere' holds no training run."],
    [["runs/voice", "--out", "none/report.html"], "none"],
  ])("answers %j with what to do", async (args, message) => {
    const { code, stderr } = await vocode("report", ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(join(parent, "none"))).toBe(false);
  });
});

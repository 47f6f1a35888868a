// What `vocode train` answers to wrong use, before it trains anything; whole runs are in train.long.test.ts.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tinySettings, tinyTraining } from "../support/tiny-training.js";

const { parent, train } = tinyTraining();

describe("vocode train, used wrongly", () => {
  it.each([
    [[], "Name the checkpoint to make, as in --out checkpoints/my-voice."],
    [["wavs"], "Name the checkpoint to make"],
    [["wavs", "--run", "runs/x"], "Name the checkpoint to make"],
    [["--out", "x"], "Name the folder of recordings, as in vocode train wavs."],
    [["nowhere", "--out", "x"], "nowhere"],
    [["wavs", "--out", "x", "--set", "stesp=3"], "There is no setting 'stesp'"],
    [["wavs", "--out", "x", "--set", "losses=noise,phase"], "The losses are noise."],
    [["wavs", "--out", "x", "--set", "steps"], "'steps' is no setting; write it as key=value"],
    [["wavs", "--out", "x", "--set", "windowLengths=1024,100"], "'windowLengths' has 100"],
    [["wavs", "--out", "x", "--steps", "0"], "Give a whole number from 1"],
    [["wavs", "--out", "x", "--hours", "-1"], "--hours has to be above 0, not -1"],
    [["wavs", "--out", "x", "--hours", "long"], "Give a number"],
    [["wavs", "--out", "x", "--format", "nothing"], "nothing"],
    [["wavs", "--out", "x", "--config", "nowhere.json"], "nowhere.json"],
    [["wavs", "--out", "x", "--engine", "abacus"], "abacus"],
    [["--resume", "nowhere"], "'nowhere' holds no training run."],
    [["wavs", "--out", "x", "--from", "nowhere"], "nowhere"],
    [["--resume", "runs/x", "--from", "y"], "--from cannot be changed by --resume"],
    [["--resume", "runs/x", "--steps", "5"], "--steps cannot be changed by --resume"],
    [["--resume", "runs/x", "--set", "steps=5"], "--set cannot be changed by --resume"],
    [["--resume", "runs/x", "--held-out", "l"], "--held-out cannot be changed by --resume"],
  ])("%j is answered with what to do", async (args, message) => {
    const { code, stdout, stderr } = await train(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    // nothing is left behind that a second, right attempt would stumble over
    expect(existsSync(join(parent, "runs", "x"))).toBe(false);
    expect(existsSync(join(parent, "x"))).toBe(false);
  });

  it.each([
    ["[1, 2]", "holds no JSON object with settings"],
    ["{steps: 3}", "is not JSON"],
    ['{"steps": "3"}', "'steps' takes a whole number above 0"],
  ])("a settings file with %s is refused", async (text, message) => {
    writeFileSync(join(parent, "wrong.json"), text);
    const { code, stderr } = await train("wavs", "--out", "x", "--config", "wrong.json");
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it("says where no recording is as long as a crop", async () => {
    const { code, stderr } = await train(
      "wavs",
      "--out",
      "long",
      ...tinySettings,
      "--set",
      "cropFrames=5000",
    );
    expect(code).toBe(2);
    expect(stderr).toContain("None of the recordings to train on has 5000 mel frames");
  });
});

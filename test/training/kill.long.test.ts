// A training that is killed at ten random moments and resumed each time ends as one that was left alone.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCheckpoint } from "../../src/host/node/checkpoints.js";
import type { Metrics } from "../../src/training/run.js";
import { RunFolder } from "../../src/training/run-folder.js";
import { tinySettings, writeTinyCorpus } from "../support/tiny-training.js";

const program = fileURLToPath(new URL("../../bin/vocode.js", import.meta.url));
const STEPS = 800;
const KILLS = 10;
const schedule = ["--save-every", "0.05", "--measure-every", "50"];

let parent: string;
let corpus: string;
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), "vocode-kill-"));
  corpus = writeTinyCorpus(parent);
});
afterAll(() => {
  rmSync(parent, { recursive: true });
});

/** Runs `vocode train`, killed after some seconds if it takes longer; the seconds it took and whether it was killed. */
async function trainFor(
  args: readonly string[],
  seconds = Infinity,
): Promise<{ seconds: number; killed: boolean }> {
  const begun = performance.now();
  const child = spawn(process.execPath, [program, "train", ...args, ...schedule], {
    env: { ...process.env, VOCODE_CACHE: join(parent, "compiled") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (words += text));
  const ended = new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0 || signal !== null) resolve(signal);
      else reject(new Error(`vocode train ended with ${code}:\n${words}`));
    });
  });
  const waiting = new AbortController();
  if (seconds < Infinity) {
    void setTimeout(1000 * seconds, undefined, { signal: waiting.signal }).then(
      () => child.kill("SIGKILL"),
      () => undefined,
    );
  }
  const signal = await ended;
  waiting.abort();
  return { seconds: (performance.now() - begun) / 1000, killed: signal === "SIGKILL" };
}

const trainArgs = (name: string): string[] => [
  corpus,
  ...["--out", join(parent, `${name}-checkpoint`), "--run", join(parent, name)],
  // also killed while the voice is calibrated
  ...["--steps", String(STEPS), ...tinySettings.filter((option) => option !== "--no-calibration")],
];

/** What a run leaves behind is what the undisturbed one left. */
async function expectAsWhole(name: string): Promise<void> {
  const [run, whole] = [new RunFolder(join(parent, name)), new RunFolder(join(parent, "whole"))];
  const end = await run.newestState();
  expect(end!.step).toBe(STEPS);
  expect(end).toEqual(await whole.newestState());
  expect(await run.readPrior()).toEqual(await whole.readPrior());
  // speeds and means of a broken interval differ
  const errors = async (each: RunFolder): Promise<Metrics[]> =>
    (await each.readMetrics()).filter((metrics) => "devError" in metrics);
  expect(await errors(run)).toEqual(await errors(whole));
  for (const file of ["model.safetensors", "config.json"]) {
    const [ours, theirs] = [name, "whole"].map((each) => join(parent, `${each}-checkpoint`, file));
    expect(readFileSync(ours), file).toEqual(readFileSync(theirs));
  }
  expect(readdirSync(run.path).filter((each) => /state-.*part$/.test(each))).toEqual([]);
}

describe("training killed at random moments", () => {
  it("ends with the same weights, bit for bit", async () => {
    const whole = await trainFor(trainArgs("whole"));
    // moments from before the first file to well into the steps: some 0.7 of the run's steps in ten times
    let longest = 0.3 * whole.seconds;
    let kills = 0;
    let furthest = 0;
    for (let round = 0; kills < KILLS; round++) {
      const name = `killed-${round}`;
      const run = new RunFolder(join(parent, name));
      const resume = ["--resume", run.path, "--threads", "1", "--no-samples"];
      let saved = 0;
      for (let ended = false; !ended;) {
        const args = (await run.describe()) ? resume : trainArgs(name);
        const seconds = kills < KILLS ? longest * (0.06 + 0.94 * Math.random()) : Infinity;
        const { killed } = await trainFor(args, seconds);
        if (killed) kills++;
        // whatever was cut off, everything loads, and no step that was saved is lost
        const before = saved;
        saved = (await run.newestState())?.step ?? 0;
        expect(saved).toBeGreaterThanOrEqual(before);
        if (killed) furthest = Math.max(furthest, saved);
        await run.readPrior();
        await run.readMetrics();
        const checkpoint = join(parent, `${name}-checkpoint`);
        if (existsSync(join(checkpoint, "config.json"))) await loadCheckpoint(checkpoint);
        ended = !killed;
      }
      await expectAsWhole(name);
      // a machine that became faster meanwhile ends a run before its ten kills: then another is killed, sooner
      longest /= 2;
    }
    // killed among the steps too, not only while the program started
    expect(furthest).toBeGreaterThan(0);
  });
});

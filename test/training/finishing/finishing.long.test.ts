// Whole finishing runs on a tiny network, several of them a test: killed and continued, and with predicted mels.
import "@tensorflow/tfjs-backend-cpu";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCheckpointConfig } from "../../../src/host/node/checkpoints.js";
import { chosenSettings } from "../../../src/synthesis/settings.js";
import { partOf } from "../../../src/training/optimiser/optimiser.js";
import { RunFolder } from "../../../src/training/run-folder.js";
import { storeTrained } from "../../../src/training/store.js";
import {
  finishingRuns,
  finishingSource as source,
  predictedMels,
  tinyFinishing as config,
  withAllLosses,
} from "../../support/finishing-run.js";

const withDiscriminators = { finishLosses: ["noise", "log-mel:8", "discriminators"] };

const runs = finishingRuns();

describe("the finishing phase", () => {
  it("follows the phase that predicts noise, with losses and a log of its own", async () => {
    const phases: string[] = [];
    const result = await runs.trainIn(
      "whole",
      { finishSteps: 50, ...withAllLosses },
      { onProgress: ({ phase, step, total }) => phases.push(`${phase} ${step}/${total}`) },
    );
    expect(result).toMatchObject({ steps: 54, finished: true, weightsOf: 54 });
    expect(phases).toEqual([10, 20, 30, 40, 50].map((step) => `finish ${step}/50`));
    const run = new RunFolder(join(runs.folder, "whole"));
    const line = (await run.readMetrics()).find((metrics) => "loss" in metrics)!;
    const figures = ["noise", "log-mel", "spectra", "discriminators", "discriminators.network"];
    expect(Object.keys(line)).toEqual(expect.arrayContaining(figures));
    const { loss, noise, spectra, discriminators, "log-mel": logMel } = line as Record<string, number>;
    expect(loss / (noise + 8 * logMel + 4 * spectra + discriminators)).toBeCloseTo(1, 4);
    // it moved, and so did the excitation model
    const before = await runs.trainIn("before", { finishSteps: 0 });
    expect(result.network["output.weight"]).not.toEqual(before.network["output.weight"]);
    expect(result.excitation!["output.weight"]).not.toEqual(before.excitation!["output.weight"]);
    expect(result.prior).toEqual(before.prior);
  });

  it("may be all that a run has", async () => {
    const settings = { steps: 0, finishSteps: 3 };
    const weights = await runs.trainIn("alone", settings);
    expect(weights).toMatchObject({ steps: 3, finished: true, weightsOf: 3 });
    // what it ends with is synthesised with the calls that it was finished through
    const voice = join(runs.folder, "voice");
    const run = new RunFolder(join(runs.folder, "alone"));
    const own = { ...config, ...settings };
    await storeTrained(voice, { name: "voice", config: own, corpus: source, steps: 3, weights, run });
    const stored = await readCheckpointConfig(voice);
    expect(stored.defaultSteps).toBe(2);
    const chosen = chosenSettings(stored, {});
    expect(chosen).toMatchObject({ start: "harmonic", refinement: { iterations: 0 } });
    expect([...chosen.schedule.logSnrs]).toEqual(own.samplerLevels);
  });
});

describe("a finishing run", () => {
  it("that was killed ends with the same bits as one that was not, its discriminators too", async () => {
    const whole = await runs.trainIn("whole", withDiscriminators);
    for (const stopAt of [2, 24]) {
      let steps = 0;
      const killed = runs.trainIn("parts", withDiscriminators, {
        saveEvery: 0,
        beforeStep: () => (++steps > stopAt ? Promise.reject(new Error("killed")) : Promise.resolve()),
      });
      await expect(killed).rejects.toThrow("killed");
    }
    const stop = new AbortController();
    let steps = 0;
    const stopped = await runs.trainIn("parts", withDiscriminators, {
      signal: stop.signal,
      beforeStep: () => {
        if (++steps > 3) stop.abort();
        return Promise.resolve();
      },
    });
    expect(stopped.finished).toBe(false);
    const continued = await runs.trainIn("parts", withDiscriminators);
    expect(continued.finished).toBe(true);
    expect(continued.network).toEqual(whole.network);
    expect(continued.excitation).toEqual(whole.excitation);
    const [first, second] = await Promise.all(
      ["whole", "parts"].map((name) => new RunFolder(join(runs.folder, name)).readState(18)),
    );
    expect(Object.keys(partOf(first!.tensors, "losses/discriminators/weight/")).length).toBeGreaterThan(10);
    expect(second!.tensors).toEqual(first!.tensors);
  });

  it("begins with the same weights again where its first states were lost or never written", async () => {
    const measured = { measureEvery: 2, saveEvery: 0 };
    const whole = await runs.trainIn("whole", {}, measured);
    const limits = { prior: 4, excitation: 2, network: 4, distillation: 3 };
    const before = Object.values(limits).reduce((sum, steps) => sum + steps, 0);
    let steps = 0;
    const killed = runs.trainIn(
      "parts",
      {},
      {
        ...measured,
        saveEvery: 1e9,
        beforeStep: () => (++steps > before + 5 ? Promise.reject(new Error("killed")) : Promise.resolve()),
      },
    );
    await expect(killed).rejects.toThrow("killed");
    const run = new RunFolder(join(runs.folder, "parts"));
    expect((await run.readMetrics()).filter(({ step }) => step === 4)).toHaveLength(1);
    // a state that finishing wrote over the end of the phase before
    const { tensors } = (await new RunFolder(join(runs.folder, "whole")).newestState())!;
    await run.saveState({ step: 4, tensors });
    const continued = await runs.trainIn("parts", {}, measured);
    expect(continued.network).toEqual(whole.network);
  });

  it("with predicted mels leads elsewhere, the excitation model too", async () => {
    const settings = { steps: 0, finishSteps: 3 };
    const alone = await runs.trainIn("alone", settings);
    const mixed = await runs.trainIn("mixed", settings, { predicted: predictedMels });
    expect(mixed.network["output.weight"]).not.toEqual(alone.network["output.weight"]);
    expect(mixed.excitation!["output.weight"]).not.toEqual(alone.excitation!["output.weight"]);
  });
});

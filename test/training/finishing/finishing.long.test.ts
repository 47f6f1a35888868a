// Whole finishing runs on a tiny network, several of them a test: killed and continued, and with predicted mels.
import "@tensorflow/tfjs-backend-cpu";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { partOf } from "../../../src/training/optimiser/optimiser.js";
import { RunFolder } from "../../../src/training/run-folder.js";
import { finishingRuns, predictedMels } from "../../support/finishing-run.js";

const withDiscriminators = { finishLosses: ["noise", "log-mel:8", "discriminators"] };

const runs = finishingRuns();

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

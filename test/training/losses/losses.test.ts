// Losses that are no part of vocode: each is one file and one line here, and trains a tiny network.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Engine } from "../../../src/engine/engine.js";
import { TrainConfigError } from "../../../src/errors.js";
import { openEngine } from "../../../src/host/node/engines.js";
import type { TrainConfig } from "../../../src/training/config.js";
import { registerLoss } from "../../../src/training/losses/registry.js";
import { partOf } from "../../../src/training/optimiser/optimiser.js";
import { RunFolder } from "../../../src/training/run-folder.js";
import { train, type TrainingOptions, type TrainingProgress } from "../../../src/training/trainer.js";
import { discriminatorLoss } from "../../support/discriminator-loss.js";
import { stftLoss } from "../../support/stft-loss.js";
import { syntheticCorpus } from "../../support/synthetic-corpus.js";
import { tinyTrainConfig } from "../../support/tiny-train-config.js";
import type { Settings } from "../../../src/models/architecture.js";

const source = syntheticCorpus();
const config: TrainConfig = {
  ...tinyTrainConfig,
  steps: 10,
  excitationSteps: 0,
};

let folder: string;
let runtime: Engine;
beforeAll(async () => {
  registerLoss(stftLoss);
  registerLoss(discriminatorLoss);
  runtime = await openEngine({ engine: "graph", threads: 1 });
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vocode-losses-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A run of a name, begun or continued. */
async function trainIn(
  name: string,
  settings: Settings,
  options: Partial<TrainingOptions> = {},
): Promise<RunFolder> {
  const run = new RunFolder(join(folder, name));
  const whole = { ...config, ...settings };
  if (!(await run.describe())) {
    const paths = { corpus: ".", checkpoint: "out", cache: "cache" };
    await run.begin({ config: whole, mel: source.format, paths });
  }
  await train({ runtime, source, config: whole, run, saveEvery: 1e9, measureEvery: 1e9, ...options });
  return run;
}

describe("an STFT loss on the waveform, one file and one line", () => {
  it("trains beside the noise-prediction loss; progress and metrics have its figures", async () => {
    const shown: TrainingProgress[] = [];
    const run = await trainIn(
      "stft",
      { losses: ["noise", "stft:0.1"], steps: 50 },
      { onProgress: (progress) => shown.push(progress) },
    );
    const steps = shown.filter(({ phase }) => phase === "network");
    expect(steps.map(({ step }) => step)).toEqual([10, 20, 30, 40, 50]);
    for (const { figures } of steps)
      expect(Object.keys(figures)).toEqual(["noise", "stft", "stft.convergence"]);
    const [line] = (await run.readMetrics()).filter((metrics) => "loss" in metrics);
    expect(line.step).toBe(50);
    const { loss, noise, stft, "stft.convergence": convergence } = line as Record<string, number>;
    expect(noise).toBeGreaterThan(0);
    expect(stft).toBeGreaterThan(convergence);
    expect(convergence).toBeGreaterThan(0);
    // float32 sums
    expect(loss / (noise + 0.1 * stft)).toBeCloseTo(1, 5);
  });

  it("leads the network elsewhere than the noise-prediction loss alone, which tells nothing besides", async () => {
    const alone = await trainIn("alone", { steps: 50 });
    const [line] = (await alone.readMetrics()).filter((metrics) => "loss" in metrics);
    expect(Object.keys(line)).toEqual(["step", "hours", "loss", "speed"]);
    const both = await trainIn("both", { losses: ["noise", "stft:0.1"], steps: 50 });
    const [first, second] = await Promise.all([alone, both].map((run) => run.readState(50)));
    expect(Object.keys(second!.tensors)).toEqual(Object.keys(first!.tensors));
    expect(second!.tensors["weight/output.weight"]).not.toEqual(first!.tensors["weight/output.weight"]);
  });
});

describe("a loss with a network of its own", () => {
  const adversarial: Settings = { steps: 30, losses: ["noise", "adversarial:0.2"] };

  it("trains it with the denoiser; a run that was killed ends with the same bits as one that was not", async () => {
    const whole = await (await trainIn("whole", adversarial)).readState(30);
    const own = partOf(whole!.tensors, "losses/adversarial/weight/");
    expect(Object.keys(own)).toEqual(["hidden.weight", "hidden.bias", "score.weight", "score.bias"]);

    let steps = 0;
    const killed = trainIn("parts", adversarial, {
      saveEvery: 0,
      beforeStep: () =>
        ++steps > config.priorSteps + 17 ? Promise.reject(new Error("killed")) : Promise.resolve(),
    });
    await expect(killed).rejects.toThrow("killed");
    const run = new RunFolder(join(folder, "parts"));
    const saved = (await run.newestState())!;
    expect(saved.step).toBe(10);
    expect(saved.tensors["losses/adversarial/weight/hidden.weight"]).not.toEqual(own["hidden.weight"]);

    await trainIn("parts", adversarial);
    const continued = await run.readState(30);
    expect(continued!.tensors).toEqual(whole!.tensors);
  });

  it("tells its network's loss and figures", async () => {
    const run = await trainIn("told", { ...adversarial, steps: 50 });
    const [line] = (await run.readMetrics()).filter((metrics) => "loss" in metrics);
    expect(line["adversarial"]).toBeGreaterThan(0);
    expect(line["adversarial.network"]).toBeGreaterThan(0);
    expect(line["adversarial.found"]).toBeGreaterThanOrEqual(0);
    expect(line["adversarial.found"]).toBeLessThanOrEqual(1);
  });

  it("returns with the denoiser to good weights after a step that gave no numbers", async () => {
    let reads = 0;
    const poisoned = {
      ...source,
      readSamples: (...args: Parameters<typeof source.readSamples>) => {
        source.readSamples(...args);
        // the first crop of the network's sixth step
        if (++reads === 2 * (config.priorSteps + 5) + 1) args[3].fill(NaN, args[4], args[4] + args[2]);
      },
    };
    const remarks: string[] = [];
    const onRemark = (sentence: string): number => remarks.push(sentence);
    const run = await trainIn("poisoned", { ...adversarial, steps: 10 }, { source: poisoned, onRemark });
    expect(remarks).toEqual([expect.stringContaining("Step 6")]);
    const { tensors } = (await run.readState(10))!;
    expect(Object.values(tensors).every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });
});

describe("the registry of losses", () => {
  it("refuses a loss that nobody made known, and says which there are", async () => {
    const training = trainIn("unknown", { losses: ["noise", "phase"] });
    await expect(training).rejects.toThrow(TrainConfigError);
    await expect(training).rejects.toThrow(/'phase'.*The losses are noise, stft, adversarial\./);
  });

  it.each(["noise", "devError", "speed", "Two words", ""])("takes no loss that is called '%s'", (name) => {
    expect(() => {
      registerLoss({ ...stftLoss, name });
    }).toThrow(name === "noise" ? "already" : "cannot be called");
  });
});

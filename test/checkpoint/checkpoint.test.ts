import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadCheckpoint, saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { weightsOfPart } from "../../src/checkpoint/checkpoint.js";
import { CheckpointError, FileError, WeightsError } from "../../src/errors.js";
import { floatTensor, SafetensorsError, type StoredTensor } from "../../src/formats/safetensors.js";
import { writeSafetensors } from "../../src/host/node/write-files.js";
import { tinyCheckpoint } from "../support/tiny-checkpoint.js";

const checkpoint = tinyCheckpoint();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vocode-checkpoint-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** What loading the folder is refused with. */
async function refusal(): Promise<Error> {
  try {
    await loadCheckpoint(folder);
  } catch (error) {
    return error as Error;
  }
  throw new Error("it was loaded");
}

describe("a checkpoint", () => {
  it("comes back as it was saved, bit for bit in float32", async () => {
    await saveCheckpoint(folder, checkpoint, "# card\n");
    const loaded = await loadCheckpoint(folder);
    expect(loaded.config).toEqual(checkpoint.config);
    expect(Object.keys(loaded.weights)).toEqual(Object.keys(checkpoint.weights));
    for (const [name, { data, shape }] of Object.entries(checkpoint.weights)) {
      expect(loaded.weights[name].shape).toEqual(shape);
      expect([...loaded.weights[name].data], name).toEqual([...data]);
    }
    expect(readFileSync(join(folder, "README.md"), "utf8")).toBe("# card\n");
    expect(readdirSync(folder).sort()).toEqual(["README.md", "config.json", "model.safetensors"]);
  });

  it("comes back in float16 to 11 bits, from half the bytes", async () => {
    await saveCheckpoint(folder, checkpoint, "");
    const whole = statSync(join(folder, "model.safetensors")).size;
    await saveCheckpoint(folder, checkpoint, "", "float16");
    expect(statSync(join(folder, "model.safetensors")).size).toBeLessThan(0.53 * whole);
    const { weights } = await loadCheckpoint(folder);
    let largest = 0;
    for (const [name, { data }] of Object.entries(checkpoint.weights)) {
      data.forEach((value, i) => {
        // half a unit in the last of 11 places, or of the smallest subnormal
        const allowed = Math.max(Math.abs(value) * 2 ** -11, 2 ** -25);
        largest = Math.max(largest, Math.abs(weights[name].data[i] - value) / allowed);
      });
    }
    expect(largest).toBeLessThanOrEqual(1);
    expect(largest).toBeGreaterThan(0.9);
  });

  it("comes apart into prior and denoiser", () => {
    const prior = weightsOfPart(checkpoint, "prior");
    const denoiser = weightsOfPart(checkpoint, "denoiser");
    expect(prior["bias"]).toBe(checkpoint.weights["prior.bias"]);
    expect(denoiser["output.weight"]).toBe(checkpoint.weights["denoiser.output.weight"]);
    expect(Object.keys(prior).length + Object.keys(denoiser).length).toBe(
      Object.keys(checkpoint.weights).length,
    );
  });

  it("replaces another one in the same folder", async () => {
    await saveCheckpoint(folder, checkpoint, "");
    const changed = {
      ...checkpoint.weights,
      "prior.bias": { data: new Float32Array(256).fill(3), shape: [256] },
    };
    await saveCheckpoint(folder, { ...checkpoint, weights: changed }, "");
    expect((await loadCheckpoint(folder)).weights["prior.bias"].data[255]).toBe(3);
  });
});

describe("a checkpoint whose weights are not those of its config", () => {
  const stored = (): Map<string, StoredTensor> =>
    new Map(
      Object.entries(checkpoint.weights).map(([name, { data, shape }]) => [
        name,
        floatTensor(name, shape, data),
      ]),
    );
  /** Saves with the weights changed and returns the refusal. */
  async function refusalOf(change: (tensors: Map<string, StoredTensor>) => void): Promise<WeightsError> {
    await saveCheckpoint(folder, checkpoint, "");
    const tensors = stored();
    change(tensors);
    await writeSafetensors(join(folder, "model.safetensors"), [...tensors.values()]);
    const error = await refusal();
    if (!(error instanceof WeightsError)) throw error;
    expect(error.message).toContain(join(folder, "model.safetensors"));
    return error;
  }

  it("names a missing weight", async () => {
    const { differences } = await refusalOf((tensors) => tensors.delete("denoiser.level.bias"));
    expect(differences).toEqual(["'denoiser.level.bias' is missing"]);
  });

  it("names another shape", async () => {
    const { differences } = await refusalOf((tensors) => {
      tensors.set("prior.bias", floatTensor("prior.bias", [2, 128], new Float32Array(256)));
    });
    expect(differences).toEqual(["'prior.bias' is [2, 128], not [256]"]);
  });

  it("names an unknown weight", async () => {
    const { differences } = await refusalOf((tensors) => {
      tensors.set("extra", floatTensor("extra", [1], Float32Array.of(1)));
    });
    expect(differences).toEqual(["'extra' is not known"]);
  });

  it("names a weight of whole numbers", async () => {
    const { differences } = await refusalOf((tensors) => {
      const tensor = tensors.get("prior.bias")!;
      tensors.set("prior.bias", { ...tensor, dtype: "I32" });
    });
    expect(differences).toEqual(["'prior.bias' holds I32 values"]);
  });

  it.each([NaN, Infinity, -Infinity])("names a weight that holds %f", async (value) => {
    const { differences } = await refusalOf((tensors) => {
      const data = checkpoint.weights["denoiser.norm.scale"].data.slice();
      data[data.length - 1] = value;
      tensors.set("denoiser.norm.scale", floatTensor("denoiser.norm.scale", [data.length], data));
    });
    expect(differences).toEqual(["'denoiser.norm.scale' holds values that are no numbers"]);
  });

  it("counts what does not fit in the message", async () => {
    const error = await refusalOf((tensors) => {
      for (const name of [...tensors.keys()].slice(0, 8)) tensors.delete(name);
    });
    expect(error.differences).toHaveLength(8);
    expect(error.message).toContain("; and 3 more");
  });
});

describe("a checkpoint whose files are damaged", () => {
  beforeEach(() => saveCheckpoint(folder, checkpoint, ""));

  it.each(["config.json", "model.safetensors"])("names %s where it is missing", async (name) => {
    rmSync(join(folder, name));
    const error = await refusal();
    expect(error).toBeInstanceOf(FileError);
    expect(error.message).toContain(join(folder, name));
  });

  it("loads without its card", async () => {
    rmSync(join(folder, "README.md"));
    await expect(loadCheckpoint(folder)).resolves.toMatchObject({ config: { version: 1 } });
  });

  it("says where the weights are something else", async () => {
    writeFileSync(join(folder, "model.safetensors"), "not a tensor in sight, but long enough");
    const error = await refusal();
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toContain("is not a safetensors file");
  });

  it("says where the weights are cut off, wherever", async () => {
    const path = join(folder, "model.safetensors");
    const bytes = readFileSync(path);
    for (const length of [0, 7, 8, 100, 5000, bytes.length - 1]) {
      writeFileSync(path, bytes.subarray(0, length));
      const error = await refusal();
      expect(error instanceof CheckpointError || error instanceof SafetensorsError, String(length)).toBe(
        true,
      );
    }
  });
});

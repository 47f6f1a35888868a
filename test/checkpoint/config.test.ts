import { describe, expect, it } from "vitest";
import { MelFormatError } from "../../src/mel/format-fields.js";
import {
  type CheckpointConfig,
  checkpointWeights,
  parseCheckpointConfig,
} from "../../src/checkpoint/config.js";
import { CheckpointError } from "../../src/errors.js";
import { tinyCheckpoint } from "../support/tiny-checkpoint.js";
import { waveGradCheckpoint } from "../support/wavegrad-checkpoint.js";

const { config } = tinyCheckpoint();
const waveGrad = waveGradCheckpoint().config;

/** A config's JSON with the value at a path, such as "denoiser.kind", replaced; undefined removes it. */
function withValue(path: string, value: unknown, from: CheckpointConfig = config): string {
  const copy = structuredClone(from) as unknown as Record<string, unknown>;
  const names = path.split(".");
  const parent = names.slice(0, -1).reduce((object, name) => object[name] as Record<string, unknown>, copy);
  parent[names[names.length - 1]] = value;
  return JSON.stringify(copy);
}

function refusal(text: string): Error {
  try {
    parseCheckpointConfig(text, "there/config.json");
  } catch (error) {
    return error as Error;
  }
  throw new Error("it was read");
}

describe("a checkpoint's config", () => {
  it("is read as it was written", () => {
    expect(parseCheckpointConfig(JSON.stringify(config), "config.json")).toEqual(config);
  });

  it("needs neither schedules nor training", () => {
    const { version, denoiser, prior, mel, logSnrRange } = config;
    const text = JSON.stringify({ version, denoiser, prior, mel, logSnrRange });
    expect(parseCheckpointConfig(text, "config.json")).toMatchObject({
      schedules: {},
      training: {},
    });
  });

  it("may have an excitation model, whose weights it then lists", () => {
    const excitation = { channels: 8, expanded: 12, dilations: [1, 2] };
    const read = parseCheckpointConfig(withValue("excitation", excitation), "config.json");
    expect(read).toEqual({ ...config, excitation });
    const names = checkpointWeights(read).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith("excitation.blocks.1."))).toHaveLength(9);
    expect(refusal(withValue("excitation", { channels: 0 })).message).toContain("'excitation.channels'");
    expect(refusal(withValue("excitation", true)).message).toContain("where 'excitation' should be one");
  });

  it("lists weights of both parts, each once", () => {
    const names = checkpointWeights(config).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.every((name) => /^(prior|denoiser)\./.test(name))).toBe(true);
  });

  it.each(["", "{", '{"version": 1', "version: 1"])("refuses %j as no JSON", (text) => {
    const error = refusal(text);
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toContain("'there/config.json' is not JSON");
  });

  it.each(["[]", "null", "3", '"text"'])("refuses %s as no object", (text) => {
    expect(refusal(text).message).toContain("has no object where it should be one");
  });

  const cases: readonly (readonly [string, unknown, string])[] = [
    ["version", 2, "has version 2, and this vocode reads version 1"],
    ["version", "1", 'has version "1"'],
    ["version", undefined, "has version undefined"],
    ["denoiser", undefined, "where 'denoiser' should be one"],
    ["denoiser", [], "where 'denoiser' should be one"],
    ["denoiser.kind", "wave-net", 'a denoiser of the unknown kind "wave-net"'],
    ["denoiser.shape", 4, "where 'denoiser.shape' should be one"],
    ["denoiser.shape.channels", 0, "has 0 for 'channels'"],
    ["denoiser.shape.channels", 1.5, "has 1.5 for 'channels'"],
    ["denoiser.shape.channels", 1e9, "has 1000000000 for 'channels'"],
    ["denoiser.shape.expanded", "6", `has "6" for 'expanded'`],
    ["denoiser.shape.levelWidth", null, "has null for 'levelWidth'"],
    ["denoiser.shape.corrections", -1, "has -1 for 'corrections'"],
    ["denoiser.shape.windowLengths", 1024, "no list of whole numbers for 'windowLengths'"],
    ["denoiser.shape.windowLengths", [1024, "64"], `has "64" for 'windowLengths'`],
    ["denoiser.shape.dilations", [1, -1], "has -1 for 'dilations'"],
    ["denoiser.shape.dilations", new Array(65).fill(1), "no list of whole numbers for 'dilations'"],
    ["denoiser.shape.encoder", undefined, "where 'denoiser.shape.encoder' should be one"],
    ["denoiser.shape.encoder.channels", undefined, "for 'encoder.channels'"],
    ["denoiser.shape.encoder.dilations", {}, "for 'encoder.dilations'"],
    ["prior", "standard", `has the prior "standard", and a mask-net has the prior 'spectral'`],
    ["prior", undefined, "has the prior undefined"],
    ["mel", undefined, "where 'mel' should be one"],
    ["logSnrRange", undefined, "no list of numbers for 'logSnrRange'"],
    ["logSnrRange", [8, -8], "a 'logSnrRange' that is not a lowest and a highest number"],
    ["logSnrRange", [1], "a 'logSnrRange' that is not a lowest and a highest number"],
    ["logSnrRange", [1, 2, 3], "a 'logSnrRange' that is not a lowest and a highest number"],
    ["schedules", [], "where 'schedules' should be one"],
    ["schedules", { six: [1, "2"] }, "no list of numbers for 'schedules.six'"],
    ["training", "long", "where 'training' should be one"],
  ];
  it.each(cases)("refuses %s = %j", (path, value, message) => {
    const error = refusal(withValue(path, value));
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toContain(message);
    expect(error.message).toContain("there/config.json");
  });

  it("refuses a mel format's field by its name", () => {
    const error = refusal(withValue("mel.bands", -3));
    expect(error).toBeInstanceOf(MelFormatError);
    expect(error.message).toContain("bands is -3");
  });
});

describe("the config of a WaveGrad's checkpoint", () => {
  it("is read as it was written", () => {
    expect(parseCheckpointConfig(JSON.stringify(waveGrad), "config.json")).toEqual(waveGrad);
  });

  it("lists weights of the denoiser only", () => {
    const names = checkpointWeights(waveGrad).map(({ name }) => name);
    expect(names).toContain("denoiser.film.0.output.weight");
    expect(names.every((name) => name.startsWith("denoiser."))).toBe(true);
  });

  const { upsampling } = waveGrad.denoiser.shape;
  const cases: readonly (readonly [string, unknown, string])[] = [
    ["prior", "spectral", `has the prior "spectral", and a wavegrad has the prior 'standard'`],
    ["denoiser.shape.melChannels", 0, "has 0 for 'melChannels'"],
    ["denoiser.shape.waveChannels", 5, "has 5 for 'waveChannels', which should be even"],
    ["denoiser.shape.upsampling", [], "no list of blocks for 'upsampling'"],
    ["denoiser.shape.upsampling", {}, "no list of blocks for 'upsampling'"],
    ["denoiser.shape.upsampling.0", 4, "where 'upsampling.0' should be one"],
    ["denoiser.shape.upsampling.1.factor", "4", `has "4" for 'upsampling.1.factor'`],
    ["denoiser.shape.upsampling.1.channels", -1, "has -1 for 'upsampling.1.channels'"],
    ["denoiser.shape.upsampling.2.dilations", [1, 2, 4], "has 3 numbers for 'upsampling.2.dilations'"],
    ["denoiser.shape.upsampling.3.factor", 3, "whose product is 384, and its mel's hop is 256"],
    [
      "denoiser.shape.upsampling",
      upsampling.slice(1),
      "4 numbers for 'downsamplingChannels', which should be 3",
    ],
    ["denoiser.shape.downsamplingChannels", [4, 4, 8, 15], "has 15 for 'downsamplingChannels'"],
    ["denoiser.shape.downsamplingDilations", null, "for 'downsamplingDilations'"],
  ];
  it.each(cases)("is refused with %s = %j", (path, value, message) => {
    const error = refusal(withValue(path, value, waveGrad));
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toContain(message);
  });
});

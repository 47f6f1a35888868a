// vocode engines, and the options by which other commands choose one.
import { Command, CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { addEngineOptions, type EngineOptions, openChosenEngine } from "../../src/cli/options.js";
import { EngineUnavailableError } from "../../src/errors.js";
import type { EngineStatus } from "../../src/host/node/engines.js";
import { runCli } from "../support/run-cli.js";

describe("vocode engines", () => {
  it("lists every engine, with the reason where one does not work", async () => {
    const { stdout, code } = await runCli(["engines", "--json"]);
    expect(code).toBe(0);
    const engines = JSON.parse(stdout) as EngineStatus[];
    expect(engines.map(({ engine, device }) => `${engine} ${device}`)).toEqual([
      "graph cpu",
      "graph webgpu",
      "graph cuda",
      "tensorflow gpu",
      "tensorflow cpu",
      "javascript cpu",
    ]);
    expect(engines.find(({ engine, device }) => engine === "graph" && device === "cpu")).toMatchObject({
      available: true,
    });
    for (const { detail } of engines) expect(detail).not.toBe("");
  });

  it("prints a table", async () => {
    const { stdout } = await runCli(["engines"]);
    expect(stdout).toMatch(/^engine +device +works +detail\ngraph +cpu +yes +onnxruntime 1\./);
  });
});

function parse(...words: string[]): EngineOptions {
  const command = addEngineOptions(new Command("test"))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return command.parse(words, { from: "user" }).opts<EngineOptions>();
}

describe("the engine's options", () => {
  it("leave the choice to vocode unless told otherwise", () => {
    expect(parse()).toEqual({ engine: "auto" });
    expect(parse("--engine", "graph", "--device", "cpu", "--threads", "3")).toEqual({
      engine: "graph",
      device: "cpu",
      threads: 3,
    });
  });

  it.each([
    ["--threads", "0"],
    ["--threads", "two"],
    ["--engine", "abacus"],
    ["--device", "tpu"],
  ])("refuse the value that there is not: %s %s", (...words) => {
    expect(() => parse(...words)).toThrow(CommanderError);
  });

  it("open the engine that they name", async () => {
    expect(await openChosenEngine(parse("--engine", "graph", "--threads", "1"))).toMatchObject({
      engine: "graph",
      device: "cpu",
      threads: 1,
    });
    expect(await openChosenEngine(parse("--engine", "javascript"))).toMatchObject({ engine: "javascript" });
  });

  it("say why an engine or device cannot be had", async () => {
    const wrong = openChosenEngine(parse("--engine", "javascript", "--device", "cuda"));
    await expect(wrong).rejects.toThrow(EngineUnavailableError);
    await expect(wrong).rejects.toThrow(/computes on the CPU only, not on 'cuda'.*'vocode engines' lists/);
  });
});

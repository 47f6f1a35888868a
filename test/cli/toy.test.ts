import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

interface Moments {
  readonly mean: number;
  readonly variance: number;
  readonly weights: readonly number[];
}

interface Report {
  readonly denoiserCalls: number;
  readonly error: number;
  readonly samplingError: number;
  readonly result: Moments;
  readonly exact: Moments;
  readonly steps: readonly { readonly logSnr: number; readonly error: number }[];
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vocode-toy-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function report(...args: string[]): Promise<Report> {
  const { code, stdout, stderr } = await runCli(["toy", "--json", "--samples", "2000", ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Report;
}

describe("vocode toy", () => {
  it("prints the steps and the moments of the result beside the exact ones", async () => {
    const { code, stdout } = await runCli(["toy", "--schedule", "logsnr-20", "--samples", "500"]);
    expect(code).toBe(0);
    expect(stdout).toContain("ddpm on logsnr-20: 20 denoiser calls, 500 points from white noise");
    expect(stdout).toMatch(/^exact +0\.1600 +1\.0774 +0\.300 0\.500 0\.200/m);
  });

  it("samples the mixture that it was given", async () => {
    const options = ["--schedule", "logsnr-50", "--sampler", "heun", "--mixture", "3:-2:0.5,1:2:0.5"];
    const { denoiserCalls, result, exact, error, samplingError } = await report(...options);
    expect(denoiserCalls).toBe(99);
    expect(exact).toEqual({ mean: -1, variance: 3.25, weights: [0.75, 0.25] });
    // 5 standard errors of 2000 points: mean 0.04, weight 0.0097
    expect(Math.abs(result.mean - exact.mean)).toBeLessThan(0.2);
    expect(Math.abs(result.weights[0] - 0.75)).toBeLessThan(0.05);
    expect(error).toBeLessThan(0.2);
    expect(samplingError).toBeLessThan(0.2);
  });

  it("takes --steps levels: a family's member of that length, or some of a fixed schedule's levels", async () => {
    const [family, fixed, long] = await Promise.all([
      report("--schedule", "logsnr", "--steps", "5"),
      report("--schedule", "wg-6", "--steps", "3"),
      report("--steps", "7"),
    ]);
    expect(family.steps.map(({ logSnr }) => logSnr)).toEqual([-5, -2.25, 0.5, 3.25, 6]);
    expect(fixed.denoiserCalls).toBe(3);
    expect(long.denoiserCalls).toBe(7);
  });

  it("gives the same for the same seed, and something else for another", async () => {
    const [first, again, other] = await Promise.all([report(), report("--seed", "1"), report("--seed", "2")]);
    expect(again).toEqual(first);
    expect(other.result).not.toEqual(first.result);
  });

  it("shows what a wrong level at the start costs a deterministic sampler", async () => {
    const quiet = ["--schedule", "fibonacci-25", "--sampler", "ddim", "--mixture", "1:-0.1:0.02,1:0.1:0.02"];
    const [noise, data] = await Promise.all([report(...quiet), report(...quiet, "--start", "data")]);
    expect(noise.error).toBeGreaterThan(2 * data.error);
    const { stdout } = await runCli(["toy", ...quiet, "--samples", "100"]);
    expect(stdout).toContain("the denoiser is told a wrong level");
  });

  it("draws the paths and the densities into the file of --picture", async () => {
    const path = join(folder, "toy.svg");
    const { code, stderr } = await runCli([
      "toy",
      "--schedule",
      "wg-6",
      "--sampler",
      "langevin",
      "--samples",
      "300",
      "--picture",
      path,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `Wrote ${path}\n` });
    expect((await readFile(path)).subarray(0, 8).toString("latin1")).toContain("<svg");
  });

  it("labels the axes of a short run's picture with whole numbers that fit the margin", async () => {
    const schedule = join(folder, "clean.json");
    await writeFile(schedule, `{"logSnrs": [-6, 0, 20, 60]}`);
    const path = join(folder, "short.svg");
    await runCli(["toy", "--schedule", schedule, "--samples", "50", "--picture", path]);
    const svg = (await readFile(path)).toString();
    const labels = (axis: string): string[][] =>
      [...svg.matchAll(new RegExp(`<g [^>]*aria-label="${axis}-axis tick label".*?</g>`, "gs"))].map(
        ([group]) => [...group.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text),
      );
    const calls = labels("x");
    expect(calls).toHaveLength(5);
    // the third panel's axis is the level
    for (const panel of [0, 1, 3, 4]) expect(calls[panel]).toEqual(["0", "1", "2", "3", "4"]);
    const [, , , energies] = labels("y");
    expect(energies.length).toBeGreaterThan(2);
    for (const label of energies) expect(label.length).toBeLessThanOrEqual(6);
  });

  it.each([
    [["--eta", "2", "--sampler", "ddim"], "eta is 2"],
    [["--eta", "much", "--sampler", "ddim"], "Give a number"],
    [["--samples", "1000000", "--schedule", "cosine-1000"], "too many to keep"],
    [["--mixture", "0.3:-1.2"], "weight:mean:deviation"],
    [["--mixture", "1:0:-1"], "deviation above 0"],
    [["--mixture", "1:1e300:1"], "the mean goes from −1000000 to 1000000"],
    [["--sampler", "langevin", "--corrector-steps", "1.5"], "Give a whole number from 0 to 1000"],
    [
      ["--sampler", "langevin", "--corrector-steps", "1000"],
      "makes 50050 denoiser calls; the toy makes at most 20000",
    ],
    [["--seed", "-3"], "The seed -3 is negative"],
    [["--seed", "1.5"], "not a whole number"],
    [["--samples", "10", "--picture", "toy.gif"], "ends in neither"],
    [["--samples", "10", "--picture", "nowhere/toy.png"], "There is no folder 'nowhere'"],
  ])("refuses %j with exit code 2", async (args, message) => {
    const { code, stdout, stderr } = await runCli(["toy", ...args], { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.replaceAll(/\s+/g, " ")).toContain(message);
    expect((await readdir(folder)).filter((name) => name.includes("gif"))).toEqual([]);
  });
});

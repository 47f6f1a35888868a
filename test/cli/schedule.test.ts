import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

interface PrintedSchedule {
  readonly name: string;
  readonly startsFromNoise: boolean;
  readonly steps: readonly { readonly t: number; readonly beta: number; readonly sqrtAlphaBar: number }[];
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vocode-schedule-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("vocode schedule", () => {
  it("lists the schedules with their sources, with --list as without a name", async () => {
    const [bare, list] = await Promise.all([runCli(["schedule"]), runCli(["schedule", "--list"])]);
    expect(bare).toEqual(list);
    expect(bare).toMatchObject({ code: 0, stderr: "" });
    expect(bare.stdout).toMatch(/^ddpm-1000 +training +yes +linear betas 1e-4 … 0.02, Ho et al. 2020/m);
    expect(bare.stdout).toMatch(/^wg-6 +sampling +no /m);
  });

  it("prints a schedule as a table and says that wg-6 does not start from pure noise", async () => {
    const { code, stdout } = await runCli(["schedule", "wg-6"]);
    expect(code).toBe(0);
    expect(stdout).toContain("Does not start from pure noise: √ᾱ = 0.435, λ = -1.46.");
    expect(stdout).toMatch(/^6 +0\.70000 +0\.300000 +0\.189114 +0\.434873 +0\.23322 +-1\.4558 +0\.31908$/m);
  });

  it("prints JSON with --json", async () => {
    const { code, stdout } = await runCli(["schedule", "ddpm-1000:25", "--json"]);
    expect(code).toBe(0);
    const printed = JSON.parse(stdout) as PrintedSchedule;
    expect(printed).toMatchObject({ name: "ddpm-1000:25", startsFromNoise: true });
    expect(printed.steps.map((step) => step.t)).toEqual(Array.from({ length: 25 }, (_, i) => 25 - i));
  });

  it("reads a schedule from a JSON file", async () => {
    const path = join(folder, "mine.json");
    await writeFile(path, `{"name": "mine", "betas": [0.1, 0.5]}`);
    const { code, stdout } = await runCli(["schedule", path, "--json"]);
    expect(code).toBe(0);
    const { name, steps } = JSON.parse(stdout) as PrintedSchedule;
    expect(name).toBe("mine");
    expect(steps.map((step) => step.beta)).toEqual([expect.closeTo(0.5, 12), expect.closeTo(0.1, 12)]);
  });

  it.each([
    ["svg", "<svg"],
    ["png", "PNG"],
  ])("draws a picture as .%s", async (extension, signature) => {
    const path = join(folder, `picture.${extension}`);
    const { code, stderr } = await runCli(["schedule", "cosine-20", "--picture", path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `Wrote ${path}\n` });
    expect((await readFile(path)).subarray(0, 8).toString("latin1")).toContain(signature);
  });

  it.each<[string[], RegExp]>([
    [["wg-7"], /There is no schedule 'wg-7'. Known are: training-1000, .*logsnr-N \(N from 1 to 1000\)/],
    [["logsnr-1001"], /would have 1001 steps; the number of steps goes from 1 to 1000/],
    [["missing.json"], /'missing.json' does not exist/],
    [["wg-6", "--picture", "picture.jpg"], /written as .png or .svg/],
    [["wg-6", "--picture", "nowhere/picture.png"], /There is no folder 'nowhere'/],
    [["--picture", "list.png"], /--picture draws one schedule: name it/],
    [["wg-6", "--nonsense"], /unknown option '--nonsense'/],
  ])("refuses %j with exit code 2 and writes nothing", async (args, message) => {
    const { code, stdout, stderr } = await runCli(["schedule", ...args], { cwd: folder });
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
    expect(await readdir(folder)).not.toContain(args.at(-1));
  });

  it("names the wrong entry of a file", async () => {
    const path = join(folder, "wrong.json");
    await writeFile(path, `{"betas": [0.1, 1.5, 0.2]}`);
    const { code, stderr } = await runCli(["schedule", path]);
    expect(code).toBe(2);
    expect(stderr).toContain("Entry 2 of the 3 betas");
    expect(stderr).toContain("is 1.5; a β lies between 0 and 1, both excluded");
  });
});

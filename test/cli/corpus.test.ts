import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tone, writeCorpus, writeTone } from "../support/corpus-files.js";
import { runCli } from "../support/run-cli.js";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "vocode-corpus-cli-"));
  writeCorpus(root, 3);
  writeTone(join(root, "short.wav"), tone(500));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

describe("vocode corpus", () => {
  it("prints what there is and what is left out", async () => {
    const { stdout, stderr, code } = await runCli(["corpus", root]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("3 usable recordings, 3 s");
    expect(stdout).toContain("held out  1 recording, 1 s");
    expect(stdout).toContain("rate      22050 Hz");
    expect(stdout).toContain("peak      median −10.5 dBFS");
    // tones of 0.05, 0.063 and 0.076 radians a sample
    expect(stdout).toMatch(
      /pitch {5}median 22\d Hz, nine tenths of it 17\d to 26\d Hz, in 3 s of 3 recordings/,
    );
    expect(stdout).toContain("1 file left out:\n  short.wav: It is too short: 0.02 s");
  });

  it("says where the rates are not the format's", async () => {
    const { stdout } = await runCli(["corpus", root, "--format", "bigvgan-24k-100"]);
    expect(stdout).toContain("22050 Hz; the format has 24000 Hz");
  });

  it("prints JSON", async () => {
    const { stdout } = await runCli(["corpus", root, "--json"]);
    const found = JSON.parse(stdout) as { recordings: number; problems: { name: string }[] };
    expect([found.recordings, found.problems[0].name]).toEqual([3, "short.wav"]);
  });

  it("takes lists, and refuses those that name nothing", async () => {
    const list = join(root, "list.txt");
    writeFileSync(list, "s1\ns2.wav\n");
    expect((await runCli(["corpus", root, "--held-out", list])).stdout).toContain("held out  2 recordings");
    expect((await runCli(["corpus", root, "--files", list])).stdout).toContain("2 usable recordings");
    writeFileSync(list, "s7\n");
    const { stderr, code } = await runCli(["corpus", root, "--files", list]);
    expect([code, stderr.includes("None of the 1 names")]).toEqual([2, true]);
  });

  it("refuses a folder without recordings", async () => {
    const { stderr, code } = await runCli(["corpus", join(root, "none")]);
    expect(code).toBe(2);
    expect(stderr).toContain("does not exist");
  });
});

// Scripts that complete the command line: run by the shells themselves, as far as this machine has them.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commands } from "../../src/cli/commands.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-test-"));
const shells = ["bash", "zsh", "fish"] as const;
const scripts: Partial<Record<(typeof shells)[number], string>> = {};

function isHere(shell: string): boolean {
  return spawnSync(shell, ["-c", "exit 0"]).status === 0;
}

beforeAll(async () => {
  for (const shell of shells) {
    const { stdout, stderr, code } = await runCli(["completion", shell]);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    scripts[shell] = join(folder, shell);
    writeFileSync(scripts[shell], stdout);
  }
}, 120_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** What bash offers for the last word. */
function inBash(...words: string[]): string[] {
  const list = words.map((word) => `'${word}'`).join(" ");
  const script =
    `source '${scripts.bash}'; COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _vocode; ` +
    'printf "%s\\n" "${COMPREPLY[@]}"';
  return execFileSync("bash", ["-c", script], { cwd: folder, encoding: "utf8" })
    .split("\n")
    .filter(Boolean)
    .sort();
}

describe.skipIf(!isHere("bash"))("the completion for bash", () => {
  it("knows all commands", () => {
    for (const { name } of commands) expect(inBash("vocode", name)).toContain(name);
    expect(inBash("vocode", "tra")).toEqual(["train"]);
  });

  it("knows the options of a command, and those of a synthesis without its name", () => {
    expect(inBash("vocode", "train", "wavs", "--held")).toEqual(["--held-out"]);
    expect(inBash("vocode", "a.mel", "b.wav", "--refine-m")).toEqual(["--refine-momentum"]);
    expect(inBash("vocode", "schedule", "--held")).toEqual([]);
  });

  it("knows the words that an option and an argument take", () => {
    expect(inBash("vocode", "a.mel", "b.wav", "--engine", "")).toEqual([
      "auto",
      "graph",
      "javascript",
      "tensorflow",
    ]);
    expect(inBash("vocode", "train", "wavs", "--device", "c")).toEqual(["cpu", "cuda"]);
    expect(inBash("vocode", "completion", "z")).toEqual(expect.arrayContaining(["zsh"]));
  });

  it("offers files where those belong", () => {
    expect(inBash("vocode", "info", "fi")).toEqual(["fish"]);
  });
});

describe("the completion script", () => {
  it.each(shells.filter(isHere))("for %s is one that the shell can read", (shell) => {
    const { status, stderr } = spawnSync(shell, ["-n", scripts[shell]!], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it.runIf(isHere("fish"))("for fish completes options and their words", () => {
    const offered = (line: string): string[] =>
      execFileSync("fish", ["-c", `source '${scripts.fish}'; complete -C '${line}'`], { encoding: "utf8" })
        .split("\n")
        .map((each) => each.split("\t")[0]);
    expect(offered("vocode trai")).toContain("train");
    expect(offered("vocode train --held")).toContain("--held-out");
    expect(offered("vocode a.mel b.wav --engine ")).toEqual(expect.arrayContaining(["graph", "auto"]));
  });

  it("for another shell is refused with the list of those that there are", async () => {
    const { stderr, code } = await runCli(["completion", "cmd"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/Allowed choices are bash, zsh, fish/);
  });
});

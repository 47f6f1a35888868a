// What holds for every command: its help, its words about wrong use, and what becomes of its output.
import { spawn, type StdioOptions } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runProgram } from "../support/run-cli.js";
import { wavBytes } from "../support/wav-bytes.js";

const program = fileURLToPath(new URL("../../bin/vocode.js", import.meta.url));
const commands = ["mel", "info", "schedule", "toy", "engines"];

/** A run whose standard output and standard error go elsewhere; its exit code and what it said on the latter. */
function runInto(stdio: StdioOptions, closeEarly: boolean): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, "schedule", "cosine-1000", "--json"], { stdio });
    let stderr = "";
    child.stderr?.on("data", (text: Buffer) => (stderr += text.toString()));
    if (closeEarly) child.stdout?.destroy();
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, stderr });
    });
  });
}

describe("every command", () => {
  it.each(commands)("%s has help, --json and --quiet", async (name) => {
    const { stdout, stderr, code } = await runProgram([name, "--help"]);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    expect(stdout).toMatch(/--json +print JSON/);
    expect(stdout).toMatch(/--quiet +no notes on stderr/);
    expect(stdout).toMatch(/--help +print this help/);
    expect(await runProgram(["help", name])).toEqual({ stdout, stderr, code });
  });

  it.each([
    [["mel"], "vocode: missing required argument 'input'\n(vocode mel --help lists what it takes)"],
    [["info", "--frob"], "vocode: unknown option '--frob'\n(vocode info --help lists what it takes)"],
    [["frob"], "vocode: unknown command 'frob'\n(vocode --help lists the commands)"],
    [["help", "frob"], "vocode: unknown command 'frob'\n(vocode --help lists the commands)"],
    [[], "Usage: vocode"],
  ])("answers %j with a sentence and exit code 2", async (words, message) => {
    const run = await runProgram(words);
    expect(run.stderr).toContain(message);
    expect(run).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("the output of a command", () => {
  it("may be closed by its reader", async () => {
    expect(await runInto(["ignore", "pipe", "pipe"], true)).toEqual({ code: 0, stderr: "" });
  });

  it.runIf(process.platform === "linux")("that meets a full disk is a sentence and exit code 2", async () => {
    const full = openSync("/dev/full", "w");
    const run = await runInto(["ignore", full, "pipe"], false);
    closeSync(full);
    expect(run.stderr).toMatch(/^vocode: Standard output could not be written: the disk is full/);
    expect(run.code).toBe(2);
  });
});

describe.skipIf(process.platform === "win32")("a signal", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s ends a long analysis with code %d and leaves no file", async (signal, code) => {
    const folder = await mkdtemp(join(tmpdir(), "vocode-signal-"));
    try {
      // ten minutes of 8-bit silence
      await writeFile(join(folder, "long.wav"), wavBytes({ bits: 8, data: new Uint8Array(600 * 22_050) }));
      const child = spawn(process.execPath, [program, "mel", "long.wav"], { cwd: folder, stdio: "ignore" });
      const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
      while ((await readdir(folder)).length < 2 && child.exitCode === null) await setTimeout(5);
      child.kill(signal);
      expect(await ended).toBe(code);
      expect(await readdir(folder)).toEqual(["long.wav"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

// A training that takes seconds through the command line: a few tones as WAV files, and options for a tiny network.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { writeCorpus } from "./corpus-files.js";
import { type CliRun, runCli } from "./run-cli.js";

const settings: Readonly<Record<string, string>> = {
  windowLengths: "1024",
  channels: "8",
  expanded: "12",
  dilations: "1",
  levelWidth: "8",
  corrections: "1",
  encoderChannels: "8",
  encoderExpanded: "12",
  encoderDilations: "1",
  priorSteps: "20",
  excitationSteps: "0",
  batch: "2",
  cropFrames: "8",
  speeds: "1",
};

/** The options of the tiny network. */
export const tinySettings: readonly string[] = [
  ...Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`]),
  ...["--threads", "1", "--no-samples", "--no-calibration"],
];

/** Makes a folder of six recordings in a folder; one of them will be held out. */
export function writeTinyCorpus(parent: string): string {
  const folder = join(parent, "wavs");
  mkdirSync(folder);
  writeCorpus(folder, 6);
  return folder;
}

/** A folder with those recordings while a test file runs, and `vocode train` in it. */
export function tinyTraining(): {
  readonly parent: string;
  readonly train: (...args: string[]) => Promise<CliRun>;
} {
  const parent = mkdtempSync(join(tmpdir(), "vocode-train-"));
  writeTinyCorpus(parent);
  afterAll(() => {
    rmSync(parent, { recursive: true });
  });
  return { parent, train: (...args) => runCli(["train", ...args], { cwd: parent }) };
}

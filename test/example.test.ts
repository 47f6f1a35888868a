// docs/example.ts is type-checked with everything else, and here compiled and run as its reader would.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readRecording } from "../src/audio/open-recording.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vocode-example-"));
// inside the package, where "mel-vocode" is the package itself
const compiled = join(root, "docs", `.example-${process.pid}.mjs`);

beforeAll(() => {
  const source = readFileSync(join(root, "docs", "example.ts"), "utf8");
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  writeFileSync(compiled, outputText);
});
afterAll(() => {
  rmSync(compiled, { force: true });
  rmSync(folder, { recursive: true });
});

it("docs/example.ts gives the same speech whole and streamed", async () => {
  const [whole, streamed] = ["whole.wav", "streamed.wav"].map((name) => join(folder, name));
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [
    compiled,
    join(root, "data", "speech.mel"),
    whole,
    streamed,
  ]);
  expect(stdout).toMatch(/× real time\nsound comes \d\.\d\d s and a tile behind the mel\nfirst sound after/);
  const [first, second] = [await readRecording(whole), await readRecording(streamed)];
  expect(second.samples).toHaveLength(first.samples.length);
  const largest = first.samples.reduce(
    (most, value, n) => Math.max(most, Math.abs(value - second.samples[n])),
    0,
  );
  // float32 to 1e-4 on random weights (test/vocoder.test.ts), trained ones carry a rounded pitch further; then 16 bits
  expect(largest).toBeLessThan(1e-3);
});

// A warm run of the command line loads what it needs and not more: its start is felt at each clip.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadedModules } from "../../bench/loaded-modules.js";
import { runProgram } from "../support/run-cli.js";

/** Modules of dist/ that a warm `vocode data/speech.mel out.wav` may load, its threads' included. */
const MOST_MODULES = 90;

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("a warm synthesis", () => {
  let folder: string;
  let loaded: ReturnType<typeof loadedModules>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "vocode-modules-"));
    const args = [join(root, "data", "speech.mel"), join(folder, "out.wav"), "--quiet"];
    const cache = { VOCODE_CACHE: join(folder, "cache") };
    // the first run compiles the graphs that the second finds
    expect(await runProgram(args, { env: cache })).toMatchObject({ code: 0 });
    loaded = loadedModules(root, args, { ...process.env, ...cache });
  }, 180_000);
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it(`loads at most ${MOST_MODULES} modules of its own`, () => {
    expect(loaded.own).toContain("cli/main.js");
    expect(loaded.own.length).toBeLessThanOrEqual(MOST_MODULES);
  });

  it("loads onnxruntime and nothing of tfjs", () => {
    expect(loaded.packages.filter((path) => path.startsWith("onnxruntime-node/"))).not.toEqual([]);
    expect(loaded.packages.filter((path) => path.startsWith("@tensorflow/"))).toEqual([]);
  });
});

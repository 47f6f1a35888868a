// The addon that `npm run native` builds: a process of its own loads it and compares a convolution and its gradient
// with plain JavaScript. Skipped where it was not built, which takes a download of 207 MB.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readCheck } from "../../scripts/native/check-report.js";

const packageName = "@tensorflow/tfjs-node";
const selfCheck = fileURLToPath(new URL("../../scripts/native/self-check.js", import.meta.url));
const builtAddon = fileURLToPath(new URL(`../../node_modules/${packageName}/lib`, import.meta.url));

describe("the addon of tfjs-node", () => {
  it("computes a convolution and its gradient", ({ skip }) => {
    if (!existsSync(builtAddon)) skip("not built: npm run native");
    const { result, problem } = readCheck(
      spawnSync(process.execPath, [selfCheck, packageName], { encoding: "utf8" }),
    );
    expect(problem).toBeUndefined();
    expect(result).toMatchObject({ backend: "tensorflow", gpu: false });
    expect(result?.largestError).toBeLessThan(1e-5);
  });
});

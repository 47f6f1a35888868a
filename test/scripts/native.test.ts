// The parts of `npm run native` that decide and explain: which wheel for which machine, what is missing, what the
// self-check's end means. That the addon really computes is seen in test/runtime/native.long.test.ts.
import { mkdtempSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { explainBuildFailure } from "../../scripts/native/addon.js";
import { describeCheck, readCheck } from "../../scripts/native/check-report.js";
import { holdsLibrary, libraryFolder } from "../../scripts/native/library.js";
import { cudaRequirements, recipeFor } from "../../scripts/native/recipe.js";
import { explainFullDisk, explainMissingTools, missingTools } from "../../scripts/native/requirements.js";

const linux = { platform: "linux", glibc: true };

describe("the TensorFlow wheel for a machine", () => {
  it("is TensorFlow's CPU wheel on Linux, and Amazon's build of it on arm64", () => {
    expect(recipeFor({ ...linux, arch: "x64" }, false)).toMatchObject({
      packageName: "@tensorflow/tfjs-node",
      distribution: "tensorflow-cpu",
      wheelPlatform: "manylinux2014_x86_64",
      cuda: false,
    });
    expect(recipeFor({ ...linux, arch: "arm64" }, false)).toMatchObject({
      distribution: "tensorflow-cpu-aws",
      wheelPlatform: "manylinux2014_aarch64",
    });
  });

  it("is the CUDA wheel for tfjs-node-gpu, marked as not run", () => {
    const recipe = recipeFor({ ...linux, arch: "x64" }, true);
    expect(recipe).toMatchObject({
      packageName: "@tensorflow/tfjs-node-gpu",
      distribution: "tensorflow",
      cuda: true,
    });
    expect(recipe.untested).toMatch(/CUDA/);
  });

  it.each([
    [{ platform: "darwin", arch: "arm64", glibc: false }, false, /darwin \(arm64\).*npm install --no-save/],
    [
      { platform: "win32", arch: "x64", glibc: false },
      true,
      /npm install --no-save @tensorflow\/tfjs-node-gpu/,
    ],
    [{ platform: "linux", arch: "x64", glibc: false }, false, /Linux without glibc/],
    [{ ...linux, arch: "arm64" }, true, /no GPU wheel for Linux on arm64: build without --gpu/],
    [{ ...linux, arch: "ppc64" }, false, /no wheel for Linux on ppc64.*'graph'/],
  ])("refuses %o (gpu: %s) with a way out", (machine, gpu, message) => {
    expect(() => recipeFor(machine, gpu)).toThrow(message);
  });

  it("names the CUDA libraries that TensorFlow was built for", () => {
    const metadata = [
      "Requires-Dist: numpy (<2.0.0,>=1.23.5)",
      "Requires-Dist: nvidia-cublas-cu12 (==12.2.5.6) ; extra == 'and-cuda'",
      'Requires-Dist: nvidia-cudnn-cu12==8.9.4.25; extra == "and-cuda"',
    ].join("\n");
    expect(cudaRequirements(metadata)).toEqual([
      "nvidia-cublas-cu12==12.2.5.6",
      "nvidia-cudnn-cu12==8.9.4.25",
    ]);
  });
});

describe("the folder of TensorFlow's library", () => {
  const recipe = recipeFor({ ...linux, arch: "x64" }, false);

  it("lies in the user's cache", () => {
    expect(libraryFolder(recipe, "x64", { XDG_CACHE_HOME: "/caches" })).toBe(
      "/caches/vocode/libtensorflow/tensorflow-cpu-2.15.1-x64",
    );
    // the XDG specification: relative paths are invalid and ignored
    expect(libraryFolder(recipe, "x64", { XDG_CACHE_HOME: "caches" })).toMatch(/\/\.cache\/vocode\//);
  });

  it("counts as complete only with the library in it", () => {
    const folder = mkdtempSync(join(tmpdir(), "vocode-native-"));
    expect(holdsLibrary(folder)).toBe(false);
    mkdirSync(join(folder, "tensorflow"));
    writeFileSync(join(folder, "tensorflow", "libtensorflow.so"), "");
    expect(holdsLibrary(folder)).toBe(true);
  });
});

describe("what the machine lacks for the native build", () => {
  it("is named all at once, with Debian's packages", () => {
    const missing = missingTools((command) => command[0] === "make");
    expect(explainMissingTools(missing)).toMatch(
      /Python 3.*pip.*a C\+\+ compiler.*apt-get install python3 python3-pip g\+\+$/,
    );
    expect(missingTools(() => true)).toEqual([]);
  });

  it("may be room on the disk", () => {
    expect(explainFullDisk("/caches", 0.31e9, 0.9e9)).toMatch(
      /\/caches .* 0\.3 GB free; .* takes 0\.9 GB.*XDG_CACHE_HOME/,
    );
  });
});

describe("a native build that failed", () => {
  it.each([
    ["Failed to execute 'node-gyp clean' (Error: spawn node-gyp ENOENT)", /npm run native/],
    ["gyp http GET …/node-v20.20.2-headers.tar.gz\ngyp ERR! configure error", /npm_config_nodedir=FOLDER/],
    [
      "gyp http GET …/node-v20.20.2-headers.tar.gz\nfatal error: c_api.h\ngyp ERR! build error",
      /did not compile/,
    ],
  ])("is explained by its words: %s", (words, explanation) => {
    expect(explainBuildFailure("@tensorflow/tfjs-node", words)).toMatch(explanation);
  });
});

describe("the end of the native self-check", () => {
  const result = {
    backend: "tensorflow",
    tensorFlow: "2.15.1",
    gpu: false,
    largestError: 6.1e-7,
    gigaflops: 104.8,
  };
  const ended = (changes: object) =>
    readCheck({ status: 0, signal: null, stdout: `${JSON.stringify(result)}\n`, stderr: "", ...changes });

  it("is a result that reads as one sentence", () => {
    expect(ended({})).toEqual({ result });
    expect(describeCheck("@tensorflow/tfjs-node", result)).toBe(
      "@tensorflow/tfjs-node runs: backend 'tensorflow', TensorFlow 2.15.1 on the CPU; " +
        "a convolution and its gradient equal plain JavaScript's to 6.1e-7; 105 GFLOP/s.",
    );
  });

  it.each([
    ["a processor without AVX", { status: null, signal: "SIGILL" }, /AVX/],
    ["a crash", { status: null, signal: "SIGSEGV" }, /SIGSEGV/],
    [
      "a library that is gone",
      { status: 1, stderr: "node:internal\n\nError: libtensorflow_cc.so.2: cannot open\n    at x" },
      /^Error: libtensorflow_cc\.so\.2: cannot open$/,
    ],
    ["another backend", { stdout: JSON.stringify({ ...result, backend: "cpu" }) }, /'cpu'/],
    ["wrong numbers", { stdout: JSON.stringify({ ...result, largestError: 0.01 }) }, /1\.0e-2/],
    ["no numbers", { stdout: JSON.stringify({ ...result, largestError: null }) }, /differs/],
  ])("tells %s", (_, changes, problem) => {
    expect(ended(changes).problem).toMatch(problem);
  });
});

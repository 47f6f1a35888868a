// What is said of TensorFlow's packages where they cannot be loaded.
import { afterEach, describe, expect, it, vi } from "vitest";
import { loadFailure, loadTensorFlow, packageFault } from "../../../src/host/node/backends.js";

// a package without addon that throws as it loads, so that no native library comes into this process
vi.mock("@tensorflow/tfjs-node", () => {
  throw new Error("no addon");
});

describe("loadTensorFlow", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it.each([
    [undefined, "2"],
    ["0", "0"],
  ])("with a log level of %s lets TensorFlow log from level %s on", async (before, after) => {
    vi.stubEnv("TF_CPP_MIN_LOG_LEVEL", before);
    await expect(loadTensorFlow("@tensorflow/tfjs-node")).rejects.toThrow();
    expect(process.env["TF_CPP_MIN_LOG_LEVEL"]).toBe(after);
  });
});

describe("a package that cannot be loaded", () => {
  it.each([
    "libtensorflow_cc.so.2: cannot open shared object file: No such file or directory",
    "dlopen(tfjs_binding.node): Library not loaded: @rpath/libtensorflow_cc.so.2\n  Reason: no such file",
  ])("for want of TensorFlow's library says what fetches it: %s", (message) => {
    expect(loadFailure("@tensorflow/tfjs-node", new Error(message))).toBe(
      "@tensorflow/tfjs-node does not find libtensorflow_cc.so.2: run 'npm run native'.",
    );
    expect(loadFailure("@tensorflow/tfjs-node-gpu", new Error(message))).toContain("npm run native -- --gpu");
  });

  it("for another reason says that", () => {
    expect(loadFailure("@tensorflow/tfjs-node", new Error("version `GLIBC_2.38' not found"))).toBe(
      "@tensorflow/tfjs-node does not load: version `GLIBC_2.38' not found",
    );
  });

  it("names what builds it", () => {
    const fault = packageFault("@tensorflow/tfjs-node-gpu");
    if (fault !== undefined) expect(fault).toContain(": run 'npm run native -- --gpu'.");
  });
});

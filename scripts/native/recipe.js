// @ts-check
// Which TensorFlow library goes with which package of tfjs, and on which machines this is known to work.
// PyPI's wheels of TensorFlow carry the C library (libtensorflow_cc) and its headers, which is what the addon of
// tfjs-node is compiled and linked against. No function here touches the disk or the network.
import { NativeBuildFailure } from "./failure.js";

/** The TensorFlow version whose wheels are used: tfjs-node 4.22 was seen to compile and run with it unchanged. */
export const tensorFlowVersion = "2.15.1";

/**
 * @typedef {object} Machine
 * @property {string} platform Node's process.platform
 * @property {string} arch Node's process.arch
 * @property {boolean} glibc whether the C library is glibc (musl, as on Alpine, is not)
 */

/**
 * @typedef {object} Recipe
 * @property {string} packageName the tfjs package whose addon is built
 * @property {string} distribution PyPI's name of the wheel that holds the library
 * @property {string} wheelPlatform the platform tag to ask pip for
 * @property {boolean} cuda whether NVIDIA's CUDA libraries are fetched too
 * @property {string} size what is downloaded and what stays on disk, in words
 * @property {number} diskBytes free space needed while unpacking
 * @property {string} [untested] what of this recipe has never been run
 */

const gigabyte = 1e9;

/**
 * The recipe for a machine.
 *
 * @param {Machine} machine
 * @param {boolean} gpu for tfjs-node-gpu instead of tfjs-node
 * @returns {Recipe}
 * @throws {NativeBuildFailure} where no wheel fits, with what to do instead
 */
export function recipeFor(machine, gpu) {
  const { platform, arch, glibc } = machine;
  const packageName = gpu ? "@tensorflow/tfjs-node-gpu" : "@tensorflow/tfjs-node";
  if (platform !== "linux" || !glibc) {
    const here = platform === "linux" ? "Linux without glibc" : platform;
    throw new NativeBuildFailure(
      `This build is for Linux with glibc; here is ${here} (${arch}). ` +
        (platform === "linux"
          ? "TensorFlow publishes no library for it: use a Debian-based image, or vocode's default engine, 'graph'."
          : `There the package fetches its own library: npm install --no-save ${packageName}`),
    );
  }
  if (arch === "x64") return gpu ? cudaRecipe(packageName) : x64Recipe(packageName);
  if (arch === "arm64" && !gpu) return arm64Recipe(packageName);
  throw new NativeBuildFailure(
    `TensorFlow ${tensorFlowVersion} has no ${gpu ? "GPU " : ""}wheel for Linux on ${arch}` +
      (arch === "arm64" ? ": build without --gpu." : "; vocode's default engine, 'graph', needs none."),
  );
}

/** @param {string} packageName @returns {Recipe} */
function x64Recipe(packageName) {
  return {
    packageName,
    distribution: "tensorflow-cpu",
    wheelPlatform: "manylinux2014_x86_64",
    cuda: false,
    size: "207 MB to download, 0.6 GB on disk",
    diskBytes: 0.9 * gigabyte,
  };
}

/** @param {string} packageName @returns {Recipe} */
function arm64Recipe(packageName) {
  return {
    packageName,
    distribution: "tensorflow-cpu-aws",
    wheelPlatform: "manylinux2014_aarch64",
    cuda: false,
    size: "212 MB to download, 0.7 GB on disk",
    diskBytes: 1 * gigabyte,
    untested: "the arm64 build has not been run; it is the x64 recipe with the wheel for arm64.",
  };
}

/** @param {string} packageName @returns {Recipe} */
function cudaRecipe(packageName) {
  return {
    packageName,
    distribution: "tensorflow",
    wheelPlatform: "manylinux2014_x86_64",
    cuda: true,
    size: "2.4 GB to download, 4.0 GB on disk",
    diskBytes: 5 * gigabyte,
    untested: "computing with CUDA has not been run: this was built and loaded on a machine without a GPU.",
  };
}

/**
 * The CUDA libraries that a TensorFlow wheel was built for, as pip requirements ("nvidia-cublas-cu12==12.2.5.6").
 *
 * @param {string} metadata the wheel's METADATA file
 * @returns {string[]}
 */
export function cudaRequirements(metadata) {
  const line = /^Requires-Dist: (nvidia-[\w-]+) ?\(?==([\w.]+)\)? ?; ?extra == ['"]and-cuda['"]/gm;
  return [...metadata.matchAll(line)].map(([, name, version]) => `${name}==${version}`);
}

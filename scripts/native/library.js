// @ts-check
// TensorFlow's C library out of PyPI's wheel. The wheel is only unpacked, never installed: the Python found here
// may be of any version, and its packages stay as they are. The unpacked library lies in the user's cache, because
// node_modules is emptied by each `npm ci`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NativeBuildFailure } from "./failure.js";
import { cudaRequirements, tensorFlowVersion } from "./recipe.js";

/** @typedef {import("./recipe.js").Recipe} Recipe */

const unpacker = fileURLToPath(new URL("unpack-wheel.py", import.meta.url));

/** What the addon needs of the wheel: the two libraries, what they link to, and the C interface's headers. */
const parts = [
  "tensorflow/libtensorflow_",
  "tensorflow_cpu_aws.libs/",
  "tensorflow/include/tensorflow/c/",
  "tensorflow/include/tensorflow/core/platform/",
  "tensorflow/include/tsl/",
];

/**
 * Where the unpacked library of a recipe lies: under $XDG_CACHE_HOME, or ~/.cache.
 *
 * @param {Recipe} recipe
 * @param {string} arch Node's process.arch
 * @param {Record<string, string | undefined>} [environment]
 */
export function libraryFolder(recipe, arch, environment = process.env) {
  const { XDG_CACHE_HOME: asked } = environment;
  // the XDG specification: a relative path is to be ignored
  const cache = asked !== undefined && isAbsolute(asked) ? asked : join(homedir(), ".cache");
  return join(cache, "vocode", "libtensorflow", `${recipe.distribution}-${tensorFlowVersion}-${arch}`);
}

/** Whether a folder holds an unpacked library. @param {string} folder */
export function holdsLibrary(folder) {
  return existsSync(join(folder, "tensorflow", "libtensorflow.so"));
}

/**
 * Downloads the recipe's wheel and unpacks what the addon needs. The folder appears only when it is complete.
 *
 * @param {Recipe} recipe
 * @param {string} folder where to; replaced if it is there
 * @throws {NativeBuildFailure} if pip cannot download the wheel, or it cannot be unpacked
 */
export function fetchLibrary(recipe, folder) {
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true }); // left by a run that was killed
  mkdirSync(unfinished, { recursive: true });
  try {
    fetchWheels(recipe, unfinished);
    nameForLinker(join(unfinished, "tensorflow"));
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/**
 * @param {Recipe} recipe
 * @param {string} folder
 */
function fetchWheels(recipe, folder) {
  const metadata = fetchWheel(`${recipe.distribution}==${tensorFlowVersion}`, recipe, folder, parts);
  if (!recipe.cuda) return;
  // TensorFlow looks for these beside its own folder, as they lie in Python's site-packages
  for (const requirement of cudaRequirements(metadata)) fetchWheel(requirement, recipe, folder, ["nvidia/"]);
}

/**
 * The addon's build file asks for -ltensorflow and -ltensorflow_framework; the wheel's files are called
 * libtensorflow_cc.so.2 and libtensorflow_framework.so.2, and are loaded under these names later.
 *
 * @param {string} folder
 */
function nameForLinker(folder) {
  symlinkSync("libtensorflow_cc.so.2", join(folder, "libtensorflow.so"));
  symlinkSync("libtensorflow_framework.so.2", join(folder, "libtensorflow_framework.so"));
}

/**
 * @param {string} requirement "name==version"
 * @param {Recipe} recipe
 * @param {string} folder
 * @param {string[]} prefixes of the paths to keep
 * @returns {string} the wheel's METADATA
 */
function fetchWheel(requirement, recipe, folder, prefixes) {
  const download = join(folder, "download");
  // pip's words go to stderr, with its progress bar: stdout is for the result
  const pip = spawnSync(
    "python3",
    // pip's own index settings decide where from; the wheel is for Python 3.11, whatever Python is running
    ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--python-version", "3.11"].concat(
      ["--platform", recipe.wheelPlatform, "--no-cache-dir", "--disable-pip-version-check"],
      ["--dest", download, requirement],
    ),
    { stdio: ["ignore", 2, 2] },
  );
  if (pip.status !== 0) {
    throw new NativeBuildFailure(
      `pip could not download ${requirement} for ${recipe.wheelPlatform}; its own words are above. Without network: ` +
        "download the wheel elsewhere and run this again with PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER.",
    );
  }
  const [wheel] = readdirSync(download);
  const unpack = spawnSync("python3", [unpacker, join(download, wheel), folder, ...prefixes], {
    encoding: "utf8",
    maxBuffer: 64e6,
  });
  if (unpack.status !== 0) {
    throw new NativeBuildFailure(`${wheel} could not be unpacked to ${folder}:\n${unpack.stderr}`);
  }
  rmSync(download, { recursive: true });
  return unpack.stdout;
}

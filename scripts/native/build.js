// @ts-check
// npm run native [-- --gpu] [-- --rebuild]: makes the `tensorflow` engine available by building the addon of
// tfjs-node (or tfjs-node-gpu) against the TensorFlow library of PyPI's wheel. docs/native.md says why.
// A second run finds the addon working and ends at once.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compileAddon, ensurePackage, linkLibrary } from "./addon.js";
import { describeCheck, readCheck } from "./check-report.js";
import { NativeBuildFailure } from "./failure.js";
import { fetchLibrary, holdsLibrary, libraryFolder } from "./library.js";
import { recipeFor } from "./recipe.js";
import { checkRequirements } from "./requirements.js";

const selfCheck = fileURLToPath(new URL("self-check.js", import.meta.url));

/** @param {string} packageName */
function runSelfCheck(packageName) {
  const child = spawnSync(process.execPath, [selfCheck, packageName], { encoding: "utf8" });
  return readCheck(child);
}

/** @param {string} text */
function note(text) {
  process.stderr.write(`native: ${text}\n`);
}

/** Whether the C library of this process is glibc, which TensorFlow's wheels are built for. */
function usesGlibc() {
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return header.glibcVersionRuntime !== undefined;
}

/** @throws {NativeBuildFailure} if an option is unknown */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: { gpu: { type: "boolean", default: false }, rebuild: { type: "boolean", default: false } },
    });
    return values;
  } catch (error) {
    throw new NativeBuildFailure(
      `${/** @type {Error} */ (error).message}. The options are --gpu and --rebuild.`,
    );
  }
}

function build() {
  const { gpu, rebuild } = readOptions();
  const machine = { platform: process.platform, arch: process.arch, glibc: usesGlibc() };
  const recipe = recipeFor(machine, gpu);
  const before = runSelfCheck(recipe.packageName);
  if (before.result && !rebuild) {
    note(`already built. ${describeCheck(recipe.packageName, before.result)}`);
    return;
  }

  const library = libraryFolder(recipe, process.arch);
  const haveLibrary = holdsLibrary(library) && !rebuild;
  checkRequirements(library, haveLibrary ? 0 : recipe.diskBytes);
  if (recipe.untested) note(`untested: ${recipe.untested}`);
  if (haveLibrary) note(`the TensorFlow library is in ${library}.`);
  else {
    note(`fetching the TensorFlow library to ${library}: ${recipe.size}.`);
    fetchLibrary(recipe, library);
  }
  if (ensurePackage(recipe.packageName)) note(`${recipe.packageName} installed without its own download.`);
  linkLibrary(recipe.packageName, library);
  note("compiling the addon, about ten seconds.");
  compileAddon(recipe.packageName);

  const after = runSelfCheck(recipe.packageName);
  if (!after.result) {
    throw new NativeBuildFailure(
      `the addon was built but does not work: ${after.problem}\n` +
        "If the library was damaged, npm run native -- --rebuild fetches it anew.",
    );
  }
  note(`built. ${describeCheck(recipe.packageName, after.result)}`);
  if (recipe.cuda && !after.result.gpu) {
    note("TensorFlow sees no GPU, so it computes on the CPU: nvidia-smi shows whether the driver sees one.");
  }
}

try {
  build();
} catch (error) {
  // besides the failures foreseen here, what the system says of a folder or a disk is clear enough
  const known = error instanceof NativeBuildFailure || (error instanceof Error && "syscall" in error);
  if (!known) throw error;
  note(error.message);
  process.exitCode = 1;
}

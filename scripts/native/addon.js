// @ts-check
// The addon of tfjs-node: its package without its own download, the library linked into it, and the compilation.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NativeBuildFailure } from "./failure.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * The folder of an installed package of this project.
 *
 * @param {string} packageName
 */
export function packageFolder(packageName) {
  return join(root, "node_modules", packageName);
}

/**
 * Puts the package into node_modules if it is not there. npm leaves an optional dependency out when its install script
 * fails, as tfjs-node's does where it cannot download libtensorflow. Versions come from the lockfile, and neither it
 * nor package.json is changed.
 *
 * @param {string} packageName
 * @returns {boolean} whether it had to be installed
 * @throws {NativeBuildFailure} if npm cannot
 */
export function ensurePackage(packageName) {
  const manifest = join(packageFolder(packageName), "package.json");
  if (existsSync(manifest)) return false;
  // devDependencies that were left out stay out
  const omit = existsSync(packageFolder("typescript")) ? [] : ["--omit=dev"];
  const npm = spawnSync(
    "npm",
    ["install", "--no-save", "--ignore-scripts", "--include=optional", "--no-audit", "--no-fund", ...omit],
    { cwd: root, stdio: ["ignore", 2, 2] },
  );
  if (npm.status !== 0 || !existsSync(manifest)) {
    throw new NativeBuildFailure(
      `npm could not install ${packageName} without its scripts; its own words are above.`,
    );
  }
  return true;
}

/**
 * Links the library and its headers to where the addon's build file and, later, the addon itself look for them.
 *
 * @param {string} packageName
 * @param {string} library the folder of an unpacked wheel
 */
export function linkLibrary(packageName, library) {
  const deps = join(packageFolder(packageName), "deps");
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(deps);
  symlinkSync(join(library, "tensorflow"), join(deps, "lib"));
  symlinkSync(join(library, "tensorflow", "include"), join(deps, "include"));
}

/**
 * Compiles the addon with the package's own build file.
 *
 * @param {string} packageName
 * @throws {NativeBuildFailure} with the end of the compiler's words
 */
export function compileAddon(packageName) {
  const folder = packageFolder(packageName);
  const builder = createRequire(join(folder, "package.json")).resolve(
    "@mapbox/node-pre-gyp/bin/node-pre-gyp",
  );
  const build = spawnSync(process.execPath, [builder, "install", "--build-from-source"], {
    cwd: folder,
    env: { ...process.env, ...headersOfNode() },
    encoding: "utf8",
    maxBuffer: 64e6,
  });
  if (build.status === 0) return;
  const words = `${build.stdout}${build.stderr}`;
  const end = words.trimEnd().split("\n").slice(-40).join("\n");
  throw new NativeBuildFailure(`${end}\n\n${explainBuildFailure(packageName, words)}`);
}

/**
 * The way out of a build that failed, by the words of node-gyp and the compiler.
 *
 * @param {string} packageName
 * @param {string} words
 */
export function explainBuildFailure(packageName, words) {
  if (/spawn node-gyp ENOENT/.test(words)) {
    return "node-gyp comes with npm and was not found: start the build through npm, as npm run native.";
  }
  if (/-headers\.tar/.test(words) && /configure error/.test(words)) {
    return (
      "Node's headers could not be downloaded. If they are on this machine, say where: " +
      "npm_config_nodedir=FOLDER npm run native, with the folder that holds include/node."
    );
  }
  return `${packageName} did not compile; the compiler's last words are above.`;
}

/**
 * Node's headers: those that npm's `nodedir` setting names, else those beside the running Node; without either,
 * node-gyp downloads them. The addon uses Node's stable interface (Node-API), so headers of another version do.
 *
 * @returns {Record<string, string>}
 */
function headersOfNode() {
  if (process.env.npm_config_nodedir) return {};
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include", "node", "node_api.h")) ? { npm_config_nodedir: prefix } : {};
}

// @ts-check
// What the build needs from the machine: looked at before anything is downloaded, and named all at once.
import { spawnSync } from "node:child_process";
import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { NativeBuildFailure } from "./failure.js";

/**
 * @typedef {object} Tool
 * @property {string} what what is missing, for a person
 * @property {string[]} command a command that succeeds where it is there
 * @property {string} debian Debian's package for it
 */

/** @type {Tool[]} */
const tools = [
  { what: "Python 3 (python3)", command: ["python3", "--version"], debian: "python3" },
  { what: "pip (python3 -m pip)", command: ["python3", "-m", "pip", "--version"], debian: "python3-pip" },
  { what: "make", command: ["make", "--version"], debian: "make" },
  {
    what: `a C++ compiler (${process.env.CXX ?? "g++"})`,
    command: [process.env.CXX ?? "g++", "--version"],
    debian: "g++",
  },
];

/**
 * The tools that do not answer.
 *
 * @param {(command: string[]) => boolean} [answers] whether a command ends well; runs it, unless a test says otherwise
 */
export function missingTools(answers = commandSucceeds) {
  return tools.filter((tool) => !answers(tool.command));
}

/**
 * One sentence that names what is missing and how to get it.
 *
 * @param {Tool[]} missing at least one
 */
export function explainMissingTools(missing) {
  const names = missing.map((tool) => tool.what).join(", ");
  const packages = missing.map((tool) => tool.debian).join(" ");
  return `The build needs ${names}, not found here. On Debian or Ubuntu: apt-get install ${packages}`;
}

/**
 * Stops the build early where it could not end well.
 *
 * @param {string} cache the folder that is going to hold the library; it need not exist
 * @param {number} diskBytes free space needed there
 * @throws {NativeBuildFailure}
 */
export function checkRequirements(cache, diskBytes) {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20) throw new NativeBuildFailure(`vocode needs Node 20 or newer; this is ${process.version}.`);
  const missing = missingTools();
  if (missing.length > 0) throw new NativeBuildFailure(explainMissingTools(missing));
  const free = freeBytes(cache);
  if (free < diskBytes) throw new NativeBuildFailure(explainFullDisk(cache, free, diskBytes));
}

/**
 * @param {string} folder
 * @param {number} free bytes
 * @param {number} needed bytes
 */
export function explainFullDisk(folder, free, needed) {
  return (
    `${folder} is on a disk with ${gigabytes(free)} GB free; unpacking the library takes ${gigabytes(needed)} GB. ` +
    "Make room, or set XDG_CACHE_HOME to a folder on another disk."
  );
}

/** @param {number} bytes */
function gigabytes(bytes) {
  return (bytes / 1e9).toFixed(1);
}

/** @param {string} folder that need not exist yet */
function freeBytes(folder) {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  return bavail * bsize;
}

/** @param {string[]} command */
function commandSucceeds([program, ...args]) {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

// @ts-check
// Which modules a run of the command line loads, in all its threads: those that V8's coverage has seen run.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** A run that has stood still is ended: Node 20's threads have been seen to wait for each other. */
const LONGEST_RUN_MS = 120_000;

/**
 * Runs the command line of a built checkout and waits for its end.
 *
 * @param {string} checkout its folder
 * @param {readonly string[]} args the arguments after the program's name
 * @param {Readonly<Record<string, string | undefined>>} environment
 * @returns {{ own: string[], packages: string[] }} each module once: those of dist/ by their path in it, and those of
 *   packages by their path in node_modules/
 */
export function loadedModules(checkout, args, environment = process.env) {
  const folder = mkdtempSync(join(tmpdir(), "vocode-modules-"));
  try {
    const program = join(checkout, "bin", "vocode.js");
    const { status, signal, stderr } = spawnSync(process.execPath, [program, ...args], {
      env: { ...environment, NODE_V8_COVERAGE: folder },
      encoding: "utf8",
      timeout: LONGEST_RUN_MS,
      killSignal: "SIGKILL", // a process that stands still answers no other
    });
    if (status !== 0) throw new Error(`vocode ${args.join(" ")} ended with ${status ?? signal}:\n${stderr}`);
    const urls = [...new Set(readdirSync(folder).flatMap((name) => scriptsOf(join(folder, name))))];
    const dist = `${pathToFileURL(join(checkout, "dist")).href}/`;
    const below = "/node_modules/";
    return {
      own: urls.filter((url) => url.startsWith(dist)).map((url) => url.slice(dist.length)),
      packages: urls
        .filter((url) => url.includes(below))
        .map((url) => url.slice(url.lastIndexOf(below) + below.length)),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * The scripts of a coverage file, one of which each thread leaves.
 *
 * @param {string} path
 * @returns {string[]}
 */
function scriptsOf(path) {
  /** @type {{ result: { url: string }[] }} */
  const { result } = JSON.parse(readFileSync(path, "utf8"));
  return result.map(({ url }) => url);
}

// @ts-check
// Which modules a run of the command line loads, in all its threads. Needs Node 20.6.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** A run that has stood still is ended: Node 20's hooks and threads have been seen to wait for each other. */
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
    const log = join(folder, "modules.txt");
    const preload = new URL("module-log.js", import.meta.url).href;
    const program = join(checkout, "bin", "vocode.js");
    const { status, stderr } = spawnSync(process.execPath, ["--import", preload, program, ...args], {
      env: { ...environment, LOADED_MODULES: log },
      encoding: "utf8",
      timeout: LONGEST_RUN_MS,
    });
    if (status !== 0) throw new Error(`vocode ${args.join(" ")} ended with ${status}:\n${stderr}`);
    const urls = [...new Set(readFileSync(log, "utf8").trim().split("\n"))];
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

// @ts-check
// How soon the command line is there: two built checkouts side by side, whole processes that take turns.
//   npm run build && node bench/start.js OTHER_CHECKOUT [runs]
// It prints medians of ten runs, or of so many, and this checkout's share of the other's; then how many modules a warm
// synthesis loads. Processor time and peak memory are the process's own words at its end, threads included.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { loadedModules } from "./loaded-modules.js";

const [otherFolder, runsText = "10"] = process.argv.slice(2);
const runs = Number(runsText);
const here = fileURLToPath(new URL("..", import.meta.url));
const usage = "node bench/start.js OTHER_CHECKOUT [runs]";
if (otherFolder === undefined || !Number.isInteger(runs) || runs < 1) throw new Error(usage);
for (const folder of [otherFolder, here]) {
  if (!existsSync(join(folder, "dist"))) throw new Error(`'${folder}' is not built: npm run build there.`);
}

const scratch = mkdtempSync(join(tmpdir(), "vocode-start-"));
const usageFile = join(scratch, "usage.json");
const preload = fileURLToPath(new URL("usage-at-exit.cjs", import.meta.url));

/** Each checkout keeps its compiled graphs for itself. */
const checkouts = [
  { name: "other", folder: resolve(otherFolder) },
  { name: "this", folder: here },
].map(({ name, folder }) => {
  const own = join(scratch, name);
  mkdirSync(own);
  return { folder, out: join(own, "out.wav"), env: { ...process.env, VOCODE_CACHE: join(own, "cache") } };
});
/** @typedef {(typeof checkouts)[number]} Checkout */

/** What is run: names and arguments. @type {readonly [string, (checkout: Checkout) => string[]][]} */
const cases = [
  ["--version", () => ["--version"]],
  ["--help", () => ["--help"]],
  ["warm speech.mel", ({ out }) => [join(here, "data", "speech.mel"), out, "--quiet"]],
];

/**
 * Seconds by the clock and of the processors, and MiB.
 *
 * @param {Checkout} checkout
 * @param {string[]} args
 */
function measure({ folder, env }, args) {
  const program = join(folder, "bin", "vocode.js");
  const begun = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ["--require", preload, program, ...args], {
    env: { ...env, USAGE_FILE: usageFile },
    encoding: "utf8",
  });
  const seconds = (performance.now() - begun) / 1000;
  if (status !== 0) throw new Error(`${folder}: vocode ${args.join(" ")} ended with ${status}:\n${stderr}`);
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(readFileSync(usageFile, "utf8"));
  return { seconds: seconds, "CPU seconds": (userCPUTime + systemCPUTime) / 1e6, "peak MiB": maxRSS / 1024 };
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** @param {readonly string[]} cells */
function line([name, quantity, ...numbers]) {
  console.log(name.padEnd(17) + quantity.padEnd(12) + numbers.map((text) => text.padStart(9)).join(""));
}

try {
  console.log(
    `${cpus()[0].model}, ${cpus().length} processors, Node ${process.versions.node}, ` +
      `load ${loadavg()[0].toFixed(2)}; medians of ${runs}`,
  );
  line(["", "", "other", "this", "ratio"]);
  for (const [name, argsFor] of cases) {
    // the files are in the system's memory then, and the graphs compiled
    for (const checkout of checkouts) measure(checkout, argsFor(checkout));
    const taken = checkouts.map(() => /** @type {ReturnType<typeof measure>[]} */ ([]));
    for (let run = 0; run < runs; run++) {
      // in turns, and each first as often as the other
      const order = run % 2 === 0 ? [0, 1] : [1, 0];
      for (const index of order) taken[index].push(measure(checkouts[index], argsFor(checkouts[index])));
    }
    for (const quantity of /** @type {const} */ (["seconds", "CPU seconds", "peak MiB"])) {
      const [other, own] = taken.map((each) => median(each.map((measured) => measured[quantity])));
      const digits = quantity === "peak MiB" ? 1 : 3;
      line([name, quantity, other.toFixed(digits), own.toFixed(digits), (own / other).toFixed(3)]);
    }
  }
  const loaded = checkouts.map((checkout) =>
    loadedModules(checkout.folder, cases[2][1](checkout), checkout.env),
  );
  for (const kind of /** @type {const} */ (["own", "packages"])) {
    const [other, own] = loaded.map((each) => each[kind].length);
    line([
      cases[2][0],
      kind === "own" ? "own modules" : "packages'",
      String(other),
      String(own),
      (own / other).toFixed(3),
    ]);
  }
} finally {
  rmSync(scratch, { recursive: true });
}

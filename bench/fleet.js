// @ts-check
// What a fleet costs on one machine: one process with so many threads against as many workers of one thread each, in turns;
// what a file costs beyond its synthesis; what the queue's server is asked. It starts a Redis of its own.
//   npm run build && node bench/fleet.js [files] [workers] [turns]
// On an idle machine. It prints each turn, then medians.
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";

const [files, workers, turns] = ["60", "2", "3"].map((usual, index) =>
  Number(process.argv[index + 2] ?? usual),
);
const program = fileURLToPath(new URL("../bin/vocode.js", import.meta.url));
const clip = fileURLToPath(new URL("../data/speech.mel", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "vocode-fleet-"));
const PORT = 7391;
const uri = `redis://127.0.0.1:${PORT}`;

/**
 * Runs vocode to its end.
 *
 * @param {readonly string[]} args
 * @returns {Promise<string>} what it wrote to stderr
 */
function run(...args) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (words += text));
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => {
      if (code === 0) resolve(words);
      else reject(new Error(`vocode ${args.join(" ")} ended with ${code}: ${words}`));
    });
  });
}

/** @param {() => Promise<unknown>} work */
async function seconds(work) {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

const mels = join(scratch, "mels");
mkdirSync(mels);
for (let i = 0; i < files; i++) copyFileSync(clip, join(mels, `${String(i).padStart(4, "0")}.mel`));
const few = join(scratch, "few");
mkdirSync(few);
for (let i = 0; i < workers; i++) copyFileSync(clip, join(few, `${i}.mel`));
const server = spawn("redis-server", [
  "--port",
  String(PORT),
  "--dir",
  scratch,
  "--appendonly",
  "yes",
  "--save",
  "",
]);
const redis = new Redis(uri, { maxRetriesPerRequest: null });

/** Calls of Redis's commands since it was asked last, scripts counted as one. */
async function calls() {
  const stats = await redis.info("commandstats");
  const counts = Object.fromEntries(
    [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, name, count]) => [name, Number(count)]),
  );
  await redis.config("RESETSTAT");
  return counts;
}

/**
 * Starting is measured apart, with a file for each worker: a long run hides it.
 *
 * @param {string} input
 * @param {number} count of files in it
 * @param {string} name
 */
async function fleet(input, count, name) {
  await redis.flushall();
  const to = join(scratch, name);
  const batch = String(Math.max(1, Math.min(50, Math.ceil(count / workers / 3))));
  const put = await seconds(() =>
    run("submit", input, "--to", to, "--queue", uri, "--batch", batch, "--quiet"),
  );
  await calls();
  let logs = [""];
  const worked = await seconds(async () => {
    const args = ["work", "--queue", uri, "--threads", "1", "--until-done", "--json"];
    logs = await Promise.all(Array.from({ length: workers }, () => run(...args)));
  });
  const jobs = logs
    .flatMap((text) => text.split("\n"))
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line))
    .filter(({ event }) => event === "job");
  const computed = jobs.reduce((sum, job) => sum + job.seconds, 0);
  rmSync(to, { recursive: true });
  return { put, worked, computed, calls: await calls() };
}

try {
  console.log(
    `${cpus()[0].model}, ${cpus().length} processors, Node ${process.versions.node}, load ${loadavg()[0].toFixed(2)}; ` +
      `${files} files of 4.7 s, ${workers} workers, ${turns} turns`,
  );
  await sleep(500);
  /** @type {Record<"single" | "fleet" | "cost" | "put", number[]>} */
  const found = { single: [], fleet: [], cost: [], put: [] };
  let asked = {};
  for (let turn = 0; turn < turns; turn++) {
    /** @param {string} input */
    const alone = (input) =>
      seconds(() => run(input, join(scratch, `single${turn}`), "--threads", String(workers), "--quiet"));
    const single = (await alone(mels)) - (await alone(few));
    const [many, start] = [await fleet(mels, files, `fleet${turn}`), await fleet(few, workers, `few${turn}`)];
    const more = files - workers;
    // the synthesis itself is the sum over workers that run side by side
    const cost = (workers * (many.worked - start.worked) - (many.computed - start.computed)) / more;
    found.single.push(more / single);
    found.fleet.push(more / (many.worked - start.worked));
    found.cost.push(1000 * cost);
    found.put.push((1000 * (many.put - start.put)) / more);
    asked = many.calls;
    console.log(
      `one process ${found.single[turn].toFixed(2)} files/s, fleet ${found.fleet[turn].toFixed(2)} files/s, ` +
        `${found.cost[turn].toFixed(1)} ms a file beyond synthesis, ${found.put[turn].toFixed(1)} ms to submit one`,
    );
  }
  const ratio = median(found.fleet.map((each, turn) => each / found.single[turn]));
  console.log(
    `medians: the fleet does ${ratio.toFixed(3)} times what one process does; ${median(found.cost).toFixed(1)} ms a file beyond ` +
      `synthesis, ${median(found.put).toFixed(1)} ms to submit one`,
  );
  const total = Object.values(asked).reduce((sum, count) => sum + count, 0);
  const names = Object.entries(asked).sort(([, a], [, b]) => b - a);
  console.log(
    `Redis: ${(total / files).toFixed(1)} commands a file, those within scripts included: ` +
      names
        .slice(0, 8)
        .map(([name, count]) => `${name} ${(count / files).toFixed(2)}`)
        .join(", "),
  );
  // what a cold start costs is in neither figure
  console.log(
    `a start of the program alone: ${(await seconds(async () => spawnSync(process.execPath, [program, "--version"]))).toFixed(2)} s`,
  );
} finally {
  redis.disconnect();
  server.kill();
  rmSync(scratch, { recursive: true, force: true });
}

// A fleet under attack: a worker killed every two seconds and replaced, Redis killed and started again from its log. Every
// result is there, and has the bits of the one-machine run.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisFault, startRedis, startWorker, type TestServer, type TestWorker } from "../support/fleet.js";
import { runProgram } from "../support/run-cli.js";
import { writeShortMels } from "../support/short-mels.js";

const FILES = 400;
const WORKERS = 4;
const KILLS = 30;
const REDIS_DIES_AT = 10;
/** A slow machine gets through fewer kills. */
const LONGEST_ATTACK_MS = 90_000;

const folder = mkdtempSync(join(tmpdir(), "vocode-kill-"));
const alone = join(folder, "alone");
const to = join(folder, "wavs");
let redis: TestServer;
let workers: TestWorker[] = [];
const all: TestWorker[] = [];

function start(): TestWorker {
  const worker = startWorker(redis.uri, ["--until-done"], {}, 3);
  all.push(worker);
  return worker;
}

beforeAll(async () => {
  if (redisFault === undefined) {
    mkdirSync(join(folder, "redis"));
    redis = await startRedis(join(folder, "redis"));
  }
});
afterAll(async () => {
  for (const worker of all) await worker.end("SIGKILL");
  await redis?.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(redisFault !== undefined)("a fleet whose workers and Redis are killed", () => {
  it("makes each file once, as one machine makes it", async () => {
    const { mels, voice } = await writeShortMels(folder, FILES);
    // slow enough to last for as long as it is attacked
    const options = ["--checkpoint", voice, "--steps", "25", "--refine", "16"];
    const single = await runProgram([mels, alone, ...options, "--threads", "2", "--quiet"]);
    expect(single.code, single.stderr).toBe(0);
    const queue = ["--queue", redis.uri];
    const submission = [
      "submit",
      mels,
      "--to",
      to,
      ...queue,
      ...options,
      "--batch",
      "20",
      "--attempts",
      "20",
    ];
    const both = await Promise.all([runProgram(submission), runProgram(submission)]);
    for (const { code, stderr } of both) expect(code, stderr).toBe(0);

    workers = Array.from({ length: WORKERS }, start);
    let kills = 0;
    const until = performance.now() + LONGEST_ATTACK_MS;
    for (; kills < KILLS && performance.now() < until; kills++) {
      await sleep(2000);
      // one that is at work: on a busy machine a worker takes a while to begin
      const working = workers.findIndex((worker) => worker.events().some(({ event }) => event === "file"));
      const index = Math.max(0, working);
      await workers[index].end("SIGKILL");
      workers[index] = start();
      if (kills === REDIS_DIES_AT) {
        await redis.kill();
        await sleep(500);
        await redis.restart();
      }
    }
    expect(await Promise.all(workers.map((worker) => worker.ended()))).toEqual(workers.map(() => 0));

    const names = readdirSync(alone).sort();
    expect(names).toHaveLength(FILES);
    expect(readdirSync(to).sort()).toEqual(names);
    for (const name of names)
      expect(readFileSync(join(to, name)).equals(readFileSync(join(alone, name))), name).toBe(true);
    const shown = await runProgram(["jobs", ...queue, "--json"]);
    expect(shown.code, shown.stderr).toBe(0);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      jobs: { waiting: 0, active: 0, done: 20, failed: 0 },
      files: { total: FILES, done: FILES, failed: 0, left: 0 },
    });
    const events = all.flatMap((worker) => worker.events());
    const made = events.filter(({ event, outcome }) => event === "file" && outcome === "made").length;
    const repeated = events.reduce(
      (sum, { event, repeated: times = 0 }) => sum + (event === "job" ? times : 0),
      0,
    );
    // a worker that is killed says nothing of its last file
    expect(made).toBeGreaterThan(FILES - KILLS - 1);
    console.info(
      `${kills} workers and Redis killed: ${made} files made of ${FILES}; ${repeated} were begun more than once`,
    );
  });
});

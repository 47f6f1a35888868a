// A fleet on servers of its own: submit, work, jobs, and what goes wrong around them.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Places } from "../../src/fleet/places.js";
import {
  postgresFault,
  redisFault,
  startPostgres,
  startRedis,
  startStore,
  startWay,
  startWorker,
  type TestServer,
  type TestStore,
  type TestWorker,
  type WorkerEvent,
} from "../support/fleet.js";
import { type CliRun, runProgram } from "../support/run-cli.js";
import { writeShortMels } from "../support/short-mels.js";

const COUNT = 24;
const faults = fileURLToPath(new URL("../support/faults.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vocode-fleet-"));
const alone = join(folder, "alone");
const running: TestWorker[] = [];
let redis: TestServer;
let mels: string;
let voice: string[];
/** Each test has a database of its own. */
let database = 0;

/** A worker that this test ends. */
function worker(...given: Parameters<typeof startWorker>): TestWorker {
  const started = startWorker(...given);
  running.push(started);
  return started;
}

function ofOwn(): string {
  database += 1;
  return `${redis.uri}/${database}`;
}

async function submit(
  uri: string,
  to: string,
  more: readonly string[] = [],
  inputs = [mels],
): Promise<CliRun> {
  return runProgram(["submit", ...inputs, "--to", to, "--queue", uri, ...voice, "--batch", "6", ...more]);
}

interface Shown {
  readonly jobs: Record<string, number>;
  readonly files: Record<string, number>;
  readonly failures: { input: string; reason: string }[];
}

async function jobs(uri: string): Promise<Shown> {
  const { stdout, stderr, code } = await runProgram(["jobs", "--queue", uri, "--json"]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Shown;
}

const made = (events: readonly WorkerEvent[]): number =>
  events.filter(({ event, outcome }) => event === "file" && outcome === "made").length;

/** That a folder holds what the one-machine run made, and nothing else. */
function expectWhole(to: string, count = COUNT): void {
  const names = readdirSync(to).sort();
  expect(names).toEqual(readdirSync(alone).sort().slice(0, count));
  for (const name of names)
    expect(readFileSync(join(to, name)).equals(readFileSync(join(alone, name))), name).toBe(true);
}

beforeAll(async () => {
  if (redisFault !== undefined) return;
  const written = await writeShortMels(folder, COUNT);
  mels = written.mels;
  voice = ["--checkpoint", written.voice, "--steps", "2"];
  redis = await startRedis(folder);
  const { code, stderr } = await runProgram([mels, alone, ...voice, "--threads", "1"]);
  expect(code, stderr).toBe(0);
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.end("SIGKILL");
});
afterAll(async () => {
  await redis?.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(redisFault !== undefined)("a fleet on Redis", () => {
  it("makes the files that one machine makes, once, however often they are submitted", async () => {
    const [uri, to] = [ofOwn(), join(folder, "wavs")];
    expect((await submit(uri, to)).stdout).toBe(`${COUNT} files in 4 jobs: 4 new\n`);
    expect((await submit(uri, to)).stdout).toBe(`${COUNT} files in 4 jobs: 0 new, 4 known already\n`);
    const workers = [worker(uri, ["--until-done"]), worker(uri, ["--until-done"])];
    expect(await Promise.all(workers.map((each) => each.ended()))).toEqual([0, 0]);
    expectWhole(to);
    expect(made(workers.flatMap((each) => each.events()))).toBe(COUNT);
    expect((await jobs(uri)).files).toEqual({ total: COUNT, done: COUNT, failed: 0, left: 0 });
    expect((await submit(uri, to)).stdout).toBe(`${COUNT} files in 4 jobs: 0 new, 4 known already\n`);
    // other options are other work; what is there stays unless it is to be replaced
    expect((await submit(uri, to, ["--seed", "7"])).stdout).toContain("4 new");
    const again = worker(uri, ["--until-done"]);
    await again.ended();
    expect(again.events().filter(({ outcome }) => outcome === "existing")).toHaveLength(COUNT);
    expectWhole(to);
    await submit(uri, to, ["--seed", "7", "--replace"]);
    const replacing = worker(uri, ["--until-done"]);
    await replacing.ended();
    expect(made(replacing.events())).toBe(COUNT);
    expect(readFileSync(join(to, "000.wav")).equals(readFileSync(join(alone, "000.wav")))).toBe(false);
  });

  it("lets files fail alone, with the reason, and tries them again when they are submitted again", async () => {
    const [uri, to, own] = [ofOwn(), join(folder, "poison"), join(folder, "poisoned")];
    mkdirSync(own);
    for (const name of ["000.mel", "001.mel", "002.mel"]) copyFileSync(join(mels, name), join(own, name));
    writeFileSync(join(own, "000a.npy"), "no mel");
    writeFileSync(join(own, "changed.mel"), readFileSync(join(mels, "003.mel")));
    await submit(uri, to, [], [own]);
    copyFileSync(join(mels, "004.mel"), join(own, "changed.mel"));
    await worker(uri, ["--until-done"]).ended();
    expectWhole(to, 3);
    const shown = await jobs(uri);
    expect(shown.files).toEqual({ total: 5, done: 3, failed: 2, left: 0 });
    const reasons = Object.fromEntries(shown.failures.map(({ input, reason }) => [input, reason]));
    expect(reasons[join(own, "000a.npy")]).toContain("The file is no mel");
    expect(reasons[join(own, "changed.mel")]).toContain("changed since it was submitted");
    // as it was again
    copyFileSync(join(mels, "003.mel"), join(own, "changed.mel"));
    expect((await submit(uri, to, [], [own])).stdout).toContain("1 with failures put in again");
    await worker(uri, ["--until-done"]).ended();
    expect((await jobs(uri)).files).toEqual({ total: 5, done: 4, failed: 1, left: 0 });
  });

  it("gives a job back that is not done when it is told to end", async () => {
    const [uri, to] = [ofOwn(), join(folder, "ended")];
    await submit(uri, to, ["--steps", "50", "--batch", String(COUNT)]);
    const ended = worker(uri);
    await ended.said(/"made"/);
    await ended.end("SIGTERM");
    expect(await ended.ended()).toBe(0);
    const { jobs: counts, files } = await jobs(uri);
    expect(counts).toMatchObject({ waiting: 1, active: 0 });
    expect(files.done).toBe(made(ended.events()));
    expect(readdirSync(to).filter((name) => !name.endsWith(".wav"))).toEqual([]);
    await runProgram(["jobs", "--queue", uri, "--forget"]);
  });

  it("says when Redis is away, waits for it, and begins when it is there", async () => {
    const own = join(folder, "away");
    mkdirSync(own);
    const server = await startRedis(own);
    try {
      await submit(server.uri, join(own, "wavs"));
      await server.kill();
      const { code, stderr } = await submit(server.uri, join(own, "wavs"));
      expect([code, stderr]).toEqual([2, expect.stringContaining("does not answer: connect ECONNREFUSED")]);
      const waiting = worker(server.uri, ["--until-done"]);
      await waiting.said(/does not answer.*tries again until it does; nothing is lost/);
      await server.restart();
      expect(await waiting.ended()).toBe(0);
      expectWhole(join(own, "wavs"));
    } finally {
      await server.kill();
    }
  });

  it("loses nothing when one worker's way to Redis is cut for ten seconds", async () => {
    const [uri, to] = [ofOwn(), join(folder, "cut")];
    const way = await startWay(redis.port);
    await submit(uri, to, ["--batch", String(COUNT / 2)]);
    const near = worker(`redis://127.0.0.1:${way.port}/${database}`, ["--until-done"], {}, 3);
    await near.said(/"made"/);
    way.cut();
    await near.said(/does not answer/);
    const other = worker(uri, ["--until-done"], {}, 3);
    await sleep(10_000);
    way.mend();
    expect(await Promise.all([near.ended(), other.ended()])).toEqual([0, 0]);
    expectWhole(to);
    expect((await jobs(uri)).files).toEqual({ total: COUNT, done: COUNT, failed: 0, left: 0 });
    way.close();
  });

  it("sends a job back from a worker whose disk is full, which says so and goes on when there is room", async () => {
    const [uri, to, flag] = [ofOwn(), join(folder, "full"), join(folder, "disk-is-full")];
    writeFileSync(flag, "");
    await submit(uri, to);
    const full = worker(uri, ["--until-done"], { NODE_OPTIONS: `--import ${faults}`, TEST_FULL_DISK: flag });
    await full.said(/the disk is full.*The job is back in the queue; this worker tries again in/);
    expect((await jobs(uri)).files).toEqual({ total: COUNT, done: 0, failed: 0, left: COUNT });
    const other = worker(uri);
    await other.said(/"event":"job"/);
    await other.end("SIGTERM");
    rmSync(flag);
    expect(await full.ended()).toBe(0);
    expectWhole(to);
    expect(made(full.events())).toBeGreaterThan(0);
  });

  it.each([3_600_000, -3_600_000])(
    "takes no notice of a clock that jumps by %d ms and back",
    async (jump) => {
      const [uri, to] = [ofOwn(), join(folder, `clock${jump}`)];
      await submit(uri, to, ["--steps", "100", "--refine", "200", "--batch", String(COUNT)]);
      // the job takes longer than its lock, which has to be renewed all the same
      const env = { NODE_OPTIONS: `--import ${faults}`, TEST_CLOCK: String(jump) };
      const jumping = worker(uri, ["--until-done"], env, 8);
      const other = worker(uri, ["--until-done"], {}, 8);
      expect(await Promise.all([jumping.ended(), other.ended()])).toEqual([0, 0]);
      const events = [...jumping.events(), ...other.events()];
      // each file was begun once: nobody thought that the other was gone
      expect(made(events)).toBe(COUNT);
      expect(events.find(({ event }) => event === "job")).toMatchObject({ made: COUNT, repeated: 0 });
      expect(readdirSync(to)).toHaveLength(COUNT);
    },
  );

  it("refuses the voice that is another one than where the jobs were submitted", async () => {
    const [uri, to, other] = [ofOwn(), join(folder, "voices"), join(folder, "other-voice")];
    mkdirSync(other);
    for (const name of ["config.json", "model.safetensors"])
      copyFileSync(join(voice[1], name), join(other, name));
    await submit(uri, to, ["--checkpoint", other]);
    writeFileSync(join(other, "config.json"), `${readFileSync(join(other, "config.json"), "utf8")}\n`);
    const here = worker(uri);
    await here.said(/is another one here than where its jobs were submitted/);
    expect((await jobs(uri)).files).toMatchObject({ done: 0, failed: 0, left: COUNT });
    expect(existsSync(to)).toBe(false);
  });
});

describe.skipIf(redisFault !== undefined)("a fleet on an object store", () => {
  let store: TestStore;
  let places: Places;
  beforeAll(async () => {
    store = await startStore(folder);
    places = new Places(store.env);
    if (store.fault !== undefined) return;
    const { AwsClient } = await import("aws4fetch");
    const client = new AwsClient({
      accessKeyId: "test",
      secretAccessKey: "test",
      service: "s3",
      region: "us-east-1",
    });
    expect((await client.fetch(`${store.env["AWS_ENDPOINT_URL"]}/corpus`, { method: "PUT" })).ok).toBe(true);
    for (const name of readdirSync(mels))
      expect(await places.put(join(mels, name), `s3://corpus/mels/${name}`, false)).toBe(true);
  });
  afterAll(async () => {
    await store?.kill();
  });

  it("reads mels from there and puts each result once", async (context) => {
    if (store.fault !== undefined) context.skip(store.fault);
    const uri = ofOwn();
    const to = "s3://corpus/wavs of all";
    const args = ["submit", "s3://corpus/mels", "--to", to, "--queue", uri, ...voice, "--batch", "6"];
    const submitted = await runProgram(args, { env: store.env });
    expect(submitted.stdout, submitted.stderr).toBe(`${COUNT} files in 4 jobs: 4 new\n`);
    // somebody else's result is not replaced
    const first = join(folder, "first.wav");
    writeFileSync(first, "somebody's");
    expect(await places.put(first, `${to}/000.wav`, false)).toBe(true);
    expect(await places.put(first, `${to}/000.wav`, false)).toBe(false);
    const workers = [worker(uri, ["--until-done"], store.env), worker(uri, ["--until-done"], store.env)];
    expect(await Promise.all(workers.map((each) => each.ended()))).toEqual([0, 0]);
    const found = await places.list(to, (name) => name.endsWith(".wav"));
    expect(found.map(({ name }) => name)).toEqual(readdirSync(alone).sort());
    for (const { place, name } of found) {
      const copy = join(folder, "copy.wav");
      await places.fetch(place, copy);
      const expected = name === "000.wav" ? Buffer.from("somebody's") : readFileSync(join(alone, name));
      expect(readFileSync(copy).equals(expected), name).toBe(true);
    }
    expect(made(workers.flatMap((each) => each.events()))).toBe(COUNT - 1);
  });

  it("says what an object store lacks, and waits for one that is away", async (context) => {
    if (store.fault !== undefined) context.skip(store.fault);
    const uri = ofOwn();
    const nothing = await runProgram(
      ["submit", "s3://corpus/none", "--to", "s3://corpus/x", "--queue", uri, ...voice],
      {
        env: store.env,
      },
    );
    expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining("no mels and no recordings")]);
    await submit(uri, "s3://corpus/later");
    const away = worker(uri, [], { ...store.env, AWS_ENDPOINT_URL: "http://127.0.0.1:9" });
    await away.said(
      /The store of 's3:\/\/corpus\/later\/000.wav' does not answer.*The job is back in the queue/,
    );
    expect((await jobs(uri)).files).toMatchObject({ done: 0, failed: 0, left: COUNT });
  });
});

describe.skipIf(postgresFault !== undefined || redisFault !== undefined)("a fleet on PostgreSQL", () => {
  it("makes the files that one machine makes", async () => {
    const server = await startPostgres(folder);
    const to = join(folder, "postgres-wavs");
    try {
      expect((await submit(server.uri, to)).stdout).toBe(`${COUNT} files in 4 jobs: 4 new\n`);
      expect((await submit(server.uri, to)).stdout).toBe(
        `${COUNT} files in 4 jobs: 0 new, 4 known already\n`,
      );
      const killed = worker(server.uri, [], {}, 3);
      await killed.said(/"made"/);
      await killed.end("SIGKILL");
      const workers = [1, 2].map(() => worker(server.uri, ["--until-done"], {}, 3));
      expect(await Promise.all(workers.map((each) => each.ended()))).toEqual([0, 0]);
      expectWhole(to);
      expect((await jobs(server.uri)).files).toEqual({ total: COUNT, done: COUNT, failed: 0, left: 0 });
    } finally {
      await server.kill();
    }
  });
});

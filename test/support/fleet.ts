// What tests of the fleet start: a Redis of their own that can be killed and started again from its log, a PostgreSQL, a
// store that speaks S3's protocol, workers, and a way to Redis that can be cut.
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pythonWith } from "./python.js";

const program = fileURLToPath(new URL("../../bin/vocode.js", import.meta.url));

/** Why there is no Redis here; undefined where there is one. @throws Error where one is required */
export const redisFault = findFault("redis-server", ["/usr/bin/redis-server", "/usr/local/bin/redis-server"]);
/** Why there is no PostgreSQL here, in the same way. */
export const postgresFault = findFault("PostgreSQL", [postgresBin("initdb")]);

function findFault(name: string, paths: readonly string[]): string | undefined {
  if (paths.some((path) => existsSync(path))) return undefined;
  const fault = `no ${name} at ${paths.join(" or ")}`;
  if (process.env["VOCODE_REQUIRE_REDIS"] === "1") throw new Error(fault);
  console.warn(`Tests of the fleet are skipped: ${fault}.`);
  return fault;
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return (address as { port: number }).port;
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}

async function listens(port: number, log: () => string): Promise<void> {
  for (let turn = 0; turn < 600; turn++) {
    if (await answers(port)) return;
    await sleep(100);
  }
  throw new Error(`Nobody listens on ${port}: ${log()}`);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

/** A server of a test. */
export interface TestServer {
  readonly uri: string;
  readonly port: number;
  /** Kills it at once. */
  kill(): Promise<void>;
  /** Starts it again with what it had written. */
  restart(): Promise<void>;
}

/** Starts a Redis whose log is in a folder. */
export async function startRedis(folder: string): Promise<TestServer> {
  const port = await freePort();
  let child: ChildProcess;
  let words = "";
  const start = async (): Promise<void> => {
    const options = ["--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction"];
    child = spawn("redis-server", [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--dir",
      folder,
      ...options,
    ]);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (words += text));
    await listens(port, () => words);
  };
  await start();
  return { uri: `redis://127.0.0.1:${port}`, port, kill: () => end(child, "SIGKILL"), restart: start };
}

function postgresBin(name: string): string {
  const versions = "/usr/lib/postgresql";
  const newest = existsSync(versions)
    ? readdirSync(versions).sort((a, b) => Number(b) - Number(a))[0]
    : "none";
  return join(versions, newest, "bin", name);
}

/** Starts a PostgreSQL whose data is in a folder; as root, in the name of the user that its package made. */
export async function startPostgres(folder: string): Promise<Omit<TestServer, "restart">> {
  const port = await freePort();
  const data = join(folder, "postgres");
  mkdirSync(data);
  const isRoot = process.getuid?.() === 0;
  const idOf = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  const user = isRoot ? { uid: idOf("-u"), gid: idOf("-g") } : {};
  if (isRoot) {
    chownSync(data, idOf("-u"), idOf("-g"));
    // its own folder can be reached by no other user than the one that made the test's
    chmodSync(folder, 0o711);
  }
  await promisify(execFile)(postgresBin("initdb"), ["-D", data, "-A", "trust", "-U", "fleet"], user);
  const child = spawn(
    postgresBin("postgres"),
    ["-D", data, "-p", String(port), "-k", data, "-h", "127.0.0.1"],
    user,
  );
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (words += text));
  await listens(port, () => words);
  // it listens before it takes anybody
  for (let turn = 0; !words.includes("ready to accept connections") && turn < 300; turn++) await sleep(100);
  return { uri: `postgres://fleet@127.0.0.1:${port}/postgres`, port, kill: () => end(child, "SIGINT") };
}

/** A store with a bucket, and the variables that lead to it. */
export interface TestStore {
  readonly env: Readonly<Record<string, string>>;
  readonly fault?: string;
  kill(): Promise<void>;
}

/** Starts moto, which is S3 in memory with conditional puts. Without Python there is a fault. */
export async function startStore(folder: string): Promise<TestStore> {
  const { python, fault } = await pythonWith(folder, ["moto[s3]", "flask", "flask-cors"]);
  const port = await freePort();
  const env = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: "us-east-1",
  };
  if (fault !== undefined) return { env, fault, kill: () => Promise.resolve() };
  const child = spawn(python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)]);
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (words += text));
  await listens(port, () => words);
  return { env, kill: () => end(child, "SIGKILL") };
}

/** A way to a port that can be cut and mended. */
export async function startWay(
  to: number,
): Promise<{ port: number; cut(): void; mend(): void; close(): void }> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server: Server = createServer((from) => {
    if (isCut) {
      from.destroy();
      return;
    }
    const onward = connect(to, "127.0.0.1");
    for (const socket of [from, onward]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        from.destroy();
        onward.destroy();
      });
    }
    from.pipe(onward).pipe(from);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    cut: () => {
      isCut = true;
      drop();
    },
    mend: () => {
      isCut = false;
    },
    close: () => {
      drop();
      server.close();
    },
  };
}

/** A line of a worker's log. */
export interface WorkerEvent {
  readonly event: string;
  readonly text?: string;
  readonly input?: string;
  readonly outcome?: string;
  readonly repeated?: number;
}

/** A worker that runs. */
export interface TestWorker {
  readonly child: ChildProcess;
  /** What it told up to now. */
  events(): WorkerEvent[];
  /** Waits until it has said so. */
  said(pattern: RegExp): Promise<void>;
  /** Waits for its end: the exit code, null for a kill. */
  ended(): Promise<number | null>;
  end(signal: NodeJS.Signals): Promise<void>;
}

/** Starts `vocode work` in a process of its own. @param lock in seconds: few where it is to lose its jobs soon */
export function startWorker(
  uri: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
  lock = 30,
): TestWorker {
  const child = spawn(
    process.execPath,
    [program, "work", "--queue", uri, "--lock", String(lock), "--threads", "1", "--json", ...args],
    { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"] },
  );
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (words += text));
  const done = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return {
    child,
    events: () =>
      words
        .split("\n")
        .filter((line) => line.startsWith("{") && line.endsWith("}"))
        .map((line) => JSON.parse(line) as WorkerEvent),
    said: async (pattern) => {
      for (let turn = 0; turn < 600 && !pattern.test(words); turn++) await sleep(100);
      if (!pattern.test(words)) throw new Error(`It did not say ${String(pattern)}: ${words}`);
    },
    ended: () => done,
    end: (signal) => end(child, signal),
  };
}

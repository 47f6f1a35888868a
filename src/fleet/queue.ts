// The queue that a fleet shares: BullMQ on Redis or on PostgreSQL. All of it is optional, and loaded when it is asked for.
import type { Job, Queue, Worker } from "bullmq";
import { InputError } from "../errors.js";
import type { FleetJob, JobProgress, JobResult } from "./job.js";

/** A job of the queue. */
export type QueuedJob = Job<FleetJob, JobResult, string, JobProgress>;
/** The queue as those see it who put jobs in, and who look. */
export type JobQueue = Queue<QueuedJob>;

/** Where a queue is. */
export interface QueueAddress {
  /** redis://, rediss:// or postgres://. */
  readonly uri: string;
  readonly name: string;
}

/** A package that the fleet needs is not installed. */
export class PackageMissingError extends InputError {
  constructor(readonly packageName: string) {
    super(
      `This needs the package '${packageName}', which is not installed. Install what a fleet takes: npm install bullmq ioredis, ` +
        "with pg in place of ioredis for PostgreSQL, and aws4fetch for s3:// places.",
    );
  }
}

/** The queue's server cannot be reached. */
export class QueueAwayError extends InputError {
  constructor(
    readonly uri: string,
    readonly reason: string,
  ) {
    super(`The queue at ${withoutPassword(uri)} does not answer: ${reason}. ${WAY_OUT}`);
  }
}

const WAY_OUT =
  "Start it, such as by redis-server --appendonly yes --maxmemory-policy noeviction, or name another with --queue.";

/** Imports a package that may be missing. @throws PackageMissingError */
export async function loadPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") throw new PackageMissingError(name);
    throw error;
  }
}

/** An address that may be shown. */
export function withoutPassword(uri: string): string {
  return uri.replace(/(\/\/[^:/@]*):[^@]*@/, "$1:…@");
}

/** Milliseconds until a server that is away is tried again: not all of a large fleet at once. */
function retryPause(tries: number): number {
  return Math.min(200 * 2 ** Math.min(tries, 4), 2000) * (0.5 + Math.random());
}

/** For a first answer, in milliseconds. */
const PATIENCE = 5_000;

/** A way to the queue's server, and what is opened over it. */
export class QueueConnection {
  readonly #address: QueueAddress;
  readonly #open: Opener;
  readonly #onFault: (error: Error) => void;
  readonly #opened: { close(): Promise<void> }[] = [];

  private constructor(address: QueueAddress, open: Opener, onFault: (error: Error) => void) {
    this.#address = address;
    this.#open = open;
    this.#onFault = onFault;
  }

  /**
   * @param onFault told of every fault of the connection, which is tried again for ever
   * @throws PackageMissingError; InputError for another kind of address
   */
  static async open(
    address: QueueAddress,
    onFault: (error: Error) => void = () => undefined,
  ): Promise<QueueConnection> {
    const kind = /^([a-z]+):\/\//.exec(address.uri)?.[1] ?? "";
    const opener = openers[kind];
    if (!opener)
      throw new InputError(
        `'${withoutPassword(address.uri)}' is no queue's address. Write redis://host:6379 or postgres://user@host/database.`,
      );
    return new QueueConnection(address, await opener(address.uri, onFault), onFault);
  }

  /**
   * Asks the server for a word, once, and has a database prepared that no queue was in.
   *
   * @throws QueueAwayError where there is none within seconds
   */
  async requireAnswer(): Promise<void> {
    await this.#open.probe().catch((error: unknown) => {
      const { message, code } = error as NodeJS.ErrnoException;
      throw new QueueAwayError(this.#address.uri, message || (code ?? "no reason given"));
    });
  }

  /** Opens the queue. */
  queue(): JobQueue {
    const queue = new this.#open.bull.Queue<QueuedJob>(
      this.#address.name,
      ...(this.#open.options({}) as [never]),
    );
    queue.on("error", this.#onFault);
    this.#opened.push(queue);
    return queue;
  }

  /** Opens a worker that is told when to take a job, and whose locks somebody else renews. */
  worker(lockMs: number): Worker<FleetJob, JobResult> {
    const worker = new this.#open.bull.Worker<FleetJob, JobResult>(
      this.#address.name,
      null,
      ...(this.#open.options({
        autorun: false,
        lockDuration: lockMs,
        stalledInterval: lockMs / 2,
        // who ends workers is found out file by file: see job.ts
        maxStalledCount: 1_000_000,
        skipLockRenewal: true,
        drainDelay: 2,
      }) as [never]),
    );
    worker.on("error", this.#onFault);
    this.#opened.push(worker);
    return worker;
  }

  /** A job by its id alone, for its lock to be renewed. */
  jobOf(queue: JobQueue, id: string): QueuedJob {
    return new this.#open.bull.Job(queue as never, "", {} as FleetJob, {}, id) as unknown as QueuedJob;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#opened.map((each) => each.close()));
    await this.#open.close();
  }
}

/** What a kind of server gives. */
interface Opener {
  readonly bull: typeof import("bullmq");
  /** The last arguments of BullMQ's constructors. */
  options(own: object): unknown[];
  probe(): Promise<void>;
  close(): Promise<void>;
}

type OpenerOf = (uri: string, onFault: (error: Error) => void) => Promise<Opener>;

const openers: Readonly<Record<string, OpenerOf | undefined>> = {
  redis: openRedis,
  rediss: openRedis,
  postgres: openPostgres,
  postgresql: openPostgres,
};

async function openRedis(uri: string, onFault: (error: Error) => void): Promise<Opener> {
  const bull = await loadPackage("bullmq", () => import("bullmq"));
  const { Redis } = await loadPackage("ioredis", () => import("ioredis"));
  const clients: InstanceType<typeof Redis>[] = [];
  return {
    bull,
    options: (own) => {
      const connection = new Redis(uri, { maxRetriesPerRequest: null, retryStrategy: retryPause });
      connection.on("error", onFault);
      clients.push(connection);
      return [{ connection, ...own }];
    },
    probe: async () => {
      const once = new Redis(uri, {
        ...{
          lazyConnect: true,
          retryStrategy: () => null,
          connectTimeout: PATIENCE,
          commandTimeout: PATIENCE,
        },
        maxRetriesPerRequest: 0,
      });
      // told by what it rejects
      let fault: Error | undefined;
      once.on("error", (error: Error) => (fault = error));
      try {
        await once.connect();
        await once.ping();
      } catch (error) {
        throw fault ?? error;
      } finally {
        once.disconnect();
      }
    },
    close: async () => {
      for (const client of clients) client.disconnect();
      await Promise.resolve();
    },
  };
}

async function openPostgres(uri: string, onFault: (error: Error) => void): Promise<Opener> {
  const bull = await loadPackage("bullmq", () => import("bullmq"));
  const { Pool } = (await loadPackage("pg", () => import("pg"))).default;
  const pool = new Pool({
    ...{ connectionString: uri, max: 4, connectionTimeoutMillis: PATIENCE },
    // where BullMQ's tables are
    options: `-c search_path=${bull.DEFAULT_SCHEMA}`,
  });
  pool.on("error", onFault);
  return {
    bull,
    options: (own) => [{ connection: pool, ...own }, bull.createPostgresBackend],
    probe: async () => {
      const client = await pool.connect();
      try {
        // BullMQ's tables, where they are not there yet
        await bull.runMigrations(client);
      } finally {
        client.release();
      }
    },
    close: async () => {
      await pool.end();
    },
  };
}

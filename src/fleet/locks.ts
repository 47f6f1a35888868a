// The locks of a worker's jobs, renewed by a thread that computing does not block: a job whose lock has run out goes to
// another worker. The thread counts time that no clock's change moves. This file is both sides of it.
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type JobQueue, QueueConnection, type QueueAddress, type QueuedJob } from "./queue.js";

/** What the thread is started with. */
interface LockStart {
  readonly address: QueueAddress;
  readonly lockMs: number;
}

/** What it is told: a job's lock to hold, or with no token to let go. */
interface LockWord {
  readonly id: string;
  readonly token?: string;
}

/** What the thread says first. */
const READY = "ready";

/** The owner's side. */
export class LockKeeper {
  readonly #thread: Worker;
  #onLost: ((id: string) => void) | undefined;

  private constructor(thread: Worker) {
    this.#thread = thread;
    this.#thread.on("message", (id: string) => this.#onLost?.(id));
    this.#thread.unref();
  }

  /**
   * Starts the thread and waits until it can hold a lock: on a busy machine one could run out before.
   *
   * @param lockMs for which each renewal holds, in milliseconds
   * @throws what the thread throws
   */
  static async start(address: QueueAddress, lockMs: number): Promise<LockKeeper> {
    const start: LockStart = { address, lockMs };
    const thread = new Worker(new URL(import.meta.url), { workerData: { vocodeLocks: start } });
    await once(thread, "message");
    return new LockKeeper(thread);
  }

  /** @param onLost told when another worker has the job, or nobody */
  hold(id: string, token: string, onLost: () => void): void {
    this.#onLost = (lost) => {
      if (lost === id) onLost();
    };
    this.#thread.postMessage({ id, token } satisfies LockWord);
  }

  release(id: string): void {
    this.#onLost = undefined;
    this.#thread.postMessage({ id } satisfies LockWord);
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}

/** The thread's side. */
async function keepLocks(
  { address, lockMs }: LockStart,
  port: NonNullable<typeof parentPort>,
): Promise<void> {
  const held = new Map<string, { readonly token: string; readonly job: QueuedJob; isAsked: boolean }>();
  const connection = await QueueConnection.open(address);
  const queue: JobQueue = connection.queue();
  const renew = async (id: string): Promise<void> => {
    const lock = held.get(id);
    // while the server is away one request waits for it, and not one more for each turn
    if (!lock || lock.isAsked) return;
    lock.isAsked = true;
    try {
      if ((await lock.job.extendLock(lock.token, lockMs)) === 1) return;
      if (held.get(id) === lock) port.postMessage(id);
    } catch {
      // the connection is the worker's own to speak of
    } finally {
      lock.isAsked = false;
    }
  };
  port.on("message", ({ id, token }: LockWord) => {
    if (token === undefined) held.delete(id);
    else held.set(id, { token, job: connection.jobOf(queue, id), isAsked: false });
  });
  port.postMessage(READY);
  setInterval(() => {
    for (const id of held.keys()) void renew(id);
  }, lockMs / 4);
}

const start = isMainThread ? undefined : (workerData as { vocodeLocks?: LockStart } | undefined)?.vocodeLocks;
if (start && parentPort) await keepLocks(start, parentPort);

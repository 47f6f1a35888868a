// A worker of the fleet: takes a job, makes its files one after the other, says after each how far it is, and goes on where
// another one ended. A file that fails is tried again after the others; what is wrong with this machine sends the job back.
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FileError, InputError, VocodeError } from "../errors.js";
import { removeParts } from "../host/node/write-files.js";
import {
  failureText,
  type FileOfJob,
  fileOf,
  type FleetJob,
  type JobProgress,
  type JobResult,
  parseJob,
  parseProgress,
} from "./job.js";
import { LockKeeper } from "./locks.js";
import { isObject, Places, StoreError } from "./places.js";
import {
  type JobQueue,
  loadPackage,
  QueueAwayError,
  type QueueAddress,
  QueueConnection,
  type QueuedJob,
  withoutPassword,
} from "./queue.js";

/** This machine cannot do a job that another one may: its disk is full, the voice is not here, the store is away. */
export class WorkerTroubleError extends InputError {}

/** Makes one file. Paths are local. */
export type MakeFile = (
  input: string,
  output: string,
  signal: AbortSignal,
) => Promise<{ readonly audioSeconds: number; readonly seconds: number }>;

/** What a worker tells. */
export interface WorkEvents {
  /** A sentence for people. */
  note(sentence: string): void;
  /** A file was made, was there, or failed. */
  file(event: {
    readonly input: string;
    readonly output: string;
    readonly outcome: Outcome;
    readonly job: string;
  }): void;
  /** A job ended. */
  job(event: JobResult & { readonly job: string; readonly failed: number }): void;
}

/** What became of a file. */
export type Outcome = "made" | "existing" | "made elsewhere" | "failed";

/** How a worker works. */
export interface WorkOptions extends WorkEvents {
  readonly address: QueueAddress;
  /** After which a job of a worker that says nothing goes to another one, in milliseconds. */
  readonly lockMs: number;
  /** Whether it ends when there are no jobs left. */
  readonly untilDone: boolean;
  /** Ends it after the file at work, whose job is given back. */
  readonly stop: AbortSignal;
  /** Loads the voice of a job, or gives the one that is loaded. @throws VocodeError where it cannot be had here */
  readonly voiceFor: (job: FleetJob) => Promise<MakeFile>;
}

/** The system's words for a machine that cannot write, whatever the file. */
const TROUBLES = new Set(["ENOSPC", "EDQUOT", "EROFS", "EIO", "EMFILE", "ENFILE", "EFBIG", "ENOMEM"]);
/** Pauses of a worker in trouble, in milliseconds. */
const [FIRST_PAUSE, LONGEST_PAUSE] = [2_000, 60_000];
/** A fault of the connection is told once in so many milliseconds. */
const FAULT_SILENCE = 10_000;
/** For how long a file waits for the word that it was begun to arrive, in milliseconds. */
const WORD_PATIENCE = 1_000;

/** Works until it is told to stop, or until there is nothing to do. @throws PackageMissingError */
export async function work(options: WorkOptions): Promise<void> {
  const { address } = options;
  const contact = new Contact(options);
  const connection = await QueueConnection.open(address, (error) => {
    contact.lost(error);
  });
  const pause = async (milliseconds: number): Promise<void> => {
    await sleep(milliseconds, undefined, { signal: options.stop }).catch(() => undefined);
  };
  while (!options.stop.aborted) {
    try {
      await connection.requireAnswer();
      break;
    } catch (error) {
      contact.lost(error as Error);
      await pause(1000);
    }
  }
  const worker = connection.worker(options.lockMs);
  const queue = connection.queue();
  const locks = await LockKeeper.start(address, options.lockMs);
  const places = new Places();
  // a call that waits for a job ends when its connection does
  options.stop.addEventListener("abort", () => void worker.close());
  await worker.startStalledCheckTimer();
  let troubles = 0;
  try {
    for (let turn = 0; !options.stop.aborted; turn++) {
      const token = `${hostname()}:${process.pid}:${turn}:${randomUUID().slice(0, 8)}`;
      try {
        const job = (await worker.getNextJob(token)) as unknown as QueuedJob | undefined;
        contact.found();
        if (job) {
          await new JobAtWork(job, token, options, places, locks).run();
          troubles = 0;
        } else if (options.untilDone && (await isDone(queue))) break;
      } catch (error) {
        if (options.stop.aborted) break;
        if (error instanceof WorkerTroubleError) {
          const wait = Math.min(FIRST_PAUSE * 2 ** troubles++, LONGEST_PAUSE) * (0.75 + Math.random() / 2);
          options.note(
            `${error.message} The job is back in the queue; this worker tries again in ${Math.round(wait / 1000)} s.`,
          );
          await pause(wait);
        } else {
          contact.lost(error as Error);
          await pause(1000);
        }
      }
    }
  } finally {
    await locks.close();
    // what waits for a server that is away would wait for ever
    await Promise.race([connection.close(), sleep(5000, undefined, { ref: false })]);
  }
}

async function isDone(queue: JobQueue): Promise<boolean> {
  const counts = await queue.getJobCounts("waiting", "active", "delayed", "prioritized");
  return Object.values(counts).every((each) => each === 0);
}

/** Says when the queue's server goes away and comes back, and does not repeat itself. */
class Contact {
  readonly #options: WorkOptions;
  #lastWord = -Infinity;
  #isAway = false;

  constructor(options: WorkOptions) {
    this.#options = options;
  }

  lost(error: Error): void {
    const now = performance.now();
    if (this.#options.stop.aborted || now - this.#lastWord < FAULT_SILENCE) return;
    this.#lastWord = now;
    this.#isAway = true;
    const reason =
      error instanceof QueueAwayError
        ? error.reason
        : error.message || ((error as NodeJS.ErrnoException).code ?? error.name);
    this.#options.note(
      `The queue at ${withoutPassword(this.#options.address.uri)} does not answer: ${reason}. This worker tries again until it does; nothing is lost.`,
    );
  }

  found(): void {
    if (this.#isAway) this.#options.note("The queue answers again.");
    this.#isAway = false;
    this.#lastWord = -Infinity;
  }
}

/** A job that a worker has taken. */
class JobAtWork {
  readonly #job: QueuedJob;
  readonly #token: string;
  readonly #options: WorkOptions;
  readonly #places: Places;
  readonly #locks: LockKeeper;
  readonly #lost = new AbortController();

  constructor(job: QueuedJob, token: string, options: WorkOptions, places: Places, locks: LockKeeper) {
    this.#job = job;
    this.#token = token;
    this.#options = options;
    this.#places = places;
    this.#locks = locks;
  }

  /** @throws WorkerTroubleError when the job is back in the queue for another worker */
  async run(): Promise<void> {
    const { id = "" } = this.#job;
    const data = parseJob(this.#job.data);
    if (!data) {
      await this.#end(new Error("This is no job that this version of vocode knows."));
      return;
    }
    this.#locks.hold(id, this.#token, () => {
      this.#options.note(`The lock of job ${id} ran out: another worker goes on with it.`);
      this.#lost.abort(new InputError("Another worker has the job."));
    });
    const progress = parseProgress(this.#job.progress, data.files.length);
    try {
      await this.#makeFiles(data, progress);
    } catch (error) {
      if (this.#lost.signal.aborted) return;
      await this.#giveBack(progress, error);
      if (error instanceof WorkerTroubleError) throw error;
      return;
    } finally {
      this.#locks.release(id);
    }
    if (this.#lost.signal.aborted) return;
    if (this.#options.stop.aborted && progress.left.length > 0) {
      await this.#giveBack(progress, undefined);
      return;
    }
    await this.#save(progress);
    const { made, existing, repeated, audioSeconds, seconds, failures } = progress;
    const result: JobResult = { made, existing, repeated, audioSeconds, seconds };
    await this.#end(failures.length > 0 ? new Error(failureText(data, progress)) : result);
    this.#options.job({ ...result, job: id, failed: failures.length });
  }

  async #makeFiles(data: FleetJob, progress: JobProgress): Promise<void> {
    const { stop, voiceFor } = this.#options;
    await this.#takeOver(data, progress);
    let make: MakeFile;
    try {
      make = await voiceFor(data);
    } catch (error) {
      if (!(error instanceof VocodeError)) throw error;
      throw new WorkerTroubleError(error.message, { cause: error });
    }
    while (progress.left.length > 0 && !stop.aborted && !this.#lost.signal.aborted) {
      const index = progress.left[0];
      const file = fileOf(data, index);
      if (!data.replaces && (await inTrouble(file, () => this.#places.exists(file.output)))) {
        progress.left.shift();
        progress.existing += 1;
        this.#tell(file, "existing");
        continue;
      }
      progress.at = index;
      progress.begun[index] = (progress.begun[index] ?? 0) + 1;
      await Promise.race([this.#save(progress), sleep(WORD_PATIENCE, undefined, { ref: false })]);
      try {
        const made = await this.#makeFile(file, data.replaces, make);
        progress.audioSeconds += made.audioSeconds;
        progress.seconds += made.seconds;
        progress.made += 1;
        if (!made.isNew) progress.repeated += 1;
        this.#tell(file, made.isNew ? "made" : "made elsewhere");
        progress.left.shift();
        Reflect.deleteProperty(progress.begun, index);
      } catch (error) {
        if (error instanceof WorkerTroubleError || this.#lost.signal.aborted) throw error;
        this.#failed(progress, index, data, error instanceof VocodeError ? error.message : faultText(error));
      }
      progress.at = null;
    }
  }

  /** What another worker left that ended in the middle of a file. */
  async #takeOver(data: FleetJob, progress: JobProgress): Promise<void> {
    const { at } = progress;
    if (this.#job.attemptsStarted > 1) {
      const undone = [...progress.left, ...(at === null ? [] : [at])].map(
        (index) => fileOf(data, index).output,
      );
      await removeParts(undone.filter((output) => !isObject(output)));
    }
    if (at === null) return;
    progress.at = null;
    const file = fileOf(data, at);
    if (!data.replaces && (await inTrouble(file, () => this.#places.exists(file.output)))) {
      progress.left = progress.left.filter((index) => index !== at);
      Reflect.deleteProperty(progress.begun, at);
      progress.made += 1;
      return;
    }
    progress.repeated += 1;
    const times = progress.begun[at] ?? 1;
    this.#failed(
      progress,
      at,
      data,
      `${times} ${times === 1 ? "worker" : "workers"} ended while at work on it.`,
    );
  }

  /** Tries a file again after the others, or no more. */
  #failed(progress: JobProgress, index: number, data: FleetJob, reason: string): void {
    progress.left = progress.left.filter((each) => each !== index);
    if ((progress.begun[index] ?? 0) < data.attempts) {
      progress.left.push(index);
      return;
    }
    Reflect.deleteProperty(progress.begun, index);
    progress.failures.push([index, reason]);
    this.#tell(fileOf(data, index), "failed");
  }

  async #makeFile(
    file: FileOfJob,
    replaces: boolean,
    make: MakeFile,
  ): Promise<{ audioSeconds: number; seconds: number; isNew: boolean }> {
    const { input, output } = file;
    const [inputIsObject, outputIsObject] = [isObject(input), isObject(output)];
    const scratch =
      inputIsObject || outputIsObject
        ? await inTrouble(file, () => mkdtemp(join(tmpdir(), "vocode-work-")))
        : undefined;
    try {
      const own = inputIsObject ? join(scratch!, `in${extname(input)}`) : input;
      const identity = await inTrouble(file, () =>
        inputIsObject ? this.#places.fetch(input, own) : this.#places.identity(input),
      );
      if (identity !== file.identity)
        throw new InputError("It has changed since it was submitted. Submit it again.");
      await inTrouble(file, () => this.#places.prepare(output));
      const result = outputIsObject ? join(scratch!, "out.wav") : output;
      const made = await inTrouble({ ...file, output: result }, () => make(own, result, this.#lost.signal));
      const isNew = outputIsObject
        ? await inTrouble(file, () => this.#places.put(result, output, replaces))
        : true;
      return { ...made, isNew };
    } finally {
      if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
    }
  }

  #tell({ input, output }: FileOfJob, outcome: Outcome): void {
    this.#options.file({ input, output, outcome, job: this.#job.id ?? "" });
  }

  async #giveBack(progress: JobProgress, error: unknown): Promise<void> {
    const { at } = progress;
    if (at !== null) {
      // begun, and given up through no fault of the file's
      progress.begun[at] = Math.max(0, (progress.begun[at] ?? 1) - 1);
      progress.at = null;
    }
    progress.trouble =
      error === undefined
        ? null
        : `${hostname()}: ${error instanceof VocodeError ? error.message : faultText(error)}`;
    await this.#save(progress);
    await this.#settle(() => this.#job.moveToWait(this.#token));
  }

  async #save(progress: JobProgress): Promise<void> {
    // a copy: it may be sent later than it is said
    await this.#job.updateProgress(structuredClone(progress));
  }

  async #end(result: JobResult | Error): Promise<void> {
    const { UnrecoverableError } = await loadPackage("bullmq", () => import("bullmq"));
    await this.#settle(() =>
      result instanceof Error
        ? this.#job.moveToFailed(new UnrecoverableError(result.message), this.#token, false)
        : this.#job.moveToCompleted(result, this.#token, false),
    );
  }

  /** Moves the job on in the queue. One that somebody else has by now is theirs to move. */
  async #settle(move: () => Promise<unknown>): Promise<void> {
    try {
      await move();
    } catch (error) {
      if (!/lock|not in the active state|missing key/i.test((error as Error).message)) throw error;
      this.#options.note(
        `Job ${this.#job.id ?? ""} is another worker's by now, which finds the results there.`,
      );
    }
  }
}

/** Does what may fail through the machine's fault in place of the file's. @throws WorkerTroubleError then */
async function inTrouble<T>({ output }: FileOfJob, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const isOfOutput = error instanceof FileError && error.path !== "" && output.startsWith(error.path);
    const isOfStore = error instanceof StoreError && error.status !== 404;
    if (!TROUBLES.has(code) && !isOfOutput && !isOfStore) throw error;
    throw new WorkerTroubleError((error as Error).message, { cause: error });
  }
}

function faultText(error: unknown): string {
  return `internal error: ${error instanceof Error ? error.message : String(error)}`;
}

// Threads of Node, both sides of what they say to each other: tasks go as messages; calls go through words of shared
// memory, on which a thread sleeps, since that wakes it within microseconds where a message takes a tenth of a
// millisecond. A thread that sleeps hears no messages: it is woken for one too.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type MessagePort, Worker } from "node:worker_threads";
import { FileError, InputError } from "../../errors.js";
import type { ScriptName, Thread, ThreadScript } from "../../host.js";
import { addressInPackage } from "./read-files.js";

/** What every thread runs. A bundle has it under a name that no other program's threads have. */
const entry = addressInPackage("worker.js", "vocode-worker.js");

/** Whether threads can be started: run from TypeScript, or in a bundle alone, there is no compiled file for them. */
export function hasThreads(): boolean {
  return existsSync(fileURLToPath(entry));
}

/** The most numbers that a call is given. */
const MOST_CALL_VALUES = 3;

/** Where in the shared words what is. A failed call's error lies after them as text. */
const words = { state: 0, call: 1, values: 2, textLength: 2 + MOST_CALL_VALUES, count: 3 + MOST_CALL_VALUES };
/** What the first word says: that code is loading, that the thread sleeps, has a call or a message, or that a call failed. */
const states = { starting: 0, idle: 1, called: 2, told: 3, failed: 4 } as const;
const MOST_TEXT = 4096;

/** The memory that a thread and its owner share. */
class Control {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #text: Uint8Array;

  constructor(buffer = new SharedArrayBuffer(words.count * Int32Array.BYTES_PER_ELEMENT + MOST_TEXT)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, words.count);
    this.#text = new Uint8Array(buffer, this.#words.byteLength);
  }

  get state(): number {
    return Atomics.load(this.#words, words.state);
  }

  set state(state: number) {
    Atomics.store(this.#words, words.state, state);
    Atomics.notify(this.#words, words.state);
  }

  /** Code has been loaded, and nothing has been said yet. */
  start(): void {
    Atomics.compareExchange(this.#words, words.state, states.starting, states.idle);
    Atomics.notify(this.#words, words.state);
  }

  /** Blocks while the state is one, at most so many milliseconds. */
  sleep(state: number, milliseconds?: number): void {
    Atomics.wait(this.#words, words.state, state, milliseconds);
  }

  call(call: number, values: readonly number[]): void {
    this.#words.set([call, ...values], words.call);
    this.state = states.called;
  }

  get called(): { call: number; values: number[] } {
    return {
      call: this.#words[words.call],
      values: [...this.#words.subarray(words.values, words.textLength)],
    };
  }

  fail(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const bytes = new TextEncoder().encode(text).subarray(0, MOST_TEXT);
    this.#text.set(bytes);
    this.#words[words.textLength] = bytes.length;
    this.state = states.failed;
  }

  /** What the failed call threw. */
  get failure(): string {
    // a copy, since a decoder takes no shared memory
    return new TextDecoder().decode(this.#text.slice(0, this.#words[words.textLength]));
  }
}

/** What a thread is started with. */
interface ThreadStart {
  readonly script: ScriptName;
  readonly buffer: SharedArrayBuffer;
}

/** What a thread is asked. */
interface Question {
  readonly task: string;
  readonly given: unknown;
}

/** What it answers. Errors lose their class between threads, so they go as text and become errors again. */
type Answer =
  | { readonly result: unknown }
  | {
      readonly failure: string;
      readonly kind: "file" | "input" | "other";
      readonly path?: string;
      readonly code?: string;
    };

function failureOf(error: unknown): Answer {
  if (error instanceof FileError) {
    const { message, path, code } = error;
    return { failure: message, kind: "file", path, ...(code !== undefined && { code }) };
  }
  if (error instanceof InputError) return { failure: error.message, kind: "input" };
  return {
    failure: error instanceof Error ? (error.stack ?? error.message) : String(error),
    kind: "other",
  };
}

function errorOf({ failure, kind, path = "", code }: Extract<Answer, { kind: unknown }>): Error {
  if (kind === "file") return new FileError(failure, path, code);
  return kind === "input" ? new InputError(failure) : new Error(failure);
}

// The owner's side.

/** Starts a thread. */
export function spawn(script: ScriptName): Thread {
  return new NodeThread(script);
}

/** Starts so many threads, where threads can be started. */
export function spawnAll(script: ScriptName, threads: number): Thread[] {
  return hasThreads() ? Array.from({ length: threads }, () => spawn(script)) : [];
}

class NodeThread implements Thread {
  readonly #script: ScriptName;
  readonly #worker: Worker;
  readonly #control = new Control();
  #last: Promise<unknown> = Promise.resolve();
  /** Whether a call was begun and not finished. */
  #calls = false;
  #asked: { resolve(answer: Answer): void; reject(reason: Error): void } | undefined;
  #fault: Error | undefined;
  #disposed: Promise<void> | undefined;

  constructor(script: ScriptName) {
    this.#script = script;
    const workerData: ThreadStart = { script, buffer: this.#control.buffer };
    this.#worker = new Worker(entry, { workerData });
    this.#worker.on("message", (answer: Answer) => this.#asked?.resolve(answer));
    this.#worker.on("error", (error: unknown) => {
      this.#end(error instanceof Error ? error : new Error(String(error)));
    });
    this.#worker.on("exit", () => {
      this.#end(new Error(`A thread for ${this.#script} ended early.`));
    });
    this.#worker.unref();
    if (script === "synthesis") addEngineThread(this.#control);
  }

  ask(task: string, given: unknown): Promise<unknown> {
    const answer = this.#last.then(() => this.#exchange({ task, given }));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  begin(call: number, ...values: readonly number[]): void {
    if (this.#fault) throw this.#fault;
    // one word says what is to be done: a call would hide a message, and a message a call
    if (this.#asked || this.#calls) throw new Error("A thread was called while it was at work.");
    this.#calls = true;
    this.#control.call(call, values);
  }

  finish(): void {
    while (this.#control.state === states.called) this.#control.sleep(states.called);
    this.#calls = false;
    if (this.#control.state !== states.failed) return;
    const { failure } = this.#control;
    this.#control.state = states.idle;
    throw new Error(failure);
  }

  async dispose(): Promise<void> {
    await (this.#disposed ??= this.#stop());
  }

  async #stop(): Promise<void> {
    // a thread that ends while its engine opens takes the whole process with it
    await this.#last;
    await this.#worker.terminate();
  }

  async #exchange(question: Question): Promise<unknown> {
    if (this.#fault) throw this.#fault;
    if (this.#calls) throw new Error("A thread was asked while it was called.");
    this.#worker.ref();
    try {
      const answer = await new Promise<Answer>((resolve, reject) => {
        this.#asked = { resolve, reject };
        this.#worker.postMessage(question);
        this.#control.state = states.told;
      });
      if ("result" in answer) return answer.result;
      throw errorOf(answer);
    } finally {
      this.#asked = undefined;
      this.#worker.unref();
    }
  }

  #end(fault: Error): void {
    this.#fault ??= fault;
    this.#asked?.reject(this.#fault);
    engineThreads.delete(this.#control);
  }
}

// A process that ends while a thread of it is inside an engine is aborted by the engine, with a core dump in place of its
// exit code; so its end waits until each has come back, which is a matter of milliseconds.

/** As long as opening an engine takes on a busy machine; a thread that hangs shall not keep the process alive. */
const LONGEST_WAIT_MS = 3000;

const engineThreads = new Set<Control>();
let waits = false;

function addEngineThread(control: Control): void {
  engineThreads.add(control);
  // process.exit, a signal's handler and an error that nobody catches all come by here
  if (!waits) process.on("exit", waitForEngineThreads);
  waits = true;
}

/** Blocks the calling thread until no other is inside an engine. */
function waitForEngineThreads(): void {
  const end = performance.now() + LONGEST_WAIT_MS;
  const outside: readonly number[] = [states.idle, states.failed];
  for (const control of engineThreads) {
    for (;;) {
      const { state } = control;
      const left = end - performance.now();
      if (outside.includes(state) || left <= 0) break;
      control.sleep(state, left);
    }
  }
}

// The thread's side.

/** Does what a thread's owner asks. @param load gives the script that the thread was started with */
export async function serveOwner(
  port: MessagePort,
  start: unknown,
  load: (script: ScriptName) => Promise<ThreadScript>,
): Promise<void> {
  const { script, buffer } = start as ThreadStart;
  const control = new Control(buffer);
  const { tasks, calls = [] } = await load(script);
  /** Does calls until there is a message, for which the event loop has to turn. */
  const doCalls = async (): Promise<void> => {
    for (;;) {
      control.sleep(states.idle);
      if (control.state === states.told) return;
      const { call, values } = control.called;
      try {
        await calls[call](...values);
        control.state = states.idle;
      } catch (error) {
        control.fail(error);
        control.sleep(states.failed);
      }
    }
  };
  const answer = async ({ task, given }: Question): Promise<void> => {
    let message: Answer;
    try {
      message = { result: await tasks[task](given as never) };
    } catch (error) {
      message = failureOf(error);
    }
    // first, as the owner may go on as soon as it has the answer
    control.state = states.idle;
    port.postMessage(message);
    if (calls.length > 0) await doCalls();
  };
  port.on("message", (question: Question) => {
    void answer(question);
  });
  control.start();
  if (calls.length > 0) await doCalls();
}

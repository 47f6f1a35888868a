// Threads that share a few words of memory with their owner, both sides of what they say to each other, for Node and for
// browsers: tasks go as messages; calls go through the shared words, on which a thread sleeps, since that wakes it within
// microseconds where a message takes a tenth of a millisecond. A thread that sleeps hears no messages: it is woken for one.
import { FileError, InputError } from "../errors.js";
import type { ScriptName, Thread, ThreadScript } from "../host.js";

/** The most numbers that a call is given. */
const MOST_CALL_VALUES = 3;

/** Where in the shared words what is. A failed call's error lies after them as text. */
const words = { state: 0, call: 1, values: 2, textLength: 2 + MOST_CALL_VALUES, count: 3 + MOST_CALL_VALUES };
/** What the first word says: that code is loading, that the thread sleeps, has a call or a message, or that a call failed. */
export const states = { starting: 0, idle: 1, called: 2, told: 3, failed: 4 } as const;
const MOST_TEXT = 4096;

/** The memory that a thread and its owner share. */
export class Control {
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

/** What a thread is asked. */
export interface Question {
  readonly task: string;
  readonly given: unknown;
}

/** What it answers. Errors lose their class between threads, so they go as text and become errors again. */
export type Answer = { readonly result: unknown } | Failure;

/** An error on its way between threads. */
export interface Failure {
  readonly failure: string;
  readonly kind: "file" | "input" | "other";
  readonly path?: string;
  readonly code?: string;
}

/** An error as what can be sent. */
export function failureOf(error: unknown): Failure {
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

/** What was sent as an error again. */
export function errorOf({ failure, kind, path = "", code }: Failure): Error {
  if (kind === "file") return new FileError(failure, path, code);
  return kind === "input" ? new InputError(failure) : new Error(failure);
}

/** How an owner reaches a thread. */
export interface Channel {
  post(question: Question): void;
  end(): Promise<unknown>;
  /** Keeps the process alive, or no longer. */
  hold?(isHeld: boolean): void;
}

/** The owner's side. */
export class ControlledThread implements Thread {
  readonly control = new Control();
  readonly #script: ScriptName;
  readonly #channel: Channel;
  #last: Promise<unknown> = Promise.resolve();
  /** Whether a call was begun and not finished. */
  #calls = false;
  #asked: { resolve(answer: Answer): void; reject(reason: Error): void } | undefined;
  #fault: Error | undefined;
  #disposed: Promise<void> | undefined;

  /** @param open starts the thread with the memory that it shares */
  constructor(script: ScriptName, open: (thread: ControlledThread) => Channel) {
    this.#script = script;
    this.#channel = open(this);
  }

  /** Takes the thread's answer to the last question. */
  heard(answer: Answer): void {
    this.#asked?.resolve(answer);
  }

  /** Says that the thread has ended, and why. */
  ended(fault = new Error(`A thread for ${this.#script} ended early.`)): void {
    this.#fault ??= fault;
    this.#asked?.reject(this.#fault);
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
    this.control.call(call, values);
  }

  finish(): void {
    while (this.control.state === states.called) this.control.sleep(states.called);
    this.#calls = false;
    if (this.control.state !== states.failed) return;
    const { failure } = this.control;
    this.control.state = states.idle;
    throw new Error(failure);
  }

  async dispose(): Promise<void> {
    await (this.#disposed ??= this.#stop());
  }

  async #stop(): Promise<void> {
    // a thread that ends while its engine opens takes the whole process with it
    await this.#last;
    await this.#channel.end();
  }

  async #exchange(question: Question): Promise<unknown> {
    if (this.#fault) throw this.#fault;
    if (this.#calls) throw new Error("A thread was asked while it was called.");
    this.#channel.hold?.(true);
    try {
      const answer = await new Promise<Answer>((resolve, reject) => {
        this.#asked = { resolve, reject };
        this.#channel.post(question);
        this.control.state = states.told;
      });
      if ("result" in answer) return answer.result;
      throw errorOf(answer);
    } finally {
      this.#asked = undefined;
      this.#channel.hold?.(false);
    }
  }
}

/**
 * The thread's side: makes what answers its owner's questions, and does calls from then on.
 *
 * @param post answers
 * @returns what to give each question to
 */
export function answering(
  control: Control,
  { tasks, calls = [] }: ThreadScript,
  post: (answer: Answer) => void,
): { readonly answer: (question: Question) => Promise<void>; readonly begin: () => Promise<void> } {
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
    post(message);
    if (calls.length > 0) await doCalls();
  };
  const begin = async (): Promise<void> => {
    control.start();
    if (calls.length > 0) await doCalls();
  };
  return { answer, begin };
}

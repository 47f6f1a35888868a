// Python's pickles, read without running anything: what a pickle would import and call is noted and never done. The result
// is the tree that it describes, in which a class or a function is only its name. Source: CPython, Lib/pickletools.py.
import { InputError } from "../errors.js";

/** A pickle that is damaged, or says what no tree of values can hold. */
export class PickleError extends InputError {}

/** A class or a function by its name. */
export interface PickledName {
  readonly kind: "name";
  /** "torch._utils._rebuild_tensor_v2" */
  readonly name: string;
}

/** What a call would return. */
export interface PickledCall {
  readonly kind: "call";
  readonly of: PickledValue;
  readonly arguments: PickledValue;
  /** What it is filled with afterwards, if it is like a dictionary (collections.OrderedDict). */
  readonly entries: [PickledValue, PickledValue][];
}

/** A value outside the pickle, by what identifies it. */
export interface PickledReference {
  readonly kind: "reference";
  readonly id: PickledValue;
}

/** A dictionary, its keys and values one after the other. */
export interface PickledDictionary {
  readonly kind: "dictionary";
  readonly entries: [PickledValue, PickledValue][];
}

/** A list, a tuple or a set. */
export interface PickledList {
  readonly kind: "list";
  readonly items: PickledValue[];
}

/** A value of a pickle. */
export type PickledValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickledName
  | PickledCall
  | PickledReference
  | PickledDictionary
  | PickledList;

const MARK = Symbol("mark");
type Slot = PickledValue | typeof MARK;

/** Whether a file's first bytes could be those of a pickle of protocol 2 or later. */
export function isPickle(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5;
}

/**
 * The tree that a pickle describes.
 *
 * @throws PickleError
 */
export function parsePickle(bytes: Uint8Array): PickledValue {
  return new Unpickler(bytes).run();
}

class Unpickler {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, PickledValue>();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  run(): PickledValue {
    for (;;) {
      const start = this.#at;
      const code = this.#byte();
      if (code === 0x2e) return this.#pop();
      const operation = operations[code];
      if (operation === undefined)
        throw new PickleError(`The pickle has the unknown operation ${code} at byte ${start}.`);
      operation(this);
    }
  }

  #fail(problem: string): never {
    throw new PickleError(`The pickle is damaged at byte ${this.#at}: ${problem}.`);
  }

  #need(count: number): number {
    const start = this.#at;
    if (count < 0 || start + count > this.#bytes.length) this.#fail("it was cut off");
    this.#at += count;
    return start;
  }

  #byte(): number {
    return this.#bytes[this.#need(1)];
  }

  u8 = (): number => this.#byte();
  u16 = (): number => this.#view.getUint16(this.#need(2), true);
  u32 = (): number => this.#view.getUint32(this.#need(4), true);
  i32 = (): number => this.#view.getInt32(this.#need(4), true);
  u64 = (): number => Number(this.#view.getBigUint64(this.#need(8), true));
  f64 = (): number => this.#view.getFloat64(this.#need(8), false);
  bytes = (count: number): Uint8Array => {
    const start = this.#need(count);
    return this.#bytes.subarray(start, start + count);
  };
  text = (count: number): string => new TextDecoder().decode(this.bytes(count));
  line = (): string => {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0) this.#fail("it was cut off");
    const text = this.text(end - this.#at);
    this.#at++;
    return text;
  };
  /** A little-endian whole number of any length, rounded to a double. */
  long = (count: number): number => {
    const digits = this.bytes(count);
    let value = 0;
    for (let i = digits.length - 1; i >= 0; i--) value = value * 256 + digits[i];
    return digits.length > 0 && digits[digits.length - 1] >= 0x80 ? value - 256 ** digits.length : value;
  };

  push = (value: PickledValue): void => {
    this.#stack.push(value);
  };
  mark = (): void => {
    this.#stack.push(MARK);
  };
  pop = (): PickledValue => this.#pop();
  #pop(): PickledValue {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) return this.#fail("a value is missing");
    return value;
  }
  /** What lies above the last mark, which is taken off too. */
  popToMark = (): PickledValue[] => {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) this.#fail("a mark is missing");
    const values = this.#stack.slice(mark + 1) as PickledValue[];
    this.#stack.length = mark;
    return values;
  };
  popMany = (count: number): PickledValue[] => Array.from({ length: count }, () => this.#pop()).reverse();
  top = (): PickledValue => {
    const value = this.#pop();
    this.#stack.push(value);
    return value;
  };
  dropTop = (): void => {
    if (this.#stack.pop() === undefined) this.#fail("a value is missing");
  };
  remember = (key: number): void => {
    this.#memo.set(key, this.top());
  };
  rememberNext = (): void => {
    this.remember(this.#memo.size);
  };
  recall = (key: number): void => {
    const value = this.#memo.get(key);
    if (value === undefined) this.#fail(`nothing was remembered as ${key}`);
    else this.push(value);
  };
  name = (module: PickledValue, name: PickledValue): void => {
    if (typeof module !== "string" || typeof name !== "string") this.#fail("a name is no text");
    else this.push({ kind: "name", name: `${module}.${name}` });
  };
  append = (values: readonly PickledValue[]): void => {
    const list = this.top();
    // what a call returns may be filled too, as an OrderedDict is
    if (isKind(list, "list")) for (const value of values) list.items.push(value);
    else if (!isKind(list, "call")) this.#fail("it appends to something else than a list");
  };
  setItems = (values: readonly PickledValue[]): void => {
    if (values.length % 2 !== 0) this.#fail("a key has no value");
    const target = this.top();
    if (!isKind(target, "dictionary") && !isKind(target, "call")) return;
    for (let i = 0; i < values.length; i += 2) target.entries.push([values[i], values[i + 1]]);
  };
}

/** Whether a value is an object of a kind. */
export function isKind<Kind extends "name" | "call" | "reference" | "dictionary" | "list">(
  value: PickledValue,
  kind: Kind,
): value is Extract<PickledValue, { kind: Kind }> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}

const list = (items: PickledValue[]): PickledList => ({ kind: "list", items });
const dictionary = (values: readonly PickledValue[]): PickledDictionary => ({
  kind: "dictionary",
  entries: Array.from({ length: values.length >> 1 }, (_, i) => [values[2 * i], values[2 * i + 1]]),
});
const quoted = (text: string): string => text.replace(/^(['"])(.*)\1$/s, "$2");

/** What each operation does; what would call something notes the call. */
const operations: Readonly<Record<number, (on: Unpickler) => void>> = {
  0x80: (on) => void on.u8(),
  0x95: (on) => void on.u64(),
  0x28: (on) => {
    on.mark();
  },
  0x30: (on) => {
    on.dropTop();
  },
  0x31: (on) => void on.popToMark(),
  0x32: (on) => {
    on.push(on.top());
  },
  0x4e: (on) => {
    on.push(null);
  },
  0x88: (on) => {
    on.push(true);
  },
  0x89: (on) => {
    on.push(false);
  },
  0x49: (on) => {
    const text = on.line();
    on.push(text === "01" ? true : text === "00" ? false : Number(text));
  },
  0x4a: (on) => {
    on.push(on.i32());
  },
  0x4b: (on) => {
    on.push(on.u8());
  },
  0x4d: (on) => {
    on.push(on.u16());
  },
  0x4c: (on) => {
    on.push(Number(on.line().replace(/L$/, "")));
  },
  0x8a: (on) => {
    on.push(on.long(on.u8()));
  },
  0x8b: (on) => {
    on.push(on.long(on.u32()));
  },
  0x46: (on) => {
    on.push(Number(on.line()));
  },
  0x47: (on) => {
    on.push(on.f64());
  },
  0x53: (on) => {
    on.push(quoted(on.line()));
  },
  0x54: (on) => {
    on.push(on.text(on.u32()));
  },
  0x55: (on) => {
    on.push(on.text(on.u8()));
  },
  0x42: (on) => {
    on.push(on.bytes(on.u32()));
  },
  0x43: (on) => {
    on.push(on.bytes(on.u8()));
  },
  0x8e: (on) => {
    on.push(on.bytes(on.u64()));
  },
  0x96: (on) => {
    on.push(on.bytes(on.u64()));
  },
  0x56: (on) => {
    on.push(on.line());
  },
  0x58: (on) => {
    on.push(on.text(on.u32()));
  },
  0x8c: (on) => {
    on.push(on.text(on.u8()));
  },
  0x8d: (on) => {
    on.push(on.text(on.u64()));
  },
  0x5d: (on) => {
    on.push(list([]));
  },
  0x61: (on) => {
    on.append(on.popMany(1));
  },
  0x65: (on) => {
    on.append(on.popToMark());
  },
  0x6c: (on) => {
    on.push(list(on.popToMark()));
  },
  0x29: (on) => {
    on.push(list([]));
  },
  0x74: (on) => {
    on.push(list(on.popToMark()));
  },
  0x85: (on) => {
    on.push(list(on.popMany(1)));
  },
  0x86: (on) => {
    on.push(list(on.popMany(2)));
  },
  0x87: (on) => {
    on.push(list(on.popMany(3)));
  },
  0x7d: (on) => {
    on.push(dictionary([]));
  },
  0x64: (on) => {
    on.push(dictionary(on.popToMark()));
  },
  0x73: (on) => {
    on.setItems(on.popMany(2));
  },
  0x75: (on) => {
    on.setItems(on.popToMark());
  },
  0x8f: (on) => {
    on.push(list([]));
  },
  0x90: (on) => {
    on.append(on.popToMark());
  },
  0x91: (on) => {
    on.push(list(on.popToMark()));
  },
  0x67: (on) => {
    on.recall(Number(on.line()));
  },
  0x68: (on) => {
    on.recall(on.u8());
  },
  0x6a: (on) => {
    on.recall(on.u32());
  },
  0x70: (on) => {
    on.remember(Number(on.line()));
  },
  0x71: (on) => {
    on.remember(on.u8());
  },
  0x72: (on) => {
    on.remember(on.u32());
  },
  0x94: (on) => {
    on.rememberNext();
  },
  0x63: (on) => {
    on.name(on.line(), on.line());
  },
  0x93: (on) => {
    const [module, name] = on.popMany(2);
    on.name(module, name);
  },
  0x52: call,
  0x81: call,
  0x92: (on) => {
    const [of, values] = on.popMany(3);
    on.push({ kind: "call", of, arguments: values, entries: [] });
  },
  0x69: (on) => {
    on.name(on.line(), on.line());
    const of = on.pop();
    on.push({ kind: "call", of, arguments: list(on.popToMark()), entries: [] });
  },
  0x6f: (on) => {
    const [of, ...values] = on.popToMark();
    on.push({ kind: "call", of: of ?? null, arguments: list(values), entries: [] });
  },
  // what an object is filled with does not matter: no object is read but tensors, which are made by their call
  0x62: (on) => void on.pop(),
  0x50: (on) => {
    on.push({ kind: "reference", id: on.line() });
  },
  0x51: (on) => {
    on.push({ kind: "reference", id: on.pop() });
  },
};

function call(on: Unpickler): void {
  const [of, values] = on.popMany(2);
  on.push({ kind: "call", of, arguments: values, entries: [] });
}

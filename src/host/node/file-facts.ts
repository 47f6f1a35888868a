// What was once found out about files, remembered as long as they stay as they are: a file whose size, times and inode are
// what they were is not read again, as git does it. A change of the content always changes the time of change (ctime),
// which no program can set; a file that changed within the last seconds is not trusted yet, since clocks of file systems
// are coarse.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemCode } from "./read-files.js";

/** Where the facts lie in their folder. */
const FACTS_FILE = "facts.json";
/** The coarsest clock of a usual file system ticks every two seconds. */
const SETTLED_MS = 2_000;
/** Facts that were used longest ago are forgotten beyond. */
const MOST_FACTS = 200;

/** One fact, and the state of the files that it is about. */
interface Fact {
  readonly states: Readonly<Record<string, string>>;
  readonly value: string;
}

/** Facts about files, kept in a folder. A folder that cannot be used only means finding them out again. */
export class FileFacts {
  readonly #folder: string;
  #known: Map<string, Fact> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * A fact about files.
   *
   * @param name of the fact, and of what it is about
   * @param list the files; not called where the files that were listed before are unchanged
   * @param find reads them
   * @throws what `list` and `find` throw
   */
  of(name: string, list: () => readonly string[], find: (files: readonly string[]) => string): string {
    this.#known ??= this.#read();
    const known = this.#known.get(name);
    if (known && Object.entries(known.states).every(([path, state]) => stateOf(path)?.text === state)) {
      return known.value;
    }
    const files = list();
    const before = files.map(stateOf);
    const value = find(files);
    const isSettled = before.every(
      (state, index) =>
        state && state.text === stateOf(files[index])?.text && Date.now() - state.changedMs > SETTLED_MS,
    );
    if (isSettled) {
      this.#remember(name, {
        states: Object.fromEntries(files.map((path, index) => [path, before[index]?.text ?? ""])),
        value,
      });
    }
    return value;
  }

  #read(): Map<string, Fact> {
    try {
      const stored: unknown = JSON.parse(readFileSync(join(this.#folder, FACTS_FILE), "utf8"));
      return new Map(Object.entries(stored as Record<string, Fact>).filter(([, fact]) => isFact(fact)));
    } catch (error) {
      // none yet, or damaged
      if (systemCode(error) === undefined && !(error instanceof SyntaxError)) throw error;
      return new Map();
    }
  }

  #remember(name: string, fact: Fact): void {
    // what other processes found out meanwhile is kept; of two at once one is lost, and found out again
    const facts = this.#read();
    facts.delete(name);
    facts.set(name, fact);
    this.#known = new Map([...facts].slice(-MOST_FACTS));
    const path = join(this.#folder, FACTS_FILE);
    const draft = `${path}.${process.pid}`;
    try {
      mkdirSync(this.#folder, { recursive: true });
      writeFileSync(draft, JSON.stringify(Object.fromEntries(this.#known)));
      renameSync(draft, path);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
  }
}

function isFact(value: unknown): value is Fact {
  const { states, value: text } = (value ?? {}) as Partial<Fact>;
  return typeof text === "string" && typeof states === "object" && Object.keys(states).length > 0;
}

/** What changes with a file's content; undefined where there is no such file. */
function stateOf(path: string): { readonly text: string; readonly changedMs: number } | undefined {
  const state = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!state) return undefined;
  const { dev, ino, size, mtimeNs, ctimeNs } = state;
  return { text: [dev, ino, size, mtimeNs, ctimeNs].join(" "), changedMs: Number(ctimeNs / 1_000_000n) };
}

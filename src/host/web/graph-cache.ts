// Traced graphs in the browser's Cache API, so that a second visit traces nothing and loads no tracer: by everything that a
// graph depends on, as in host/node/compiled-cache.ts. What onnxruntime optimises for WebAssembly cannot be had from it.
import type { Signature } from "../../engine/engine.js";
import { openCache } from "./files.js";

/** The package's; a bundler need not name its scripts by their content. */
export const GRAPHS_VERSION = "0.1.0";

/** A voice has three; those that were kept first are removed beyond so many. */
const MOST_GRAPHS = 12;
/** Their addresses, which nothing is fetched from. */
const GRAPHS = "vocode-graph/";

/** What a Worker's script imports where no bundler has put the code into it, or into scripts that it names by content. */
const UNBUNDLED = /from\s*["'][^"']*host\/web\/graph-cache/;

/** Graphs of one Worker. Nothing here fails: a cache that cannot be used only means tracing again. */
export class GraphCache {
  readonly #script: string;
  readonly #readBytes: (address: string) => Promise<Uint8Array<ArrayBuffer>>;
  #code: Promise<string | undefined> | undefined;
  /** By the address of their file. */
  readonly #weights = new Map<string, Promise<string>>();

  /**
   * @param script the Worker's own address
   * @param readBytes gives the file of the weights, which counts by its content
   */
  constructor(script: string, readBytes: (address: string) => Promise<Uint8Array<ArrayBuffer>>) {
    this.#script = script;
    this.#readBytes = readBytes;
  }

  /** Where a function's graph lies; undefined where it cannot be kept. */
  async addressOf({
    source,
    stored,
    state,
    inputs,
    quantised,
    observed,
  }: Signature): Promise<string | undefined> {
    if (source === undefined || !stored || state || !("subtle" in crypto)) return undefined;
    const code = await (this.#code ??= this.#digestOfCode());
    if (code === undefined) return undefined;
    const known = this.#weights.get(stored.path) ?? this.#readBytes(stored.path).then(digestOf);
    this.#weights.set(stored.path, known);
    const weights = await known;
    const all = JSON.stringify([GRAPHS_VERSION, code, source, inputs, quantised, observed, weights]);
    return new URL(GRAPHS + (await digestOf(new TextEncoder().encode(all))), this.#script).href;
  }

  async read(address: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const kept = await (await openCache())?.match(address);
    return kept && new Uint8Array(await kept.arrayBuffer());
  }

  async write(address: string, graph: Uint8Array): Promise<void> {
    const cache = await openCache();
    if (!cache) return;
    try {
      await cache.put(address, new Response(graph as Uint8Array<ArrayBuffer>));
      const kept = (await cache.keys()).filter(({ url }) => url.includes(GRAPHS));
      for (const old of kept.slice(0, -MOST_GRAPHS)) await cache.delete(old);
    } catch {
      // a full disk, or a private window
    }
  }

  async remove(address: string): Promise<void> {
    await (await openCache())?.delete(address);
  }

  /** A hash of the Worker's script: with a bundler it holds the code or the names of scripts with their hashes. */
  async #digestOfCode(): Promise<string | undefined> {
    try {
      const text = await (await fetch(this.#script, { cache: "force-cache" })).text();
      return UNBUNDLED.test(text) ? undefined : await digestOf(new TextEncoder().encode(text));
    } catch {
      return undefined;
    }
  }
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Compiled graphs on disk, so that a second start neither traces nor optimises. A file is a SHA-256 digest followed by
// the graph; a file that does not match its digest is removed and compiled anew. Writes are atomic, so processes that
// compile the same graph at once only replace each other's equal files.
import { createHash, type Hash } from "node:crypto";
import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { arch, cpus, homedir, platform } from "node:os";
import { join, relative } from "node:path";
import { addressInPackage, isBundled, systemCode } from "./read-files.js";
import { streamAtomically } from "./write-files.js";
import type { FileFacts } from "./file-facts.js";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Signature, TensorValue } from "../../engine/engine.js";

// The key of a compiled graph: a hash of everything that it depends on. Where the caller says what its function depends
// on (Signature.source), the key is known without tracing; vocode's own code counts by its content.

/** Where a graph will run; onnxruntime's optimised graphs hold for one version and one kind of processor. */
export interface Target {
  readonly runtimeVersion: string;
  readonly device: string;
  /** onnxruntime's fusions that are left out. */
  readonly withoutFusions: readonly string[];
}

const sourceFolder = fileURLToPath(addressInPackage("", "."));

/** The rooms whose code makes graphs: what the networks' functions and the tracer import lies in them. */
export const graphRooms: readonly string[] = ["diffusion", "engine", "mel", "models", "synthesis"];

let sourceDigest: string | undefined;

/** A hash of the code that makes graphs, found once a process. */
function digestOfSource(facts: FileFacts | undefined): string {
  sourceDigest ??= facts
    ? facts.of(`code ${sourceFolder}`, sourceFiles, digestOfFiles)
    : digestOfFiles(sourceFiles());
  return sourceDigest;
}

/** Whether the code can be read: some bundlers write the place where it lay on the machine that bundled it. */
export function isCodeReadable(): boolean {
  return isBundled
    ? existsSync(sourceFolder)
    : graphRooms.every((room) => existsSync(join(sourceFolder, room)));
}

/** The files with that code; all scripts beside a bundle, since it may be in any of them. */
function sourceFiles(): string[] {
  return isBundled
    ? scriptsIn(sourceFolder, false)
    : graphRooms.flatMap((room) => scriptsIn(join(sourceFolder, room), true));
}

function scriptsIn(folder: string, recursive: boolean): string[] {
  return readdirSync(folder, { recursive, encoding: "utf8" })
    .filter((name) => /\.m?[jt]s$/.test(name) && !name.endsWith(".d.ts"))
    .map((name) => join(folder, name))
    .sort();
}

/** A hash of files and of their places within the code. */
function digestOfFiles(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(relative(sourceFolder, file)).update("\0").update(readFileSync(file));
  return hash.digest("hex");
}

function digestOfFile(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function newHash(target: Target): Hash {
  const processor = cpus()[0]?.model ?? "";
  return createHash("sha256").update(JSON.stringify([target, platform(), arch(), processor]));
}

function bytesOf({ data }: TensorValue): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function shapesOf(
  values: Readonly<Record<string, TensorValue>> = {},
): [string, readonly number[], boolean][] {
  return Object.entries(values).map(([name, { shape, data }]) => [name, shape, data instanceof Int32Array]);
}

/**
 * The key of a function that names its source, found without tracing it.
 *
 * @param facts of files that were read before: without them weights in a file, and vocode's own code, are read again
 */
export function keyOfSource(signature: Signature, source: string, target: Target, facts?: FileFacts): string {
  const { inputs, weights = {}, stored, state, quantised, observed } = signature;
  const hash = newHash(target)
    .update(digestOfSource(facts))
    .update(JSON.stringify([source, inputs, shapesOf(weights), shapesOf(state), quantised, observed]));
  if (stored) {
    const { path } = stored;
    hash.update(
      facts
        ? facts.of(
            `content of ${path}`,
            () => [path],
            () => digestOfFile(path),
          )
        : digestOfFile(path),
    );
  }
  for (const value of Object.values(weights)) hash.update(bytesOf(value));
  return hash.digest("hex");
}

/** The key of a traced model. */
export function keyOfModel(model: Uint8Array, target: Target): string {
  return newHash(target).update(model).digest("hex");
}

/** Names the folder of compiled graphs, or switches it off if set to nothing. */
const cacheVariable = "VOCODE_CACHE";

/** Older graphs are removed beyond this size. */
const sizeLimit = 2 * 2 ** 30;

const digestLength = 32;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Where compiled graphs lie by the platform's custom: $VOCODE_CACHE, else the user's cache folder. */
export function defaultCacheFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const chosen = environment[cacheVariable];
  if (chosen !== undefined) return chosen === "" ? undefined : chosen;
  if (platform === "win32") {
    return join(environment["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"), "vocode", "Cache");
  }
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "vocode");
  return join(environment["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "vocode");
}

/** Says that a file was used, once a day: it counts as changed then. */
async function touch(path: string): Promise<void> {
  const now = new Date();
  if (now.getTime() - (await stat(path)).mtimeMs > DAY_MS) await utimes(path, now, now);
}

/** SHA-256 of bytes. */
function digestOf(content: Uint8Array): Buffer {
  return createHash("sha256").update(content).digest();
}

/** A folder of compiled graphs by key. It never fails: a folder that cannot be used only means compiling again. */
export class CompiledCache {
  /** @param facts which graphs were found whole before, so that they need not be checked again */
  constructor(
    readonly folder: string,
    private readonly facts?: FileFacts,
  ) {}

  /** The graph stored under a key; undefined if there is none, or none that is whole. */
  async read(key: string): Promise<Uint8Array | undefined> {
    const path = this.pathOf(key);
    try {
      const file = readFileSync(path);
      const graph = file.subarray(digestLength);
      const check = (): string => String(digestOf(graph).equals(file.subarray(0, digestLength)));
      if ((this.facts?.of(`${path} is whole`, () => [path], check) ?? check()) !== "true") {
        await this.remove(key);
        return undefined;
      }
      await touch(path);
      return graph;
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return undefined;
    }
  }

  /** Stores a graph under a key and removes the graphs unused for longest beyond the size limit. */
  async write(key: string, graph: Uint8Array): Promise<void> {
    await this.attempt(async () => {
      await mkdir(this.folder, { recursive: true });
      await streamAtomically(this.pathOf(key), async (file) => {
        await file.writeFile(digestOf(graph));
        await file.writeFile(graph);
      });
      await this.prune();
    });
  }

  /** Forgets the graph stored under a key. */
  async remove(key: string): Promise<void> {
    await this.attempt(() => rm(this.pathOf(key), { force: true }));
  }

  private pathOf(key: string): string {
    return join(this.folder, `${key}.graph`);
  }

  private async prune(): Promise<void> {
    const names = (await readdir(this.folder)).filter((name) => name.endsWith(".graph"));
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.folder, name);
        const { size, mtimeMs } = await stat(path);
        return { path, size, usedAt: mtimeMs };
      }),
    );
    let total = 0;
    for (const { path, size } of files.toSorted((a, b) => b.usedAt - a.usedAt)) {
      total += size;
      if (total > sizeLimit) await rm(path, { force: true });
    }
  }

  /** Runs an operation whose failure only costs time: read-only, full and vanishing folders. */
  private async attempt(operation: () => Promise<void>): Promise<void> {
    try {
      await operation();
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
  }
}

// Checkpoints at an address: the files of a folder that a server gives over HTTP(S), kept in the user's cache. Each load
// asks whether they have changed; without a network the copy serves. A download that is cut off goes on where it was.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import { checkpointFiles } from "../../checkpoint/checkpoint.js";
import { InputError } from "../../errors.js";
import { isWebPage } from "../../mel/foreign.js";
import { defaultCacheFolder } from "./compiled-cache.js";
import { describeSystemError, systemCode } from "./read-files.js";
import { makeFolder, writeAtomically } from "./write-files.js";

/** A checkpoint cannot be had from its address. */
export class DownloadError extends InputError {
  constructor(
    message: string,
    readonly address: string,
    /** HTTP's, where a server answered. */
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** How to fetch. */
export interface DownloadOptions {
  /** Where copies are kept; by default the user's cache folder. */
  readonly cacheFolder?: string | undefined;
  /** Bytes of a file received, of all where the server says how many. */
  readonly onDownload?: ((received: number, total: number | undefined) => void) | undefined;
  readonly onRemark?: ((sentence: string) => void) | undefined;
}

/** Tries of a file that is cut off, each of which goes on where the one before ended. */
const TRIES = 4;
/** Between tries, in milliseconds, doubled each time. */
const FIRST_WAIT = 250;
/** Without a byte for so long a server counts as gone, in milliseconds. */
const SILENCE = 30_000;
const SOURCES = "sources.json";

/** What is known of a file that was downloaded. */
interface Source {
  readonly etag?: string;
  readonly lastModified?: string;
  readonly size: number;
  readonly sha256: string;
}

type Sources = Readonly<Record<string, Source | undefined>>;

/**
 * The address of a checkpoint's files. A model's page on Hugging Face stands for the files of its main branch, or of the
 * branch that it names.
 *
 * @throws DownloadError for what is no address
 */
export function filesAddress(address: string): URL {
  if (!URL.canParse(address))
    throw new DownloadError(
      `'${address}' is no address. Write it whole, such as https://example.org/voices/mine.`,
      address,
    );
  const url = new URL(address);
  if (url.hostname === "huggingface.co") {
    const [owner, name, kind, branch = "main", ...rest] = url.pathname.split("/").filter(Boolean);
    if (name !== undefined && (kind === undefined || kind === "tree"))
      url.pathname = [owner, name, "resolve", branch, ...rest].join("/");
  }
  if (url.pathname.endsWith(`/${checkpointFiles.config}`))
    url.pathname = url.pathname.slice(0, -checkpointFiles.config.length);
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/**
 * Fetches a checkpoint, or what of it has changed since the last time.
 *
 * @returns the folder of the copy
 * @throws DownloadError, FileError where the copy cannot be written
 */
export async function fetchCheckpoint(address: string, options: DownloadOptions = {}): Promise<string> {
  const url = filesAddress(address);
  const cache = options.cacheFolder ?? defaultCacheFolder();
  if (cache === undefined)
    throw new DownloadError(
      `There is no folder to keep '${address}' in: the cache is switched off. Download its files, and name their folder.`,
      address,
    );
  const name = createHash("sha256").update(url.href).digest("hex").slice(0, 20);
  const folder = join(cache, "checkpoints", name);
  await makeFolder(folder);
  const known = await readSources(folder);
  const names = [checkpointFiles.weights, checkpointFiles.config];
  const found: Record<string, Source> = {};
  const changed: string[] = [];
  try {
    // the config first: of a wrong address it says so at once
    for (const file of [...names].reverse()) {
      const source = await fetchFile(new URL(file, url), join(folder, file), known[file], options);
      if (source !== known[file]) changed.push(file);
      found[file] = source;
    }
  } catch (error) {
    // a server that does not answer, or not well, is no reason to be without a voice that is here
    const isAway = error instanceof DownloadError && (error.status === undefined || error.status >= 500);
    if (!isAway || names.some((file) => known[file] === undefined)) throw error;
    options.onRemark?.(`${error.message} The copy of '${address}' from before is used.`);
    return folder;
  }
  // the config that describes the weights comes last
  for (const file of names.filter((each) => changed.includes(each)))
    await rename(`${join(folder, file)}.new`, join(folder, file));
  if (changed.length > 0)
    await writeAtomically(join(folder, SOURCES), `${JSON.stringify({ address, files: found }, null, 2)}\n`);
  return folder;
}

async function readSources(folder: string): Promise<Sources> {
  try {
    const { files } = JSON.parse(await readFile(join(folder, SOURCES), "utf8")) as { files: Sources };
    const whole = Object.entries(files).map(async ([name, source]) => {
      const found = await stat(join(folder, name)).catch(() => undefined);
      return found?.size === source?.size ? [[name, source] as const] : [];
    });
    return Object.fromEntries((await Promise.all(whole)).flat());
  } catch {
    return {};
  }
}

/** What a server said of a file, and the rest of its bytes. */
interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AsyncIterable<Uint8Array> | null;
}

/**
 * Fetches a file to PATH.new, unless it is as it was.
 *
 * @returns `known` itself where it has not changed
 */
async function fetchFile(
  url: URL,
  path: string,
  known: Source | undefined,
  options: DownloadOptions,
): Promise<Source> {
  const part = `${path}.part`;
  let fault: DownloadError | undefined;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt > 0) await setTimeout(FIRST_WAIT * 2 ** (attempt - 1));
    try {
      const resumed = await resumable(part);
      const answer = await ask(url, known, resumed);
      if (answer.status === 304 && known) return known;
      if (answer.status === 416) {
        // nothing is left to come: what is there is whole, or of another version
        await rm(part, { force: true });
        throw new DownloadError(`'${url.href}' has no such part.`, url.href);
      }
      const total = await receive(url, answer, part, resumed, options);
      const source = { ...validators(answer.headers), size: total, sha256: await sha256Of(part) };
      requireSame(url, answer.headers, source);
      await rename(part, `${path}.new`);
      await rm(`${part}.json`, { force: true });
      return source;
    } catch (error) {
      if (!(error instanceof DownloadError)) {
        if (systemCode(error) === undefined) throw error;
        throw describeSystemError(error, path);
      }
      const isPassing = error.status === undefined || error.status >= 500 || error.status === 429;
      if (!isPassing) {
        await rm(part, { force: true });
        throw error;
      }
      fault = error;
    }
  }
  throw fault!;
}

/** How much of a file an earlier try has, and of which version. */
interface Resumable {
  readonly bytes: number;
  /** What If-Range takes: a strong ETag, or a date. */
  readonly version: string;
}

async function resumable(part: string): Promise<Resumable | undefined> {
  try {
    const { version } = JSON.parse(await readFile(`${part}.json`, "utf8")) as { version?: string };
    const { size } = await stat(part);
    return version !== undefined && size > 0 ? { bytes: size, version } : undefined;
  } catch {
    return undefined;
  }
}

async function ask(url: URL, known: Source | undefined, resumed: Resumable | undefined): Promise<Answer> {
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (resumed) {
    headers["range"] = `bytes=${resumed.bytes}-`;
    headers["if-range"] = resumed.version;
  } else if (known?.etag !== undefined) headers["if-none-match"] = known.etag;
  else if (known?.lastModified !== undefined) headers["if-modified-since"] = known.lastModified;
  const gone = new AbortController();
  const timer = globalThis.setTimeout(() => {
    gone.abort();
  }, SILENCE);
  try {
    const { status, headers: answered, body } = await fetch(url, { headers, signal: gone.signal });
    return { status, headers: answered, body: body as AsyncIterable<Uint8Array> | null };
  } catch (error) {
    throw new DownloadError(`'${url.href}' cannot be reached: ${causeOf(error)}.`, url.href, undefined, {
      cause: error,
    });
  } finally {
    globalThis.clearTimeout(timer);
  }
}

/** Writes what comes to the part; how long the file is. */
async function receive(
  url: URL,
  { status, headers, body }: Answer,
  part: string,
  resumed: Resumable | undefined,
  { onDownload }: DownloadOptions,
): Promise<number> {
  refuseStatus(url, status, headers);
  // a version that has changed meanwhile comes whole
  let at = status === 206 ? rangeStart(url, headers, resumed) : 0;
  const length = Number(headers.get("content-encoding") === null ? headers.get("content-length") : NaN);
  const total = length > 0 ? at + length : undefined;
  const { etag, lastModified } = validators(headers);
  if (at === 0) {
    const version = etag === undefined || etag.startsWith("W/") ? lastModified : etag;
    await rm(part, { force: true });
    await writeAtomically(`${part}.json`, `${JSON.stringify({ version })}\n`);
  }
  const file = await open(part, at === 0 ? "w" : "r+");
  try {
    for await (const chunk of heard(url, body)) {
      if (at === 0) refusePage(url, chunk);
      await writeWhole(file, chunk, at);
      at += chunk.length;
      onDownload?.(at, total);
    }
  } finally {
    await file.close();
  }
  if (total !== undefined && at !== total)
    throw new DownloadError(`'${url.href}' ended after ${at} of ${total} bytes.`, url.href);
  return at;
}

/** The byte that a partial answer begins with: the one that was asked for. */
function rangeStart(url: URL, headers: Headers, resumed: Resumable | undefined): number {
  const start = Number(/^bytes (\d+)-/.exec(headers.get("content-range") ?? "")?.[1]);
  if (resumed?.bytes === start) return start;
  throw new DownloadError(`'${url.href}' came from another byte on than was asked for.`, url.href, 206);
}

async function writeWhole(file: FileHandle, chunk: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done, at + done);
    done += bytesWritten;
  }
}

/** A body's pieces, where each comes in time. */
async function* heard(url: URL, body: AsyncIterable<Uint8Array> | null): AsyncGenerator<Uint8Array, void> {
  if (body === null) return;
  const pieces = body[Symbol.asyncIterator]();
  for (;;) {
    const waiting = new AbortController();
    const silence = setTimeout(SILENCE, "silence" as const, { signal: waiting.signal });
    silence.catch(() => undefined);
    try {
      const next = await Promise.race([pieces.next(), silence]);
      if (next === "silence") {
        void pieces.return?.();
        throw new DownloadError(`'${url.href}' was silent for ${SILENCE / 1000} s.`, url.href);
      }
      if (next.done === true) return;
      yield next.value;
    } catch (error) {
      if (error instanceof DownloadError) throw error;
      throw new DownloadError(
        `The download of '${url.href}' broke off: ${causeOf(error)}.`,
        url.href,
        undefined,
        {
          cause: error,
        },
      );
    } finally {
      waiting.abort();
    }
  }
}

function refuseStatus(url: URL, status: number, headers: Headers): void {
  if (status === 200 || status === 206) {
    if (/^text\/html\b/i.test(headers.get("content-type") ?? "")) throw pageInPlace(url);
    return;
  }
  const place = `'${url.href}'`;
  if (status === 404 || status === 410)
    throw new DownloadError(
      `There is nothing at ${place} (${status}). The address has to be that of a checkpoint's folder, with ` +
        `${checkpointFiles.config} and ${checkpointFiles.weights} in it.`,
      url.href,
      status,
    );
  if (status === 401 || status === 403)
    throw new DownloadError(
      `${place} is not public (${status}). Download its files, and name their folder.`,
      url.href,
      status,
    );
  throw new DownloadError(`The server of ${place} answers ${status}. Try again later.`, url.href, status);
}

/** Refuses a page that a server gives in place of a file, whatever it calls it. */
function refusePage(url: URL, first: Uint8Array): void {
  if (isWebPage(new TextDecoder().decode(first.subarray(0, 64)).trimStart())) throw pageInPlace(url);
}

function pageInPlace(url: URL): DownloadError {
  return new DownloadError(
    `'${url.href}' is a web page, and a file was expected. Name the address that gives the files themselves, such as a ` +
      "repository's raw files.",
    url.href,
    200,
  );
}

function validators(headers: Headers): Pick<Source, "etag" | "lastModified"> {
  const etag = headers.get("etag");
  const lastModified = headers.get("last-modified");
  return { ...(etag !== null && { etag }), ...(lastModified !== null && { lastModified }) };
}

/** Refuses a file that is not the one that the server speaks of: Hugging Face tells the SHA-256 of large files. */
function requireSame(url: URL, headers: Headers, { sha256 }: Source): void {
  const said = [headers.get("x-linked-etag"), headers.get("etag")]
    .map((tag) => /^(?:W\/)?"?([0-9a-f]{64})"?$/i.exec(tag ?? "")?.[1]?.toLowerCase())
    .find((tag) => tag !== undefined);
  if (said === undefined || said === sha256) return;
  throw new DownloadError(
    `What came from '${url.href}' has the SHA-256 ${sha256}, and the server names ${said}: it was changed on the way. Try ` +
      "again, or over another network.",
    url.href,
    200,
  );
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Why a request failed, in the system's words. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = systemCode(cause);
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "no server of that name is found; is there a network?";
    case "ECONNREFUSED":
      return "nobody answers there";
    default:
      return cause instanceof Error ? cause.message : String(cause);
  }
}

// Where mels lie and where speech goes: local files, and objects of a store that speaks S3's protocol (s3://bucket/key).
// A result appears whole or not at all: a local one by renaming, an object by one conditional put.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { AwsClient } from "aws4fetch";
import { InputError } from "../errors.js";
import { describeSystemError, isFile } from "../host/node/read-files.js";
import { makeFolder, writeAtomically } from "../host/node/write-files.js";
import { loadPackage } from "./queue.js";

/** An object store cannot be reached, or refuses. */
export class StoreError extends InputError {
  /** @param status of HTTP, where it answered */
  constructor(
    message: string,
    readonly place: string,
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A mel that was found in a store. */
export interface FoundObject {
  readonly place: string;
  /** Its key after the prefix that was listed. */
  readonly name: string;
  readonly identity: string;
}

const SCHEME = "s3://";
/** Without an answer for so long a request counts as lost, in milliseconds. */
const PATIENCE = 300_000;
/** Tries of a request that the store could not serve, each after twice the pause of the one before; the first is 50 ms. */
const TRIES = 6;

/** Whether a place is an object or a prefix of objects. */
export function isObject(place: string): boolean {
  return place.startsWith(SCHEME);
}

/** A place as every machine that shares it can use it: local paths absolute, file:// addresses as paths. */
export function absolutePlace(text: string): string {
  if (isObject(text)) return text;
  return text.startsWith("file://") ? fileURLToPath(text) : resolve(text);
}

/** The place of a name below another place. */
export function placeBelow(folder: string, name: string): string {
  if (!isObject(folder)) return resolve(folder, name);
  return `${folder.replace(/\/+$/, "")}/${name}`;
}

/** What identifies bytes in a job: 22 letters and digits of their SHA-256. */
export function digestOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return shortDigest(hash.digest());
}

// 128 bits of it
function shortDigest(digest: Buffer): string {
  return digest.subarray(0, 16).toString("base64url");
}

/** The files and objects of this process. A store's client is opened when the first object is asked for. */
export class Places {
  #client: Promise<AwsClient> | undefined;
  readonly #env: NodeJS.ProcessEnv;

  /** @param env where the store's address and keys stand, by the names that AWS's own tools read */
  constructor(env: NodeJS.ProcessEnv = process.env) {
    this.#env = env;
  }

  /**
   * What changes with a mel's bytes: a hash of a file, the ETag of an object.
   *
   * @throws FileError, StoreError
   */
  async identity(place: string): Promise<string> {
    if (!isObject(place)) {
      const hash = createHash("sha256");
      try {
        for await (const piece of createReadStream(place)) hash.update(piece as Buffer);
      } catch (error) {
        throw describeSystemError(error, place);
      }
      return shortDigest(hash.digest());
    }
    const answer = await this.#ask("HEAD", place);
    if (answer.status === 404) throw missing(place);
    return etagOf(answer);
  }

  /** Whether there is a result. @throws StoreError */
  async exists(place: string): Promise<boolean> {
    if (!isObject(place)) return isFile(place);
    return (await this.#ask("HEAD", place)).status !== 404;
  }

  /**
   * Copies an object into a local file.
   *
   * @returns its identity
   * @throws StoreError, FileError
   */
  async fetch(place: string, path: string): Promise<string> {
    const answer = await this.#ask("GET", place);
    if (answer.status === 404) throw missing(place);
    await writeAtomically(path, new Uint8Array(await answer.arrayBuffer()));
    return etagOf(answer);
  }

  /**
   * Makes an object of a local file.
   *
   * @param replaces whether one that is there is replaced
   * @returns false where one was there already, and is left as it is
   * @throws StoreError, FileError
   */
  async put(path: string, place: string, replaces: boolean): Promise<boolean> {
    const body = await readFile(path);
    const headers: Record<string, string> = {
      "content-type": "audio/wav",
      ...(!replaces && { "if-none-match": "*" }),
    };
    const { status } = await this.#ask("PUT", place, { body, headers }, [409, 412]);
    // 409: another put of it is under way at this moment
    return status !== 412 && status !== 409;
  }

  /** Makes the folder that a local result lies in. @throws FileError */
  async prepare(place: string): Promise<void> {
    if (!isObject(place)) await makeFolder(dirname(place));
  }

  /**
   * The objects below a prefix, by their names; of a place that is an object itself that one.
   *
   * @throws StoreError
   */
  async list(place: string, isWanted: (name: string) => boolean): Promise<FoundObject[]> {
    if (isWanted(place)) return [{ place, name: basename(place), identity: await this.identity(place) }];
    const { DOMParser } = await import("linkedom");
    const { bucket, key } = partsOf(place);
    const prefix = key === "" || key.endsWith("/") ? key : `${key}/`;
    const found: FoundObject[] = [];
    let next: string | undefined;
    do {
      const query = new URLSearchParams({ "list-type": "2", "encoding-type": "url", prefix });
      if (next !== undefined) query.set("continuation-token", next);
      const answer = await this.#ask("GET", `${SCHEME}${bucket}/`, { query: query.toString() });
      if (answer.status === 404) throw missing(place);
      const page: Parent = new DOMParser().parseFromString(await answer.text(), "text/xml");
      for (const entry of Array.from<Parent>(page.querySelectorAll("Contents"))) {
        const own = decodeURIComponent(textIn(entry, "Key").replaceAll("+", " "));
        if (!isWanted(own)) continue;
        found.push({
          place: `${SCHEME}${bucket}/${own}`,
          name: own.slice(prefix.length),
          identity: bareTag(textIn(entry, "ETag")),
        });
      }
      next = textIn(page, "NextContinuationToken") || undefined;
    } while (next !== undefined);
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** An answer that says yes, or 404, or one of the statuses that are expected. */
  async #ask(
    method: "GET" | "HEAD" | "PUT",
    place: string,
    {
      query,
      ...init
    }: { query?: string; body?: Uint8Array<ArrayBuffer>; headers?: Record<string, string> } = {},
    expected: readonly number[] = [],
  ): Promise<Response> {
    const client = await (this.#client ??= this.#open());
    const address = `${this.#address(place)}${query === undefined ? "" : `?${query}`}`;
    let answer: Response;
    try {
      answer = await client.fetch(address, { method, ...init, signal: AbortSignal.timeout(PATIENCE) });
    } catch (error) {
      const { cause, message } = error as Error & { cause?: Error };
      throw new StoreError(
        `The store of '${place}' does not answer: ${cause?.message || message}.`,
        place,
        undefined,
        { cause: error },
      );
    }
    if (answer.ok || answer.status === 404 || expected.includes(answer.status)) return answer;
    const words = await answer.text();
    const reason = /<Code>([^<]*)<\/Code>/.exec(words)?.[1] ?? answer.statusText;
    throw new StoreError(
      `The store answers ${method} of '${place}' with ${answer.status} ${reason}.`,
      place,
      answer.status,
    );
  }

  async #open(): Promise<AwsClient> {
    const { AwsClient: Client } = await loadPackage("aws4fetch", () => import("aws4fetch"));
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = this.#env;
    if (!accessKeyId || !secretAccessKey)
      throw new StoreError(
        "An s3:// place needs the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_ENDPOINT_URL for a store " +
          "that is not Amazon's.",
        SCHEME,
      );
    const sessionToken = this.#env["AWS_SESSION_TOKEN"];
    return new Client({
      ...{ accessKeyId, secretAccessKey, region: this.#region, service: "s3", retries: TRIES },
      ...(sessionToken !== undefined && { sessionToken }),
    });
  }

  get #region(): string {
    return this.#env["AWS_REGION"] || this.#env["AWS_DEFAULT_REGION"] || "us-east-1";
  }

  #address(place: string): string {
    const { bucket, key } = partsOf(place);
    const endpoint = this.#env["AWS_ENDPOINT_URL_S3"] || this.#env["AWS_ENDPOINT_URL"];
    const base = endpoint?.replace(/\/+$/, "") ?? `https://s3.${this.#region}.amazonaws.com`;
    return `${base}/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
  }
}

function partsOf(place: string): { bucket: string; key: string } {
  const match = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(place);
  if (!match) throw new StoreError(`'${place}' names no bucket. Write s3://bucket/key.`, place);
  return { bucket: match[1], key: match[2] };
}

/** What is read here of a document and of its elements. */
type Parent = Pick<ParentNode, "querySelector" | "querySelectorAll">;

function textIn(parent: Parent, name: string): string {
  return parent.querySelector(name)?.textContent ?? "";
}

function missing(place: string): StoreError {
  return new StoreError(`There is no '${place}' in the store. Check the bucket and the key.`, place, 404);
}

function etagOf(answer: Response): string {
  return bareTag(answer.headers.get("etag") ?? "");
}

function bareTag(etag: string): string {
  return etag.replaceAll(/["]|&quot;/g, "");
}

/** What a voice's files are, as a job names them. @throws FileError */
export async function folderDigest(paths: readonly string[]): Promise<string> {
  const parts: Uint8Array[] = [];
  for (const path of paths) {
    try {
      // the sizes keep two files apart
      parts.push(Buffer.from(`${(await stat(path)).size} `), await readFile(path));
    } catch (error) {
      throw describeSystemError(error, path);
    }
  }
  return digestOf(...parts);
}

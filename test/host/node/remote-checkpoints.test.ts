// Checkpoints over HTTP from a server of the test's own, which does what servers and networks do: it breaks off, changes
// files, answers with pages, goes away.
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DownloadError, fetchCheckpoint, filesAddress } from "../../../src/host/node/remote-checkpoints.js";
import { loadCheckpoint, saveCheckpoint } from "../../../src/host/node/checkpoints.js";
import { Vocoder } from "../../../src/index.js";
import { randomCheckpoint } from "../../support/random-checkpoint.js";

type Answer = (request: IncomingMessage, response: ServerResponse, file: Buffer | undefined) => boolean;

let folder: string;
let server: Server;
let address: string;
let files: Map<string, Buffer>;
let requests: { path: string; range: string | undefined }[];
/** Says whether it answered in place of the server. */
let instead: Answer;
const options = (): { cacheFolder: string } => ({ cacheFolder: join(folder, "cache") });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "vocode-remote-"));
  await saveCheckpoint(join(folder, "voice"), randomCheckpoint(), "random");
  files = new Map(
    ["config.json", "model.safetensors"].map((name) => [name, readFileSync(join(folder, "voice", name))]),
  );
  requests = [];
  instead = () => false;
  server = createServer((request, response) => {
    const name = request.url!.replace("/voices/a/", "");
    const file = files.get(name);
    requests.push({ path: name, range: request.headers.range });
    if (!instead(request, response, file)) serve(request, response, file);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/voices/a`;
});
afterEach(async () => {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  rmSync(folder, { recursive: true });
});

const etagOf = (file: Buffer): string => `"${createHash("md5").update(file).digest("hex")}"`;

/** A file server with ETags and ranges. */
function serve(request: IncomingMessage, response: ServerResponse, file: Buffer | undefined): void {
  if (!file) {
    response.writeHead(404).end("no");
    return;
  }
  const etag = etagOf(file);
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304, { etag }).end();
    return;
  }
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? NaN);
  if (start >= 0 && request.headers["if-range"] === etag) {
    const range = `bytes ${start}-${file.length - 1}/${file.length}`;
    const length = file.length - start;
    response
      .writeHead(206, { etag, "content-range": range, "content-length": length })
      .end(file.subarray(start));
    return;
  }
  response.writeHead(200, { etag, "content-length": file.length }).end(file);
}

/** Sends the first bytes of a file, and when they have arrived breaks the connection. */
function breakOff(response: ServerResponse, file: Buffer, bytes: number): void {
  response.writeHead(200, { etag: etagOf(file), "content-length": file.length });
  response.write(file.subarray(0, bytes), () => setTimeout(() => response.destroy(), 200));
}

const errorOf = async (work: Promise<unknown>): Promise<DownloadError> => {
  try {
    await work;
  } catch (error) {
    expect(error).toBeInstanceOf(DownloadError);
    return error as DownloadError;
  }
  throw new Error("nothing was thrown");
};

describe("a checkpoint at an address", () => {
  it("is fetched into the cache, is the one that is there, and is not fetched again", async () => {
    const told: [number, number | undefined][] = [];
    const copy = await fetchCheckpoint(address, {
      ...options(),
      onDownload: (received, total) => told.push([received, total]),
    });
    expect(await loadCheckpoint(copy)).toEqual(await loadCheckpoint(join(folder, "voice")));
    const { length } = files.get("model.safetensors")!;
    expect(told.at(-1)).toEqual([length, length]);
    expect(readdirSync(copy).sort()).toEqual(["config.json", "model.safetensors", "sources.json"]);
    told.length = 0;
    expect(await fetchCheckpoint(`${address}/`, options())).toBe(copy);
    expect(told).toEqual([]);
    expect(requests).toHaveLength(4);
  });

  it("is what Vocoder.load takes", async () => {
    const vocoder = await Vocoder.load(address, { ...options(), threads: 1 });
    const local = await Vocoder.load(join(folder, "voice"), { ...options(), threads: 1 });
    const mel = { format: vocoder.format, frames: 4, values: new Float32Array(4 * 80).fill(-6) };
    const asked = { steps: 1, refine: 0, seed: 1 };
    expect((await vocoder.synthesize(mel, asked)).samples).toEqual(
      (await local.synthesize(mel, asked)).samples,
    );
    await vocoder.dispose();
    await local.dispose();
  });

  it("goes on where a download was broken off", async () => {
    const weights = files.get("model.safetensors")!;
    instead = (request, response, file) => {
      if (file !== weights || request.headers.range !== undefined) return false;
      breakOff(response, weights, 1000);
      return true;
    };
    const copy = await fetchCheckpoint(address, options());
    expect(requests.map(({ range }) => range)).toEqual([undefined, undefined, "bytes=1000-"]);
    expect(readFileSync(join(copy, "model.safetensors")).equals(weights)).toBe(true);
  });

  it("goes on where the download of an earlier process ended", async () => {
    const weights = files.get("model.safetensors")!;
    instead = (request, response, file) => {
      if (file !== weights) return false;
      if (request.headers.range === undefined) breakOff(response, weights, 1000);
      else response.destroy();
      return true;
    };
    expect((await errorOf(fetchCheckpoint(address, options()))).message).toMatch(
      /cannot be reached|broke off/,
    );
    instead = () => false;
    requests.length = 0;
    const copy = await fetchCheckpoint(address, options());
    expect(requests.map(({ range }) => range)).toEqual([undefined, "bytes=1000-"]);
    expect(readFileSync(join(copy, "model.safetensors")).equals(weights)).toBe(true);
  });

  it("begins anew where the file has changed since the download was broken off", async () => {
    const old = files.get("model.safetensors")!;
    let isBroken = false;
    instead = (_, response, file) => {
      if (file !== old || isBroken) return false;
      isBroken = true;
      breakOff(response, old, 1000);
      files.set("model.safetensors", Buffer.from(old).fill(7, old.length - 64));
      return true;
    };
    const copy = await fetchCheckpoint(address, options());
    expect(readFileSync(join(copy, "model.safetensors")).equals(files.get("model.safetensors")!)).toBe(true);
  });

  it("is fetched again where it has changed, and only what has", async () => {
    const copy = await fetchCheckpoint(address, options());
    const changed = Buffer.from(readFileSync(join(copy, "config.json"), "utf8").replace(/\n$/, "\n\n"));
    files.set("config.json", changed);
    requests.length = 0;
    await fetchCheckpoint(address, options());
    expect(readFileSync(join(copy, "config.json")).equals(changed)).toBe(true);
    expect(requests).toHaveLength(2);
  });

  it("serves from the copy where the server has gone away or is broken, with a remark", async () => {
    const copy = await fetchCheckpoint(address, options());
    const remarks: string[] = [];
    instead = (_, response) => {
      response.writeHead(503).end();
      return true;
    };
    expect(await fetchCheckpoint(address, { ...options(), onRemark: (words) => remarks.push(words) })).toBe(
      copy,
    );
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await fetchCheckpoint(address, { ...options(), onRemark: (words) => remarks.push(words) })).toBe(
      copy,
    );
    expect(remarks).toEqual([
      expect.stringMatching(/answers 503\. Try again later\. The copy of '.*' from before is used\.$/),
      expect.stringMatching(/nobody answers there\. The copy of/),
    ]);
  });

  it.each([
    ["nothing", 404, "", /^There is nothing at '.*config\.json' \(404\)\. The address has to be that of a/],
    ["a login", 401, "", /is not public \(401\)\. Download its files/],
    ["a web page", 200, "<!DOCTYPE html><title>Hello</title>", /is a web page, and a file was expected/],
    ["a server's fault", 500, "", /The server of '.*' answers 500\. Try again later/],
  ])("is refused where there is %s in its place", async (_, status, text, words) => {
    instead = (_request, response) => {
      response.writeHead(status).end(text);
      return true;
    };
    const error = await errorOf(fetchCheckpoint(address, options()));
    expect(error.message).toMatch(words);
    expect(error.exitCode).toBe(2);
    const [copy] = readdirSync(join(folder, "cache", "checkpoints"));
    expect(existsSync(join(folder, "cache", "checkpoints", copy, "config.json"))).toBe(false);
  });

  it("is refused where nobody answers, and where there is no such server", async () => {
    await new Promise((resolve) => server.close(resolve));
    expect((await errorOf(fetchCheckpoint(address, options()))).message).toMatch(
      /cannot be reached: nobody answers there\.$/,
    );
    const nowhere = await errorOf(fetchCheckpoint("http://nowhere.invalid/voice", options()));
    expect(nowhere.message).toMatch(
      /cannot be reached: no server of that name is found; is there a network\?\.$/,
    );
  });

  it("is refused where its bytes are not those whose SHA-256 the server names", async () => {
    const weights = files.get("model.safetensors")!;
    const etag = `"${createHash("sha256").update(weights).digest("hex")}"`;
    instead = (_, response, file) => {
      if (file !== weights) return false;
      const damaged = Buffer.from(weights).fill(1, 500, 510);
      response.writeHead(200, { etag, "content-length": damaged.length }).end(damaged);
      return true;
    };
    const error = await errorOf(fetchCheckpoint(address, options()));
    expect(error.message).toMatch(/has the SHA-256 [0-9a-f]{64}, and the server names .*changed on the way/);
  });

  it("is refused where it is no address", async () => {
    const error = await errorOf(fetchCheckpoint("http://", options()));
    expect(error.message).toMatch(/^'http:\/\/' is no address\. Write it whole/);
  });

  it.each([
    ["https://a.org/voice", "https://a.org/voice/"],
    ["https://a.org/voice/config.json", "https://a.org/voice/"],
    ["https://huggingface.co/me/voice", "https://huggingface.co/me/voice/resolve/main/"],
    ["https://huggingface.co/me/voice/tree/v2/small", "https://huggingface.co/me/voice/resolve/v2/small/"],
    ["https://huggingface.co/me/voice/resolve/main", "https://huggingface.co/me/voice/resolve/main/"],
  ])("%s has its files at %s", (given, found) => {
    expect(filesAddress(given).href).toBe(found);
  });
});

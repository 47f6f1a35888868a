// vocode studio: serves the studio's pages, and the shipped voice to them, on this machine.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { InputError } from "../errors.js";
import { addressInPackage } from "../host/node/read-files.js";
import { shippedCheckpoint } from "../host/node/voices.js";
import { wholeNumber } from "./option-values.js";
import { type OutputOptions, printNote, printResult } from "./output.js";

const DEFAULT_PORT = 8022;

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".png": "image/png",
};

/** With these a page may have threads. */
const headers = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** The command `vocode studio`. */
export function studioCommand(): Command {
  return new Command("studio")
    .addOption(
      new Option("--port <port>", "where on this machine; 0 for a free one")
        .default(DEFAULT_PORT)
        .argParser(wholeNumber(0, 65_535)),
    )
    .option("--json", "print JSON")
    .option("--quiet", "no notes on stderr")
    .action(async (options: OutputOptions & { port: number }) => {
      const server = await serveStudio(
        fileURLToPath(addressInPackage("studio", "studio")),
        shippedCheckpoint,
        options.port,
      );
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      printResult(options, { address }, () => address);
      printNote(options, "The studio is there until Ctrl-C ends it.");
      await new Promise((ended) => server.once("close", ended));
    });
}

/**
 * Serves the built studio on 127.0.0.1.
 *
 * @param voice the folder that the vocoder's page has as voice/
 * @throws InputError where it is not built, or the port is taken
 */
export async function serveStudio(folder: string, voice: string, port: number): Promise<Server> {
  const isBuilt = await stat(join(folder, "index.html")).catch(() => undefined);
  if (!isBuilt)
    throw new InputError(
      `The studio is not built: '${folder}' has no index.html. Run 'npm run studio:build' in the repository.`,
    );
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    void send(placeOf(pathname, folder, voice), request.method === "HEAD", response);
  });
  await new Promise<void>((listening, fail) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      fail(
        error.code === "EADDRINUSE"
          ? new InputError(`Port ${port} is taken. Name another with --port, or 0 for a free one.`)
          : error,
      );
    });
    server.listen(port, "127.0.0.1", listening);
  });
  return server;
}

/** The file at an address; undefined for what lies outside. */
function placeOf(pathname: string, folder: string, voice: string): string | undefined {
  let path: string;
  try {
    path = normalize(decodeURIComponent(pathname)).split(sep).join("/");
  } catch {
    return undefined;
  }
  if (path.includes("\0") || !path.startsWith("/") || path.split("/").includes("..")) return undefined;
  const name = path.endsWith("/") ? `${path}index.html` : path;
  const prefix = "/vocoder/voice/";
  return name.startsWith(prefix) ? join(voice, name.slice(prefix.length)) : join(folder, name);
}

async function send(file: string | undefined, isHead: boolean, response: ServerResponse): Promise<void> {
  const found = file === undefined ? undefined : await stat(file).catch(() => undefined);
  if (file === undefined || !found?.isFile()) {
    response.writeHead(404, headers).end();
    return;
  }
  response.writeHead(200, {
    ...headers,
    "content-type": types[extname(file)] ?? "application/octet-stream",
    "content-length": found.size,
    "last-modified": found.mtime.toUTCString(),
    "cache-control": "no-cache",
  });
  if (isHead) response.end();
  else createReadStream(file).pipe(response);
}

// `vocode serve`: voices over HTTP. SIGTERM and Ctrl-C end it when the requests at work are done, a second one at once.
import { basename, resolve } from "node:path";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { Command } from "commander";
import { InputError } from "../errors.js";
import { isAddress } from "../host/node/read-files.js";
import type { Vocoder } from "../vocoder.js";
import type { Answer } from "../server/app.js";
import { addEngineOptions, type EngineOptions, remarkThreads } from "./options.js";
import { anyNumber, wholeNumber } from "./option-values.js";
import { type OutputOptions, printNote, vocodeVersion } from "./output.js";
import { shippedCheckpoint } from "../host/node/voices.js";
import { loadVoice } from "./voices.js";

interface ServeOptions extends OutputOptions, EngineOptions {
  readonly host: string;
  readonly port: number;
  readonly tokenFile?: string;
  readonly parallel: number;
  readonly queue: number;
  readonly streams: number;
  readonly bodyLimit: number;
  readonly longest: number;
  readonly deadline: number;
  readonly drain: number;
}

/** Milliseconds in which a request's headers have to be there, and those between requests of a connection. */
const TIMEOUTS = { headersTimeout: 10_000, keepAliveTimeout: 5_000, connectionsCheckingInterval: 2_000 };
const HEADER_BYTES = 16_384;
const MOST_CONNECTIONS = 1024;
const A_DAY = 86_400;
/** Seconds beyond the deadline in which a connection may be silent: a client that does not read holds what it is sent. */
const SILENCE = 30;
/** For what was ended to be answered. */
const LAST_WORDS_MS = 1000;

/** The command `vocode serve [voices...]`. */
export function serveCommand(): Command {
  const command = new Command("serve")
    .argument("[voices...]", "names, folders or addresses of voices (default: speech-22k)")
    .option("--host <address>", "where it listens; 0.0.0.0 for other machines", "127.0.0.1")
    .option("--port <n>", "0 for a free one", wholeNumber(0, 65_535), 8080)
    .option("--token-file <file>", "a file with the bearer token that requests need (or VOCODE_TOKEN)")
    .option("--parallel <n>", "mels that are computed at once", wholeNumber(1, 256), 1)
    .option("--queue <n>", "requests that may wait; others get 429", wholeNumber(0, 100_000), 32)
    .option("--streams <n>", "streams of frames at once", wholeNumber(1, 1024), 4)
    .option("--body-limit <MB>", "the largest body", wholeNumber(1, 4096), 32)
    .option("--longest <seconds>", "the longest audio of a request", wholeNumber(1, 86_400), 300)
    .option("--deadline <seconds>", "after which a request is ended, waiting included", anyNumber, 60)
    .option("--drain <seconds>", "for requests at work when it is told to end", anyNumber, 30)
    .option("--json", "log lines of JSON")
    .option("--quiet", "no log on stderr");
  return addEngineOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  vocode serve
  curl --data-binary @speech.mel 'http://127.0.0.1:8080/v1/synthesize?steps=2' -o speech.wav
  vocode serve checkpoints/my-voice speech-22k --host 0.0.0.0 --token-file token.txt

It prints its address on stdout when the voices are loaded. Routes and options: /openapi.json, and docs/server.md.`,
    )
    .action(run);
}

async function run(places: readonly string[], options: ServeOptions): Promise<void> {
  const token = tokenOf(options);
  for (const [flag, seconds] of [
    ["--deadline", options.deadline],
    ["--drain", options.drain],
  ] as const)
    if (!(seconds > 0 && seconds <= A_DAY))
      throw new InputError(`${flag} has to be above 0 and at most ${A_DAY} seconds, not ${seconds}.`);
  const voices = await loadVoices(places.length > 0 ? places : [shippedCheckpoint], options);
  const { createSpeechServer } = await import("../server/app.js");
  const { createAdaptorServer } = await import("@hono/node-server");
  const server = createSpeechServer({
    voices,
    version: vocodeVersion(),
    ...(token !== undefined && { token }),
    // half of the time is for the work itself
    places: { parallel: options.parallel, waiting: options.queue, patience: options.deadline / 2 },
    streams: options.streams,
    bodyLimit: options.bodyLimit * 1e6,
    longest: options.longest,
    deadline: options.deadline,
    onAnswer: (answer) => {
      log(answer, options);
    },
  });
  const listener = createAdaptorServer({
    fetch: async (request) => server.fetch(request),
    serverOptions: { ...TIMEOUTS, requestTimeout: 0, maxHeaderSize: HEADER_BYTES },
  });
  listener.maxConnections = MOST_CONNECTIONS;
  listener.setTimeout(1000 * (options.deadline + SILENCE));
  await new Promise<void>((done, failed) => {
    listener.on("error", (error: NodeJS.ErrnoException) => {
      const where = `${options.host}:${options.port}`;
      failed(
        new InputError(`It cannot listen on ${where}: ${error.message}. Choose another --host or --port.`),
      );
    });
    listener.listen(options.port, options.host, done);
  });
  const { port } = listener.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  process.stdout.write(`http://${host}:${port}\n`);
  await toldToEnd();
  printNote(options, "Closing. Requests at work are finished, and no new ones are taken.");
  server.drain();
  const closed = new Promise<void>((done) =>
    listener.close(() => {
      done();
    }),
  );
  const late = setTimeout(() => {
    server.abort();
    // a client that does not read its answer would hold the process
    setTimeout(() => {
      if ("closeAllConnections" in listener) listener.closeAllConnections();
    }, LAST_WORDS_MS).unref();
  }, 1000 * options.drain);
  await closed;
  clearTimeout(late);
  for (const vocoder of voices.values()) await vocoder.dispose();
}

/** Resolves at the first signal to end; a second one, of either kind, ends the process at once. */
export async function toldToEnd(): Promise<void> {
  let isTold = false;
  await new Promise<void>((resolve) => {
    for (const [signal, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const) {
      process.removeAllListeners(signal).on(signal, () => {
        if (isTold) process.exit(code);
        isTold = true;
        resolve();
      });
    }
  });
}

/** @throws InputError for two voices of one name; what loading throws */
async function loadVoices(places: readonly string[], options: ServeOptions): Promise<Map<string, Vocoder>> {
  const voices = new Map<string, Vocoder>();
  remarkThreads(options);
  for (const place of places) {
    const name = isAddress(place)
      ? (place.replace(/\/+$/, "").split("/").at(-1) ?? place)
      : basename(resolve(place));
    if (voices.has(name)) throw new InputError(`Two voices are called '${name}'. Rename a folder.`);
    voices.set(name, await loadVoice(place, options));
  }
  return voices;
}

/** @throws InputError where the token's file cannot be read, or there is nothing in it or in the variable */
function tokenOf({ tokenFile }: ServeOptions): string | undefined {
  const variable = process.env["VOCODE_TOKEN"];
  if (tokenFile === undefined) {
    if (variable === undefined) return undefined;
    if (variable.trim() === "")
      throw new InputError("VOCODE_TOKEN is empty. Unset it, or put the token there.");
    return variable.trim();
  }
  let text: string;
  try {
    text = readFileSync(tokenFile, "utf8").trim();
  } catch (error) {
    throw new InputError(`The token's file '${tokenFile}' cannot be read: ${(error as Error).message}.`);
  }
  if (text === "") throw new InputError(`The token's file '${tokenFile}' is empty.`);
  return text;
}

function log(answer: Answer, options: OutputOptions): void {
  if (options.json) {
    printNote(options, JSON.stringify({ time: new Date().toISOString(), ...answer }));
    return;
  }
  const { method, path, status, seconds, audioSeconds, fault } = answer;
  // probes come every few seconds
  if (status === 200 && audioSeconds === undefined) return;
  const audio = audioSeconds === undefined ? "" : `${audioSeconds.toFixed(2)} s of audio `;
  printNote(
    options,
    `${method} ${path} ${status} ${audio}in ${seconds.toFixed(2)} s${fault ? `: ${printable(fault)}` : ""}`,
  );
}

/** Without what would begin a line of its own or speak to the terminal: strangers' words are in it. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}

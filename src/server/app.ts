// Speech over HTTP: routes of web-standard requests and responses, without a socket, so that any server can carry them.
// POST /v1/synthesize takes a whole mel, POST /v1/stream frames as they come; both answer audio.
import { createHash, timingSafeEqual } from "node:crypto";
import { type Context, Hono } from "hono";
import { InputError } from "../errors.js";
import { type WavOutputEncoding, WaveformBytes, WavFile } from "../audio/write-wav.js";
import { concatenateBytes } from "../formats/bytes.js";
import { describeFormat } from "../mel/format.js";
import { bestTaker } from "../mel/conversion.js";
import { presetNameOf } from "../mel/presets.js";
import type { SpeechIterator, Vocoder } from "../vocoder.js";
import { Admission, BusyError, type Places } from "./admission.js";
import { ServerMetrics } from "./metrics.js";
import { openApiDocument } from "./openapi.js";
import {
  formatOfBody,
  framesOfBody,
  melOfBody,
  parseRequestOptions,
  readBody,
  RequestBodyError,
  RequestOptionError,
  type RequestOptions,
  synthesisOptions,
} from "./synthesis-request.js";

/** What a server speaks with, and how much of it. */
export interface SpeechServerOptions {
  /** By name; the first is the one that is meant where none is named. */
  readonly voices: ReadonlyMap<string, Vocoder>;
  readonly version: string;
  /** What requests have to bring as `Authorization: Bearer`; without it everybody may come. */
  readonly token?: string;
  /** For whole mels. */
  readonly places: Places;
  /** Streams whose frames may come at the same time. */
  readonly streams: number;
  /** Of a body, in bytes. */
  readonly bodyLimit: number;
  /** The longest audio of a request, in seconds. */
  readonly longest: number;
  /** Seconds after which a request is ended, waiting included; of a stream those without a frame. */
  readonly deadline: number;
  /** Told of each request that was answered. */
  readonly onAnswer?: (answer: Answer) => void;
}

/** A request and what became of it. */
export interface Answer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly seconds: number;
  /** Where audio was made. */
  readonly audioSeconds?: number;
  /** Why it was not, or ended early. */
  readonly fault?: string;
}

/** A server without a socket. */
export interface SpeechServer {
  /** Answers a request. */
  fetch(request: Request): Promise<Response>;
  /** From now on it says that it is not ready, so that nobody sends more; those at work go on. */
  drain(): void;
  /** Ends what is at work. */
  abort(): void;
}

/** The voice that a request names is not there. */
export class UnknownVoiceError extends InputError {}

/** A request took longer than it may. */
class DeadlineError extends InputError {
  constructor(seconds: number) {
    super(
      `The request was not done after ${seconds} s, and was ended. Send a shorter mel, or try again later.`,
    );
  }
}

/** The client is gone, and hears nothing of it. */
class ClientGoneError extends InputError {
  constructor() {
    super("The client went away.");
  }
}

/** The server ends. */
class ClosingError extends InputError {
  constructor() {
    super("The server is closing. Send the request again.");
  }
}

const RAW = "application/octet-stream";

/** Speech that is being made for a request. */
interface Made {
  readonly voice: string;
  readonly speech: SpeechIterator;
  readonly options: RequestOptions;
  /** Gives back the place and the timers. */
  readonly leave: () => void;
  readonly stop: AbortController;
  /** When the request came. */
  readonly begun: number;
}

/** A request that is in. */
interface Stay {
  /** What ends it. */
  readonly stop: AbortController;
  /** Waits for a place among others. */
  readonly enter: (admission: Admission) => Promise<void>;
  /** Gives back its places and its timer. */
  readonly leave: () => void;
}

/** The state of a request that is passed to what answers it. */
interface Variables {
  Variables: { begun: number; audioSeconds?: number; fault?: string; isStreamed?: boolean };
}

type RequestContext = Context<Variables>;

/** Makes a server for voices that are loaded. */
export function createSpeechServer(options: SpeechServerOptions): SpeechServer {
  const { voices, version, token, longest, deadline, bodyLimit, onAnswer } = options;
  const whole = new Admission(options.places);
  // bodies take memory: no more are read than may work and wait
  const inside = new Admission({ parallel: options.places.parallel + options.places.waiting, waiting: 0 });
  const streams = new Admission({ parallel: options.streams, waiting: 0 });
  const metrics = new ServerMetrics({ whole, stream: streams });
  /** What ends each request that is in. */
  const running = new Set<AbortController>();
  let isDraining = false;

  const app = new Hono<Variables>();
  app.use(async (c, next) => {
    c.set("begun", performance.now());
    await next();
    const seconds = (performance.now() - c.get("begun")) / 1000;
    const path = routeOf(c.req.path);
    metrics.answered(path, c.res.status);
    // what is streamed is told of at its end
    if (c.get("isStreamed") === true) return;
    onAnswer?.({ method: c.req.method, path, status: c.res.status, seconds, ...outcomeOf(c) });
  });
  if (token !== undefined) {
    const wanted = digest(`Bearer ${token}`);
    app.use("/v1/*", async (c, next) => {
      const given = digest(c.req.header("authorization") ?? "");
      if (timingSafeEqual(given, wanted)) return next();
      return c.json(errorBody("Unauthorized", "The request needs the server's bearer token."), 401, {
        "www-authenticate": "Bearer",
      });
    });
  }
  app.use("/v1/*", async (c, next) => {
    if (!isDraining) return next();
    const { name, message } = new ClosingError();
    return c.json(errorBody(name, message), 503, { connection: "close" });
  });
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", (c) => (isDraining ? c.json({ status: "closing" }, 503) : c.json({ status: "ready" })));
  app.get("/metrics", async (c) =>
    c.body(await metrics.text(), 200, { "content-type": metrics.contentType }),
  );
  app.get("/openapi.json", (c) => c.json(openApiDocument(version, [...voices.keys()])));
  app.get("/v1/voices", (c) => c.json({ voices: [...voices].map(describeVoice) }));
  app.post("/v1/synthesize", async (c) => synthesize(c));
  app.post("/v1/stream", async (c) => stream(c));
  app.all("/v1/synthesize", (c) => notAllowed(c));
  app.all("/v1/stream", (c) => notAllowed(c));
  app.notFound((c) => c.json(errorBody("NotFound", "There is nothing here. See /openapi.json."), 404));
  app.onError((error, c) => refuse(error, c));
  return {
    fetch: async (request) => app.fetch(request),
    drain: () => {
      isDraining = true;
    },
    abort: () => {
      isDraining = true;
      for (const stop of running) stop.abort(new ClosingError());
    },
  };

  /** Does the work of a request, which its client, its deadline or the server may end; it leaves by itself, or where it fails. */
  async function during(
    { signal: client }: Request,
    seconds: number | undefined,
    work: (stay: Stay) => Promise<Response>,
  ): Promise<Response> {
    const stop = new AbortController();
    const gone = (): void => {
      stop.abort(new ClientGoneError());
    };
    const timer =
      seconds === undefined
        ? undefined
        : setTimeout(() => {
            stop.abort(new DeadlineError(seconds));
          }, 1000 * seconds);
    running.add(stop);
    if (client.aborted) gone();
    client.addEventListener("abort", gone);
    const places: (() => void)[] = [];
    const leave = (): void => {
      clearTimeout(timer);
      running.delete(stop);
      client.removeEventListener("abort", gone);
      for (const giveBack of places) giveBack();
    };
    const enter = async (admission: Admission): Promise<void> => {
      places.push(await admission.enter(stop.signal));
    };
    try {
      return await work({ stop, enter, leave });
    } catch (error) {
      leave();
      throw error;
    }
  }

  async function synthesize(c: RequestContext): Promise<Response> {
    return during(c.req.raw, deadline, async ({ stop, enter, leave }) => {
      const { signal } = stop;
      await enter(inside);
      const { asked, body, isRaw } = await readRequest(c, signal);
      const [voice, vocoder] = isRaw ? voiceOf(asked.voice) : await voiceForBody(asked, body);
      await enter(whole);
      const mel = await melOfBody(body, isRaw, vocoder.format, asked);
      requireLength(mel.frames, vocoder);
      const speech = vocoder.stream(mel, { ...synthesisOptions(asked), signal });
      const made: Made = { voice, speech, options: asked, leave, stop, begun: c.get("begun") };
      return asked.stream ? inPieces(c, made) : atOnce(c, made);
    });
  }

  async function stream(c: RequestContext): Promise<Response> {
    const asked = parseRequestOptions(c.req.query(), true);
    const [voice, vocoder] = voiceOf(asked.voice);
    return during(c.req.raw, undefined, async ({ stop, enter, leave }) => {
      const { signal } = stop;
      await enter(streams);
      const { format } = vocoder;
      const most = Math.floor((longest * format.sampleRate) / format.hopLength);
      const frames = framesOfBody(c.req.raw, format.bands, { frames: most, idleSeconds: deadline }, signal);
      const speech = vocoder.stream(frames, { ...synthesisOptions(asked), signal });
      return inPieces(c, { voice, speech, options: asked, leave, stop, begun: c.get("begun") });
    });
  }

  /** The body and the options, which a JSON body may hold too. */
  async function readRequest(
    c: RequestContext,
    signal: AbortSignal,
  ): Promise<{ asked: RequestOptions; body: Uint8Array<ArrayBuffer>; isRaw: boolean }> {
    const type = (c.req.header("content-type") ?? "").split(";")[0].trim().toLowerCase();
    const query = c.req.query();
    // before the body is read: what cannot be done is said at once
    if (type !== "application/json") {
      const asked = parseRequestOptions(query);
      return { asked, body: await readBody(c.req.raw, bodyLimit, signal), isRaw: type === RAW };
    }
    // base64 takes four bytes for three
    const text = new TextDecoder().decode(await readBody(c.req.raw, Math.ceil((bodyLimit * 4) / 3), signal));
    const { mel, ...given } = jsonObject(text);
    if (typeof mel !== "string")
      throw new RequestBodyError("The JSON object has no 'mel', a mel file's bytes in base64.", 400);
    return { asked: parseRequestOptions({ ...query, ...given }), body: bytesOfBase64(mel), isRaw: false };
  }

  function voiceOf(name: string | undefined): [string, Vocoder] {
    const [first] = voices;
    const found = name === undefined ? first : ([name, voices.get(name)] as const);
    if (found[1]) return [found[0], found[1]];
    throw new UnknownVoiceError(
      `There is no voice '${name}' here. There are ${[...voices.keys()].join(", ")}.`,
    );
  }

  /** The voice that a request names; or the one that takes the mel best, or the first of all. */
  async function voiceForBody(
    asked: RequestOptions,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<[string, Vocoder]> {
    if (asked.voice !== undefined || voices.size === 1) return voiceOf(asked.voice);
    const format = await formatOfBody(body, asked);
    const takers = [...voices].map(([name, vocoder]) => ({ name, format: vocoder.format }));
    return voiceOf(format && bestTaker(format, takers)?.name);
  }

  function requireLength(frames: number, { format }: Vocoder): void {
    const seconds = (frames * format.hopLength) / format.sampleRate;
    if (seconds <= longest) return;
    throw new RequestBodyError(
      `The mel is ${seconds.toFixed(1)} s long, and this server makes at most ${longest} s at once. Send it in parts.`,
      413,
    );
  }

  async function atOnce(c: RequestContext, made: Made): Promise<Response> {
    const { speech, options: asked } = made;
    const pieces: Uint8Array[] = [];
    const encoder = encoderOf(asked.output, speech.sampleRate, asked.encoding);
    let isFirst = true;
    for await (const piece of speech) {
      if (isFirst) metrics.firstSound((performance.now() - made.begun) / 1000);
      isFirst = false;
      pieces.push(encoder.encode(piece));
    }
    spoken(c, made);
    made.leave();
    const { header, padding } = encoder.finish();
    const { audioSeconds, realTimeFactor } = speech.report;
    return c.body(concatenateBytes([header, ...pieces, padding]), 200, {
      ...headersOf(made),
      "vocode-audio-seconds": audioSeconds.toFixed(3),
      "vocode-real-time-factor": realTimeFactor.toFixed(4),
    });
  }

  /** The audio as it is made. A reader who is slow holds no place: what is made waits in memory, within the length's limit. */
  async function inPieces(c: RequestContext, made: Made): Promise<Response> {
    const { speech, options: asked } = made;
    const encoder = new WaveformBytes(
      speech.sampleRate,
      asked.encoding,
      asked.output === "wav" ? "wav" : "raw",
    );
    const iterator = speech[Symbol.asyncIterator]();
    // what is wrong with the request shows with the first piece, and has a status of its own
    const first = await iterator.next();
    if (first.done) throw new RequestBodyError("The body is empty; frames belong there.", 400);
    metrics.firstSound((performance.now() - made.begun) / 1000);
    c.set("isStreamed", true);
    const path = routeOf(c.req.path);
    const answered = (fault?: string): void => {
      made.leave();
      if (fault !== undefined) metrics.cut(path);
      const { audioSeconds } = speech.report;
      const seconds = (performance.now() - made.begun) / 1000;
      onAnswer?.({ method: "POST", path, status: 200, seconds, audioSeconds, ...(fault && { fault }) });
    };
    const body = new ReadableStream<Uint8Array>({
      start: async (controller) => {
        try {
          if (encoder.header.length > 0) controller.enqueue(encoder.header);
          for (let next: IteratorResult<Float32Array, unknown> = first; !next.done;) {
            controller.enqueue(encoder.encode(next.value));
            next = await iterator.next();
          }
          controller.close();
          spoken(c, made);
          answered();
        } catch (error) {
          answered(error instanceof Error ? error.message : String(error));
          await iterator.return?.();
          // the connection is cut: what was sent is not taken for the whole
          controller.error(error);
        }
      },
      cancel: () => {
        made.stop.abort(new ClientGoneError());
      },
    });
    return c.body(body, 200, headersOf(made));
  }

  function spoken(c: RequestContext, { voice, speech }: Made): void {
    const { audioSeconds, realTimeFactor } = speech.report;
    metrics.spoken(voice, audioSeconds, realTimeFactor);
    c.set("audioSeconds", audioSeconds);
  }

  function refuse(error: unknown, c: RequestContext): Response {
    const message = error instanceof Error ? error.message : String(error);
    c.set("fault", message);
    // nobody reads it; the log and the counts have it as nginx names it
    if (error instanceof ClientGoneError) return c.body(null, 499 as 400);
    const name = error instanceof Error ? error.name : "Error";
    if (error instanceof BusyError)
      return c.json(errorBody(name, message), 429, { "retry-after": String(error.retryAfter) });
    if (error instanceof RequestBodyError) return c.json(errorBody(name, message), error.status);
    if (error instanceof DeadlineError) return c.json(errorBody(name, message), 504);
    if (error instanceof ClosingError) return c.json(errorBody(name, message), 503);
    if (error instanceof UnknownVoiceError) return c.json(errorBody(name, message), 404);
    if (error instanceof InputError) return c.json(errorBody(name, message), 400);
    c.set("fault", error instanceof Error ? (error.stack ?? message) : message);
    return c.json(errorBody("InternalError", "Something went wrong here; the server's log says what."), 500);
  }
}

function outcomeOf(c: RequestContext): Pick<Answer, "audioSeconds" | "fault"> {
  const [audioSeconds, fault] = [c.get("audioSeconds"), c.get("fault")];
  return { ...(audioSeconds !== undefined && { audioSeconds }), ...(fault !== undefined && { fault }) };
}

const routes = [
  "/healthz",
  "/readyz",
  "/metrics",
  "/openapi.json",
  "/v1/voices",
  "/v1/synthesize",
  "/v1/stream",
];

/** A path as it is counted: strangers may ask for any. */
function routeOf(path: string): string {
  return routes.includes(path) ? path : "other";
}

function notAllowed(c: RequestContext): Response {
  return c.json(errorBody("MethodNotAllowed", "A mel is sent here by POST. See /openapi.json."), 405, {
    allow: "POST",
  });
}

function errorBody(type: string, message: string): { error: { type: string; message: string } } {
  return { error: { type, message } };
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

function describeVoice([name, { format, kind, precision }]: [string, Vocoder]): object {
  return {
    name,
    sampleRate: format.sampleRate,
    mel: { preset: presetNameOf(format) ?? null, description: describeFormat(format), ...format },
    denoiser: kind,
    precision,
  };
}

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RequestBodyError(`The body is not JSON: ${(error as Error).message}.`, 400);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new RequestBodyError("The body is JSON, but no object.", 400);
}

function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  // Buffer passes over what is no base64, and half a file would be taken for a whole one
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw new RequestOptionError("'mel' is not base64.");
  return Uint8Array.from(Buffer.from(text, "base64"));
}

function encoderOf(
  output: RequestOptions["output"],
  sampleRate: number,
  encoding: WavOutputEncoding,
): { encode(piece: Float32Array): Uint8Array; finish(): { header: Uint8Array; padding: Uint8Array } } {
  if (output === "wav") return new WavFile(sampleRate, encoding);
  const raw = new WaveformBytes(sampleRate, encoding, "raw");
  const nothing = new Uint8Array(0);
  return { encode: (piece) => raw.encode(piece), finish: () => ({ header: nothing, padding: nothing }) };
}

function headersOf({ voice, speech, options: { output, encoding } }: Made): Record<string, string> {
  const { sampleRate } = speech;
  return {
    // audio/L16 is big-endian by its definition, and these samples are not
    "content-type": output === "wav" ? "audio/wav" : RAW,
    "vocode-voice": encodeURIComponent(voice),
    "vocode-sample-rate": String(sampleRate),
    "vocode-encoding": encoding,
  };
}

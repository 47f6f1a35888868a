// What a request asks for: the mel in its body and the options in its query, or both in a JSON object. All of it comes from
// a stranger: nothing is read from the file system, and everything has a limit.
import * as v from "valibot";
import { samplerNames } from "../diffusion/samplers/plan-for.js";
import { parseSeed } from "../diffusion/noise.js";
import { InputError } from "../errors.js";
import { WAV_OUTPUT_ENCODINGS, type WavOutputEncoding } from "../audio/write-wav.js";
import { tunedStarts } from "../checkpoint/tunings.js";
import { byteSource, concatenateBytes, decodeFloats, type Files, RowCutter } from "../formats/bytes.js";
import { parseMel } from "../mel/file.js";
import type { Mel, MelFormat } from "../mel/format.js";
import { parseMelAssumption } from "../mel/format-option.js";
import { statedFormat } from "../mel/open-mel.js";
import { melLayouts } from "../mel/layout.js";
import type { SynthesisOptions } from "../synthesis/settings.js";

/** The options of a request cannot be what they are. */
export class RequestOptionError extends InputError {}

/** A body is no mel, or too long. */
export class RequestBodyError extends InputError {
  /** @param status of HTTP */
  constructor(
    message: string,
    readonly status: 400 | 408 | 413 | 415,
  ) {
    super(message);
  }
}

/** The largest numbers that a request may ask for: more work than any voice is the better for. */
export const limits = { steps: 100, refine: 1000, pitchShift: 2400 } as const;

// a query has words only; JSON may have numbers and booleans
const number = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.trim(), v.nonEmpty(), v.transform(Number))]),
  v.finite(),
);
const whole = (least: number, most: number) =>
  v.pipe(number, v.integer(), v.minValue(least), v.maxValue(most));
const flag = v.union([
  v.boolean(),
  v.pipe(
    v.picklist(["true", "false", "1", "0", ""]),
    v.transform((word) => word !== "false" && word !== "0"),
  ),
]);
const shortText = v.pipe(v.string(), v.maxLength(200));

/** The options, by their names in a query. */
export const requestOptions = v.strictObject({
  voice: v.optional(shortText),
  steps: v.optional(whole(1, limits.steps)),
  seed: v.optional(v.pipe(v.union([v.number(), shortText]), v.transform(String))),
  refine: v.optional(whole(0, limits.refine)),
  start: v.optional(v.picklist(tunedStarts)),
  startLevel: v.optional(number),
  sampler: v.optional(v.picklist(samplerNames)),
  schedule: v.optional(shortText),
  pitchShift: v.optional(v.pipe(number, v.minValue(-limits.pitchShift), v.maxValue(limits.pitchShift))),
  melFormat: v.optional(shortText),
  melLayout: v.optional(v.picklist(melLayouts)),
  trustMel: v.optional(flag),
  output: v.optional(v.picklist(["wav", "pcm"]), "wav"),
  encoding: v.optional(
    v.picklist(Object.keys(WAV_OUTPUT_ENCODINGS) as [WavOutputEncoding, ...WavOutputEncoding[]]),
    "16-bit",
  ),
  stream: v.optional(flag, false),
});

/** Those of a stream of frames, which is no mel file. */
const streamOptions = v.omit(requestOptions, ["melFormat", "melLayout", "trustMel", "stream"]);

/** What a request asks for. */
export type RequestOptions = v.InferOutput<typeof requestOptions>;

/**
 * Reads options.
 *
 * @param isStream whether they are of frames that come in the body
 * @throws RequestOptionError that names the first that is wrong
 */
export function parseRequestOptions(given: unknown, isStream = false): RequestOptions {
  const schema = isStream ? streamOptions : requestOptions;
  const parsed = v.safeParse(schema, given);
  if (parsed.success) return { stream: isStream, ...parsed.output };
  const [issue] = parsed.issues;
  const name = issue.path?.map(({ key }) => String(key)).join(".") ?? "the options";
  const known = Object.keys(schema.entries).join(", ");
  throw new RequestOptionError(
    issue.type === "strict_object"
      ? `There is no option '${name}'. The options are ${known}.`
      : `'${name}' cannot be ${issue.received}: ${issue.expected === null ? issue.message : `it is ${issue.expected}`}.`,
  );
}

/** The options of the synthesis itself. @throws SeedError */
export function synthesisOptions({
  seed,
  steps,
  refine,
  start,
  startLevel,
  sampler,
  schedule,
  pitchShift,
}: RequestOptions): SynthesisOptions {
  return {
    ...(seed !== undefined && { seed: parseSeed(seed) }),
    ...(steps !== undefined && { steps }),
    ...(refine !== undefined && { refine }),
    ...(start !== undefined && { start }),
    ...(startLevel !== undefined && { startLevel }),
    ...(sampler !== undefined && { sampler }),
    ...(schedule !== undefined && { schedule }),
    ...(pitchShift !== undefined && { pitchShift }),
  };
}

/** What a format's text may name on a server: nothing that would be read. */
const noFiles: Pick<Files, "read"> = {
  read: () =>
    Promise.reject(
      new RequestOptionError("'melFormat' names a file; a server takes presets and fields only."),
    ),
};

/**
 * The format that a body's mel is in by its own words or the options'; undefined where nothing says it.
 *
 * @throws what statedFormat and parseMelAssumption throw
 */
export async function formatOfBody(
  body: Uint8Array<ArrayBuffer>,
  { melFormat }: RequestOptions,
): Promise<MelFormat | undefined> {
  const stated = await statedFormat(byteSource(body));
  if (stated !== undefined || melFormat === undefined) return stated;
  return (await parseMelAssumption(melFormat, noFiles)).format;
}

/**
 * The mel of a body: a file as `vocode` reads it (.mel, .npy, .safetensors), or frames of float32.
 *
 * @param isRaw whether the body is frames alone, each as many little-endian float32 as there are bands
 * @throws RequestBodyError, what parseMel and parseMelAssumption throw
 */
export async function melOfBody(
  body: Uint8Array<ArrayBuffer>,
  isRaw: boolean,
  expected: MelFormat,
  { melFormat, melLayout, trustMel }: RequestOptions,
): Promise<Mel> {
  if (body.length === 0) throw new RequestBodyError("The body is empty; a mel belongs there.", 400);
  if (isRaw) return { format: expected, ...rawFrames(body, expected.bands) };
  // a small archive may hold a body of any size
  if (body[0] === 0x50 && body[1] === 0x4b)
    throw new RequestBodyError(
      "The body is an archive, such as .npz and .pt. A server takes .mel, .npy and .safetensors: unpack it first.",
      415,
    );
  const { mel } = parseMel(body, {
    expected,
    ...(melFormat !== undefined && { assume: await parseMelAssumption(melFormat, noFiles), lossy: true }),
    ...(melLayout !== undefined && { layout: melLayout }),
    ...(trustMel !== undefined && { trust: trustMel }),
  });
  return mel;
}

function rawFrames(body: Uint8Array, bands: number): { frames: number; values: Float32Array } {
  const frames = body.length / (4 * bands);
  if (!Number.isInteger(frames))
    throw new RequestBodyError(
      `The body has ${body.length} bytes, and frames of ${bands} float32 have ${4 * bands} bytes each.`,
      400,
    );
  return { frames, values: decodeFloats(body, "float32") };
}

/**
 * A whole body.
 *
 * @param limit in bytes
 * @throws RequestBodyError for a longer one; the signal's reason
 */
export async function readBody(
  request: Request,
  limit: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const stated = Number(request.headers.get("content-length") ?? 0);
  if (stated > limit) throw tooLong(limit);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of bodyPieces(request, signal)) {
    length += piece.length;
    if (length > limit) throw tooLong(limit);
    pieces.push(piece);
  }
  return concatenateBytes(pieces);
}

function tooLong(limit: number): RequestBodyError {
  return new RequestBodyError(
    `The body is longer than the ${limit} bytes that this server takes. Send the mel in parts.`,
    413,
  );
}

/** The pieces of a body as they come; ends with the signal's reason where it comes before the next one. */
async function* bodyPieces(request: Request, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  if (!request.body) return;
  const reader = request.body.getReader();
  const stop = (): void => {
    // ends a read that waits
    void reader.cancel().catch(() => undefined);
  };
  signal.addEventListener("abort", stop);
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    // one that stays keeps the signal, and all that was read, in memory
    signal.removeEventListener("abort", stop);
    stop();
  }
}

/** How frames may come. */
export interface FrameLimits {
  /** In all. */
  readonly frames: number;
  /** Seconds that may pass without any. */
  readonly idleSeconds: number;
}

/**
 * Frames of float32 as they come in a body.
 *
 * @returns any number of whole frames each
 * @throws RequestBodyError where they end within a frame, are too many or stay away; the signal's reason
 */
export async function* framesOfBody(
  request: Request,
  bands: number,
  { frames: most, idleSeconds }: FrameLimits,
  signal: AbortSignal,
): AsyncGenerator<Float32Array, void> {
  const size = 4 * bands;
  const idle = new AbortController();
  const late = (): void => {
    idle.abort(new RequestBodyError(`No frame came for ${idleSeconds} s.`, 408));
  };
  const end = (): void => {
    idle.abort(signal.reason);
  };
  signal.addEventListener("abort", end);
  let timer = setTimeout(late, 1000 * idleSeconds);
  const cutter = new RowCutter(size);
  let frames = 0;
  try {
    if (signal.aborted) end();
    for await (const piece of bodyPieces(request, idle.signal)) {
      const whole = cutter.push(piece);
      frames += whole.length / size;
      if (frames > most)
        throw new RequestBodyError(`A stream has at most ${most} frames here. Begin another one.`, 413);
      // a byte now and then is no frame
      if (whole.length === 0) continue;
      clearTimeout(timer);
      yield decodeFloats(whole, "float32");
      timer = setTimeout(late, 1000 * idleSeconds);
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
  if (cutter.left > 0)
    throw new RequestBodyError(
      `The body ends within a frame: ${cutter.left} bytes are left, and a frame has ${size}.`,
      400,
    );
}

// The server's routes without a socket: web-standard requests in, responses out, with a small voice of random weights.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { encodeNpy } from "../../src/formats/npy.js";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { writeMel } from "../../src/host/node/mel-files.js";
import { computeMel } from "../../src/mel/analysis.js";
import { findPreset } from "../../src/mel/presets.js";
import { Vocoder } from "../../src/node.js";
import { type Answer, createSpeechServer, type SpeechServerOptions } from "../../src/server/app.js";
import { requestOptions } from "../../src/server/synthesis-request.js";
import { clipSamples } from "../support/mel-reference.js";
import { harmonicCheckpoint, randomCheckpoint } from "../support/random-checkpoint.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-server-"));
const format = findPreset("hifigan-22k-80");
const mel = computeMel(clipSamples("speech_22k").subarray(0, 22_050), format);
const npy = Uint8Array.from(encodeNpy([mel.frames, format.bands], mel.values));
const raw = Uint8Array.from(new Uint8Array(mel.values.buffer));
let voice: Vocoder;
const answers: Answer[] = [];

beforeAll(async () => {
  await saveCheckpoint(join(folder, "voice"), harmonicCheckpoint(), "random");
  voice = await Vocoder.load(join(folder, "voice"), { threads: 1 });
});
afterEach(() => {
  answers.length = 0;
});
afterAll(async () => {
  await voice.dispose();
  rmSync(folder, { recursive: true });
});

function server(changes: Partial<SpeechServerOptions> = {}): ReturnType<typeof createSpeechServer> {
  return createSpeechServer({
    voices: new Map([["small", voice]]),
    version: "1.2.3",
    places: { parallel: 1, waiting: 4 },
    streams: 1,
    bodyLimit: 1e6,
    longest: 60,
    deadline: 30,
    onAnswer: (answer) => answers.push(answer),
    ...changes,
  });
}

const at = (path: string): string => `http://localhost${path}`;

function post(path: string, body: BodyInit, headers: Record<string, string> = {}): Request {
  return new Request(at(path), { method: "POST", body, headers, duplex: "half" } as RequestInit);
}

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

async function messageOf(response: Response): Promise<string> {
  const { error } = (await response.json()) as { error: { message: string } };
  return error.message;
}

/** Frames of a mel as a body that comes in pieces, of which none is whole frames. */
function inPieces(bytes: Uint8Array, size = 1000): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent >= bytes.length) {
        controller.close();
        return;
      }
      controller.enqueue(bytes.slice(sent, (sent += size)));
    },
  });
}

describe("POST /v1/synthesize", () => {
  it("answers the WAV that the library makes of the mel with the same options", async () => {
    const response = await server().fetch(post("/v1/synthesize?steps=3&seed=7&encoding=32-bit%20float", npy));
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "audio/wav"]);
    const wav = await bytesOf(response);
    const { samples } = await voice.synthesize(mel, { steps: 3, seed: 7 });
    const data = wav.indexOf("data") + 8;
    expect(wav.subarray(0, 4).toString()).toBe("RIFF");
    expect(new Float32Array(Uint8Array.from(wav.subarray(data)).buffer)).toEqual(samples);
    expect(response.headers.get("vocode-sample-rate")).toBe("22050");
    expect(answers).toMatchObject([
      { path: "/v1/synthesize", status: 200, audioSeconds: samples.length / 22_050 },
    ]);
  });

  it("speaks with the voice that takes the mel's own format where none is named", async () => {
    const other = findPreset("vocos-24k-100");
    const { config, weights } = randomCheckpoint(other);
    await saveCheckpoint(join(folder, "other"), { config, weights }, "random");
    const high = await Vocoder.load(join(folder, "other"), { threads: 1 });
    const both = server({
      voices: new Map([
        ["small", voice],
        ["high", high],
      ]),
    });
    const frames = 6;
    const values = new Float32Array(frames * other.bands).fill(-3);
    await writeMel(join(folder, "other.mel"), { frames, format: other, values });
    const stated = new Uint8Array(readFileSync(join(folder, "other.mel")));
    const unlabelled = encodeNpy([frames, other.bands], values);
    const voiceOf = async (path: string, body: Uint8Array): Promise<string | null> =>
      (await both.fetch(post(path, Uint8Array.from(body)))).headers.get("vocode-voice");
    expect(await voiceOf("/v1/synthesize?steps=1", stated)).toBe("high");
    expect(await voiceOf("/v1/synthesize?steps=1&melFormat=vocos-24k-100&trustMel=1", unlabelled)).toBe(
      "high",
    );
    expect(await voiceOf("/v1/synthesize?steps=1", npy)).toBe("small");
    // what a file states goes before what is said of it
    await writeMel(join(folder, "own.mel"), mel);
    const own = new Uint8Array(readFileSync(join(folder, "own.mel")));
    expect(await voiceOf("/v1/synthesize?steps=1&melFormat=vocos-24k-100", own)).toBe("small");
    // another format of the sample rate is converted for the voice of that rate
    await writeMel(join(folder, "near.mel"), { frames, format: findPreset("bigvgan-24k-100"), values });
    const near = new Uint8Array(readFileSync(join(folder, "near.mel")));
    expect(await voiceOf("/v1/synthesize?steps=1&melFormat=bigvgan-24k-100", near)).toBe("high");
    expect((await both.fetch(post("/v1/synthesize?voice=small", stated))).status).toBe(400);
    await high.dispose();
  });

  it("takes frames alone, a JSON object, and sends audio in pieces: the same samples", async () => {
    const whole = await bytesOf(await server().fetch(post("/v1/synthesize?steps=2&output=pcm", npy)));
    expect(whole.length).toBe(2 * mel.frames * format.hopLength);
    const octets = { "content-type": "application/octet-stream" };
    const json = JSON.stringify({ mel: Buffer.from(npy).toString("base64"), steps: 2, output: "pcm" });
    for (const request of [
      post("/v1/synthesize?steps=2&output=pcm", raw, octets),
      post("/v1/synthesize", json, { "content-type": "application/json; charset=utf-8" }),
      post("/v1/synthesize?steps=2&output=pcm&stream=true", npy),
      post("/v1/stream?steps=2&output=pcm", inPieces(raw), octets),
    ]) {
      const response = await server().fetch(request);
      expect(response.status).toBe(200);
      expect((await bytesOf(response)).equals(whole)).toBe(true);
    }
  });

  it.each([
    ["/v1/synthesize?steps=0", npy, 400, "'steps' cannot be 0"],
    ["/v1/synthesize?steps=many", npy, 400, "'steps'"],
    ["/v1/synthesize?speed=2", npy, 400, "There is no option 'speed'. The options are voice, steps"],
    ["/v1/synthesize?seed=x", npy, 400, "seed"],
    ["/v1/synthesize?schedule=/etc/passwd", npy, 400, "/etc/passwd"],
    ["/v1/synthesize?melFormat=/etc/format.json", npy, 400, "names a file; a server takes presets"],
    ["/v1/synthesize?melFormat=mean%3D/etc/mean.npy", npy, 400, "a server takes presets"],
    ["/v1/synthesize?voice=../voice", npy, 404, "There is no voice '../voice' here. There are small."],
    ["/v1/synthesize", new Uint8Array(0), 400, "The body is empty"],
    ["/v1/synthesize", new TextEncoder().encode("hello, mel"), 400, "The file is no mel"],
    ["/v1/synthesize", npy.subarray(0, 5000), 400, ""],
    ["/v1/synthesize", Uint8Array.of(0x50, 0x4b, 3, 4), 415, "an archive"],
    ["/v1/nothing", npy, 404, "See /openapi.json"],
  ])("refuses %s with a sentence", async (path, body, status, message) => {
    const response = await server().fetch(post(path, body));
    expect(response.status).toBe(status);
    expect(await messageOf(response)).toContain(message);
  });

  it("refuses frames that are no mel, cut off or of another number of bands", async () => {
    const octets = { "content-type": "application/octet-stream" };
    const broken = new Float32Array(10 * format.bands).fill(NaN);
    for (const [body, message] of [
      [raw.slice(0, 999), "frames of 80 float32 have 320 bytes each"],
      [new Uint8Array(broken.buffer), "NaN"],
    ] as const) {
      const response = await server().fetch(post("/v1/synthesize", body, octets));
      expect(response.status).toBe(400);
      expect(await messageOf(response)).toContain(message);
    }
    const json = { "content-type": "application/json" };
    for (const [body, message] of [
      ["{", "not JSON"],
      ["[]", "no object"],
      ["{}", "no 'mel'"],
      ['{"mel":"***"}', "base64"],
    ]) {
      const response = await server().fetch(post("/v1/synthesize", body, json));
      expect(response.status).toBe(400);
      expect(await messageOf(response)).toContain(message);
    }
  });

  it("takes no body beyond its limit, and no mel that is too long", async () => {
    const small = server({ bodyLimit: 1000 });
    expect((await small.fetch(post("/v1/synthesize", npy))).status).toBe(413);
    // without a length in the header
    expect((await small.fetch(post("/v1/synthesize", inPieces(npy)))).status).toBe(413);
    const short = await server({ longest: 0.5 }).fetch(post("/v1/synthesize", npy));
    expect([short.status, await messageOf(short)]).toEqual([
      413,
      expect.stringContaining("at most 0.5 s at once"),
    ]);
  });

  it("reads no more bodies than may work and wait", async () => {
    const silent = (): ReadableStream<Uint8Array> =>
      new ReadableStream<Uint8Array>({ start: () => undefined });
    const busy = server({ places: { parallel: 1, waiting: 1 }, deadline: 0.3 });
    const held = [0, 1].map(() => busy.fetch(post("/v1/synthesize", silent())));
    expect((await busy.fetch(post("/v1/synthesize", npy))).status).toBe(429);
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([504, 504]);
    expect((await busy.fetch(post("/v1/synthesize?steps=1", npy))).status).toBe(200);
  });

  it("keeps nothing of bodies that it has answered", async () => {
    const refusing = server();
    const body = new Uint8Array(900_000);
    const held = async (): Promise<number> => {
      for (let turn = 0; turn < 60; turn++)
        await (await refusing.fetch(post("/v1/synthesize", body))).arrayBuffer();
      await new Promise((resolve) => setTimeout(resolve, 50));
      globalThis.gc?.();
      return process.memoryUsage().arrayBuffers;
    };
    await held();
    const before = await held();
    const after = await held();
    expect(after - before).toBeLessThan(20 * body.length);
  });

  it("answers 429 with a time where all places are taken, and goes on with those that waited", async () => {
    const busy = server({ places: { parallel: 1, waiting: 1 } });
    const responses = await Promise.all(
      Array.from({ length: 4 }, () => busy.fetch(post("/v1/synthesize?steps=2", npy))),
    );
    const statuses = responses.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, 200, 429, 429]);
    const refused = responses.find(({ status }) => status === 429)!;
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect((await busy.fetch(post("/v1/synthesize?steps=2", npy))).status).toBe(200);
  });

  it("ends what takes too long, and what nobody waits for any more", async () => {
    const slow = await server({ deadline: 0.001 }).fetch(post("/v1/synthesize?steps=100", npy));
    expect([slow.status, await messageOf(slow)]).toEqual([
      504,
      expect.stringContaining("was not done after 0.001 s"),
    ]);
    const both = server();
    const client = new AbortController();
    const request = new Request(post("/v1/synthesize?steps=100", npy), { signal: client.signal });
    const left = both.fetch(request);
    setTimeout(() => {
      client.abort();
    }, 50);
    await left;
    // its place is free again
    expect((await both.fetch(post("/v1/synthesize?steps=1", npy))).status).toBe(200);
    const text = await (await both.fetch(new Request(at("/metrics")))).text();
    expect(text).toContain('vocode_requests_in{kind="whole",state="working"} 0');
  });
});

describe("POST /v1/stream", () => {
  const octets = { "content-type": "application/octet-stream" };

  it("sends sound while frames still come", async () => {
    let push: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (push = controller) });
    const long = new Float32Array(600 * format.bands).fill(-5);
    push!.enqueue(new Uint8Array(long.buffer));
    const response = await server().fetch(post("/v1/stream?steps=1&output=pcm", body, octets));
    const reader = response.body!.getReader();
    const first = await reader.read();
    expect(first.value!.length).toBeGreaterThan(0);
    push!.close();
    let length = first.value!.length;
    for (let next = await reader.read(); !next.done; next = await reader.read()) length += next.value.length;
    expect(length).toBe(2 * 600 * format.hopLength);
  });

  it("gives up on a client that sends nothing, and on one that sends half a frame", async () => {
    const silent = new ReadableStream<Uint8Array>({ start: () => undefined });
    const one = server({ deadline: 0.05 });
    const response = await one.fetch(post("/v1/stream", silent, octets));
    expect([response.status, await messageOf(response)]).toEqual([408, "No frame came for 0.05 s."]);
    const cut = await one.fetch(post("/v1/stream", inPieces(raw.slice(0, 330)), octets));
    expect([cut.status, await messageOf(cut)]).toEqual([400, expect.stringContaining("10 bytes are left")]);
    // both places were given back
    expect((await one.fetch(post("/v1/stream?steps=1", inPieces(raw), octets))).status).toBe(200);
  });

  it("takes no byte now and then for frames, no body without any, and no option of mel files", async () => {
    const trickle = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        controller.enqueue(new Uint8Array(1));
      },
    });
    const one = server({ deadline: 0.05 });
    expect((await one.fetch(post("/v1/stream", trickle, octets))).status).toBe(408);
    const empty = await one.fetch(post("/v1/stream", new Uint8Array(0), octets));
    expect([empty.status, await messageOf(empty)]).toEqual([400, "The body is empty; frames belong there."]);
    const wrong = await one.fetch(post("/v1/stream?trustMel=1", inPieces(raw), octets));
    expect([wrong.status, await messageOf(wrong)]).toEqual([
      400,
      expect.stringContaining("no option 'trustMel'"),
    ]);
  });

  it("has places of its own", async () => {
    const silent = new ReadableStream<Uint8Array>({ start: () => undefined });
    const one = server({ deadline: 0.5 });
    const first = one.fetch(post("/v1/stream", silent, octets));
    const second = await one.fetch(post("/v1/stream", inPieces(raw), octets));
    expect(second.status).toBe(429);
    expect((await one.fetch(post("/v1/synthesize?steps=1", npy))).status).toBe(200);
    expect((await first).status).toBe(408);
  });
});

describe("the other routes", () => {
  it("tell the voices, health and counts", async () => {
    const all = server();
    await all.fetch(post("/v1/synthesize?steps=1", npy));
    const voices = (await (await all.fetch(new Request(at("/v1/voices")))).json()) as object;
    expect(voices).toMatchObject({
      voices: [{ name: "small", sampleRate: 22_050, mel: { preset: "hifigan-22k-80", bands: 80 } }],
    });
    expect((await all.fetch(new Request(at("/healthz")))).status).toBe(200);
    expect((await all.fetch(new Request(at("/readyz")))).status).toBe(200);
    const text = await (await all.fetch(new Request(at("/metrics")))).text();
    expect(text).toContain('vocode_requests_total{route="/v1/synthesize",status="200"} 1');
    expect(Number(/vocode_audio_seconds_total\{voice="small"\} (\S+)/.exec(text)![1])).toBeCloseTo(
      (mel.frames * 256) / 22_050,
      6,
    );
    expect(text).toContain("process_resident_memory_bytes");
  });

  it("say that it is not ready when it is to end, and end what is at work", async () => {
    const closing = server();
    const work = closing.fetch(post("/v1/synthesize?steps=100", npy));
    await new Promise((resolve) => setTimeout(resolve, 20));
    closing.drain();
    expect((await closing.fetch(new Request(at("/readyz")))).status).toBe(503);
    const late = await closing.fetch(post("/v1/synthesize", npy));
    expect([late.status, late.headers.get("connection")]).toEqual([503, "close"]);
    closing.abort();
    const ended = await work;
    expect([ended.status, await messageOf(ended)]).toEqual([
      503,
      "The server is closing. Send the request again.",
    ]);
  });

  it("need the token where there is one, but those that a load balancer asks", async () => {
    const closed = server({ token: "secret" });
    const asked = async (authorization?: string): Promise<number> =>
      (await closed.fetch(new Request(at("/v1/voices"), { headers: authorization ? { authorization } : {} })))
        .status;
    expect(await asked()).toBe(401);
    expect(await asked("Bearer wrong")).toBe(401);
    expect(await asked("Bearer secret")).toBe(200);
    expect((await closed.fetch(post("/v1/synthesize", npy))).status).toBe(401);
    expect((await closed.fetch(new Request(at("/healthz")))).status).toBe(200);
  });

  it("describe every option in the OpenAPI document", async () => {
    const document = (await (await server().fetch(new Request(at("/openapi.json")))).json()) as {
      info: { version: string };
      paths: Record<string, { post?: { parameters: { name: string; schema: { enum?: string[] } }[] } }>;
    };
    expect(document.info.version).toBe("1.2.3");
    const { parameters } = document.paths["/v1/synthesize"].post!;
    expect(parameters.map(({ name }) => name)).toEqual(Object.keys(requestOptions.entries));
    expect(parameters.find(({ name }) => name === "voice")!.schema.enum).toEqual(["small"]);
    for (const path of Object.keys(document.paths)) {
      const { status } = await server().fetch(new Request(at(path)));
      expect(status, path).not.toBe(404);
    }
  });
});

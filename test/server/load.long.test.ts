// A server under load and under attack: many clients at once, and many requests that are none. Memory is compared with
// itself, and every request has an answer.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningServer, startServer } from "../support/run-server.js";

const mel = Uint8Array.from(readFileSync(new URL("../../data/speech.mel", import.meta.url)));
/** Of many clients at once. */
const LOAD_SECONDS = Number(process.env["VOCODE_LOAD_SECONDS"] ?? 20);
const CLIENTS = 32;
const MALFORMED = 10_000;

let server: RunningServer;
beforeAll(async () => {
  server = await startServer(["--queue", "16"]);
});
afterAll(async () => {
  expect(await server.end()).toBe(0);
});

async function residentBytes(): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)![1]);
}

async function speaks(): Promise<{ status: number; bytes: Buffer }> {
  const response = await fetch(`${server.url}/v1/synthesize`, { method: "POST", body: mel });
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
}

/** Sends bytes and waits until the server has closed or answered, or a moment has passed. */
async function sent(bytes: Buffer, waits: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect(server.port, "127.0.0.1");
    const end = (): void => {
      socket.destroy();
      resolve();
    };
    socket.once("error", end).once("close", end).once("data", end);
    socket.setTimeout(waits, end);
    socket.write(bytes);
  });
}

/** Requests that are wrong in one way each. */
function malformed(kind: number): Buffer {
  const head = (lines: readonly string[]): Buffer =>
    Buffer.from(`${["POST /v1/synthesize HTTP/1.1", "Host: x", ...lines].join("\r\n")}\r\n\r\n`);
  const octets = "Content-Type: application/octet-stream";
  const frames = Buffer.from(new Float32Array(160).fill([NaN, Infinity, 1e30, -1e30][kind % 4]).buffer);
  switch (kind % 10) {
    case 0: // a body that is cut off
      return Buffer.concat([
        head([`Content-Length: ${mel.length}`]),
        mel.subarray(0, (37 * kind) % mel.length),
      ]);
    case 1: // numbers that are none
      return Buffer.concat([head([octets, `Content-Length: ${frames.length}`]), frames]);
    case 2:
      return head(["Content-Length: banana"]);
    case 3: // headers without end
      return Buffer.from(`GET / HTTP/1.1\r\nX: ${"a".repeat(20_000)}`);
    case 4:
      return Buffer.from([...Array(64).keys()].map((i) => (i * kind * 31) % 256));
    case 5: // a wrong chunk
      return Buffer.concat([head(["Transfer-Encoding: chunked"]), Buffer.from("zz\r\nabc\r\n")]);
    case 6: // two lengths
      return head(["Content-Length: 4", "Content-Length: 5"]);
    case 7: {
      // a mel with one byte changed
      const changed = Buffer.from(mel);
      changed[(101 * kind) % 400] ^= 255;
      return Buffer.concat([head([`Content-Length: ${changed.length}`]), changed]);
    }
    case 8: // more than the limit
      return head([`Content-Length: ${10 ** 12}`]);
    default: // slow: the headers never end
      return Buffer.from("POST /v1/stream HTTP/1.1\r\nHost: x\r\nContent-");
  }
}

describe("a server", () => {
  it("answers many clients at once with speech or 429, all the same, with memory that stays", async () => {
    const { status, bytes } = await speaks();
    expect(status).toBe(200);
    const statuses = new Map<number, number>();
    const until = performance.now() + 1000 * LOAD_SECONDS;
    const sizes: number[] = [];
    const client = async (): Promise<void> => {
      while (performance.now() < until) {
        const answer = await speaks();
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        if (answer.status === 200) expect(answer.bytes.equals(bytes)).toBe(true);
        else await setTimeout(100);
      }
    };
    const watch = async (): Promise<void> => {
      while (performance.now() < until) {
        await setTimeout((1000 * LOAD_SECONDS) / 10);
        sizes.push(await residentBytes());
      }
    };
    await Promise.all([watch(), ...Array.from({ length: CLIENTS }, client)]);
    expect([...statuses.keys()].filter((each) => each !== 200 && each !== 429)).toEqual([]);
    expect(statuses.get(200)).toBeGreaterThan(10);
    // after the first tenths, in which it grew to what it needs
    expect(Math.max(...sizes.slice(6)) / Math.max(...sizes.slice(2, 6))).toBeLessThan(1.25);
    console.info(
      Object.fromEntries(statuses),
      sizes.map((size) => Math.round(size / 1e6)),
    );
  });

  it("is neither ended nor held by requests that are none", async () => {
    const { bytes } = await speaks();
    let next = 0;
    await Promise.all(
      Array.from({ length: 64 }, async () => {
        while (next < MALFORMED) await sent(malformed(next++), 250);
      }),
    );
    // what hangs is given up within its deadlines
    for (let turn = 0; turn < 300; turn++) {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      if (!/vocode_requests_in\{[^}]*\} [1-9]/.test(text)) break;
      await setTimeout(200);
    }
    const after = await speaks();
    expect(after.status).toBe(200);
    expect(after.bytes.equals(bytes)).toBe(true);
    expect(server.log()).not.toContain("500 in");
  });
});

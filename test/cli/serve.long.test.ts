// `vocode serve` as a process: what a client gets over a socket, and how it ends.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveCheckpoint } from "../../src/host/node/checkpoints.js";
import { harmonicCheckpoint } from "../support/random-checkpoint.js";
import { runCli, runProgram } from "../support/run-cli.js";
import { type RunningServer, startServer } from "../support/run-server.js";

const folder = mkdtempSync(join(tmpdir(), "vocode-serve-"));
const voice = join(folder, "small");
const melPath = fileURLToPath(new URL("../../data/speech.mel", import.meta.url));
const mel = Uint8Array.from(readFileSync(melPath));
const running: RunningServer[] = [];

async function started(...args: Parameters<typeof startServer>): Promise<RunningServer> {
  const server = await startServer(...args);
  running.push(server);
  return server;
}

beforeAll(async () => {
  await saveCheckpoint(voice, harmonicCheckpoint(), "random");
});
afterAll(() => {
  for (const { child } of running) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

const post = async (url: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: "POST", body: mel, headers });

describe("vocode serve", () => {
  it("answers the bytes that the command line writes, says so, and ends with 0 when it is told to", async () => {
    const server = await started([voice, "--threads", "1"]);
    const wav = join(folder, "out.wav");
    const settings = ["--checkpoint", voice, "--steps", "2", "--seed", "5", "--threads", "1"];
    expect((await runCli(["synthesize", melPath, wav, ...settings])).code).toBe(0);
    const response = await post(`${server.url}/v1/synthesize?steps=2&seed=5`);
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer()).equals(readFileSync(wav))).toBe(true);
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await server.end()).toBe(0);
    expect(server.log()).toMatch(/POST \/v1\/synthesize 200 4\.68 s of audio in \d/);
    expect(server.log()).toContain("Closing. Requests at work are finished");
  });

  it("finishes a request that is at work when it is told to end, and takes no other", async () => {
    const server = await started([voice, "--threads", "1", "--json"]);
    const work = post(`${server.url}/v1/synthesize?steps=60`);
    // until it is in
    for (let isIn = false; !isIn;) {
      isIn = /state="working"\} 1/.test(await (await fetch(`${server.url}/metrics`)).text());
    }
    const ended = server.end();
    expect((await work).status).toBe(200);
    expect(await ended).toBe(0);
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    const line = server
      .log()
      .split("\n")
      .find((each) => each.includes('"/v1/synthesize"'))!;
    expect(JSON.parse(line)).toMatchObject({ method: "POST", status: 200 });
  });

  it("needs the token of its file or of VOCODE_TOKEN", async () => {
    const file = join(folder, "token");
    writeFileSync(file, "from-file\n");
    for (const [args, env, token] of [
      [["--token-file", file], {}, "from-file"],
      [[], { VOCODE_TOKEN: "from-env" }, "from-env"],
    ] as const) {
      const server = await started([voice, "--threads", "1", ...args], env);
      expect((await post(`${server.url}/v1/synthesize?steps=1`)).status).toBe(401);
      const authorization = `Bearer ${token}`;
      expect((await post(`${server.url}/v1/synthesize?steps=1`, { authorization })).status).toBe(200);
      expect(await server.end("SIGINT")).toBe(0);
    }
  });

  it("lets no stranger write a line of its log", async () => {
    const server = await started([voice, "--threads", "1"]);
    const forged = "x%0APOST%20/v1/synthesize%20200%20forged%1b[31m=1";
    expect((await post(`${server.url}/v1/synthesize?${forged}`)).status).toBe(400);
    expect(await server.end()).toBe(0);
    expect(server.log()).toContain("400");
    expect(server.log()).not.toMatch(/^POST \/v1\/synthesize 200/m);
    expect(server.log()).not.toContain("\u001b[31m");
  });

  it("forgets a client that went away, and counts it", async () => {
    const server = await started([voice, "--threads", "1"]);
    const client = new AbortController();
    const gone = fetch(`${server.url}/v1/synthesize?steps=100`, {
      method: "POST",
      body: mel,
      signal: client.signal,
    });
    const counts = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text();
    while (!/kind="whole",state="working"\} 1/.test(await counts()));
    client.abort();
    await expect(gone).rejects.toThrow();
    while (!/kind="whole",state="working"\} 0/.test(await counts()));
    while (!/route="\/v1\/synthesize",status="499"\} 1/.test(await counts()));
    expect(await server.end()).toBe(0);
    expect(server.log()).toContain("The client went away.");
  });

  it("says what is wrong before it listens", async () => {
    const server = await started([voice, "--threads", "1"]);
    const empty = join(folder, "empty");
    writeFileSync(empty, "\n");
    for (const [args, message] of [
      [[voice, "--port", String(server.port)], "cannot listen on 127.0.0.1"],
      [[voice, voice], "Two voices are called 'small'"],
      [[join(folder, "none")], "none"],
      [[voice, "--token-file", join(folder, "no-token")], "cannot be read"],
      [[voice, "--token-file", empty], "is empty"],
      [[voice, "--deadline", "0"], "--deadline has to be above 0"],
      [[voice, "--deadline", "1e9"], "at most 86400 seconds"],
      [[voice, "--streams", "0"], "--streams"],
    ] as const) {
      const { code, stdout, stderr } = await runProgram(["serve", ...args]);
      expect([code, stdout], message).toEqual([2, ""]);
      expect(stderr).toContain(message);
    }
    expect(await server.end()).toBe(0);
  });
});

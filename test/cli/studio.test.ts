// What `vocode studio` serves, and what it refuses.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveStudio } from "../../src/cli/studio.js";
import { InputError } from "../../src/errors.js";

describe("vocode studio", () => {
  const folder = mkdtempSync(join(tmpdir(), "vocode-studio-"));
  const pages = join(folder, "pages");
  const voice = join(folder, "voice");
  let server: Server;
  let port: number;

  /** Asks with a path as it is, which fetch would tidy. */
  async function get(
    path: string,
  ): Promise<{ status: number; text: string; headers: Record<string, unknown> }> {
    return new Promise((resolve, reject) => {
      request({ host: "127.0.0.1", port, path }, (response) => {
        let text = "";
        response.on("data", (piece: Buffer) => (text += piece.toString()));
        response.on("end", () => {
          resolve({ status: response.statusCode!, text, headers: response.headers });
        });
      })
        .on("error", reject)
        .end();
    });
  }

  beforeAll(async () => {
    mkdirSync(join(pages, "vocoder"), { recursive: true });
    mkdirSync(voice);
    writeFileSync(join(pages, "index.html"), "door");
    writeFileSync(join(pages, "vocoder", "index.html"), "vocoder");
    writeFileSync(join(voice, "config.json"), "{}");
    writeFileSync(join(folder, "secret"), "secret");
    server = await serveStudio(pages, voice, 0);
    ({ port } = server.address() as AddressInfo);
  });

  afterAll(async () => {
    await new Promise((closed) => server.close(closed));
    rmSync(folder, { recursive: true });
  });

  it("serves pages, and the voice to the vocoder's page, with what threads need", async () => {
    const door = await get("/");
    expect(door).toMatchObject({ status: 200, text: "door" });
    expect(door.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    expect(await get("/vocoder/?x=1")).toMatchObject({ status: 200, text: "vocoder" });
    expect(await get("/vocoder/voice/config.json")).toMatchObject({ status: 200, text: "{}" });
  });

  it.each([
    "/none",
    "/../secret",
    "/vocoder/voice/../../../secret",
    "/%2e%2e/secret",
    "/..%2fsecret",
    "/%",
    "/%00",
  ])("has nothing at %s", async (path) => {
    expect(await get(path)).toMatchObject({ status: 404, text: "" });
  });

  it("says what to do where the port is taken, or nothing was built", async () => {
    await expect(serveStudio(pages, voice, port)).rejects.toThrow(/Port \d+ is taken\. Name another/);
    await expect(serveStudio(voice, voice, 0)).rejects.toThrow(InputError);
    await expect(serveStudio(voice, voice, 0)).rejects.toThrow("studio:build");
  });
});

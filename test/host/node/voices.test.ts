import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  localCheckpoint,
  shippedCheckpoint,
  shippedVoices,
  UnknownVoiceError,
  voiceFor,
} from "../../../src/host/node/voices.js";
import { FileError } from "../../../src/errors.js";
import type { Host } from "../../../src/host.js";
import { findPreset } from "../../../src/mel/presets.js";
import { Vocoder } from "../../../src/node.js";

describe("the voices that come with vocode", () => {
  it("are those of checkpoints/, the default one first, each with the format of its mels", async () => {
    const voices = await shippedVoices();
    expect(voices[0]).toEqual({
      name: "speech-22k",
      folder: shippedCheckpoint,
      format: findPreset("hifigan-22k-80"),
    });
    expect(new Set(voices.map(({ folder }) => basename(folder))).size).toBe(voices.length);
  });

  it.each(["hifigan-22k-80", "tacotron2-22k-80"])("take a mel of %s without a loss", async (name) => {
    expect(voiceFor(findPreset(name), await shippedVoices())?.name).toBe("speech-22k");
  });
});

describe("a voice's place", () => {
  it("may be the name of one that comes with vocode", async () => {
    expect(await localCheckpoint("speech-22k")).toBe(shippedCheckpoint);
  });

  it("is taken for a path where it looks like one, or is a folder", async () => {
    expect(await localCheckpoint("checkpoints/speech-22k")).toBe("checkpoints/speech-22k");
    expect(await localCheckpoint("./speech-22k")).toBe("./speech-22k");
    expect(await localCheckpoint("src")).toBe("src");
  });

  it("is the voice that comes with vocode where a folder of its name is no checkpoint", async () => {
    const before = process.cwd();
    const folder = mkdtempSync(join(tmpdir(), "vocode-voices-"));
    mkdirSync(join(folder, "speech-22k"));
    try {
      process.chdir(folder);
      expect(await localCheckpoint("speech-22k")).toBe(shippedCheckpoint);
      writeFileSync(join("speech-22k", "config.json"), "{}");
      expect(await localCheckpoint("speech-22k")).toBe("speech-22k");
    } finally {
      process.chdir(before);
      rmSync(folder, { recursive: true });
    }
  });

  it("is read by a host of one's own as it stands", async () => {
    const asked: string[] = [];
    const read = (path: string): Promise<never> => {
      asked.push(path);
      return Promise.reject(new FileError("not here", path));
    };
    const host = { cores: 1, read, open: read } as unknown as Host;
    await expect(Vocoder.load("mine", { host })).rejects.toThrow("not here");
    expect(asked[0]).toBe("mine/config.json");
  });

  it("is refused with the names that there are where it is none of them", async () => {
    await expect(localCheckpoint("speech-23k")).rejects.toThrow(UnknownVoiceError);
    await expect(localCheckpoint("speech-23k")).rejects.toThrow(/'speech-23k'.*speech-22k/);
  });
});

import { describe, expect, it } from "vitest";
import {
  type FileOfJob,
  fileOf,
  filesOfId,
  type JobPlan,
  makeJob,
  parseJob,
  parseProgress,
  withFailuresLeft,
} from "../../src/fleet/job.js";
import { Places, placeBelow } from "../../src/fleet/places.js";
import { loadPackage, PackageMissingError, QueueConnection, withoutPassword } from "../../src/fleet/queue.js";

const plan: JobPlan = {
  version: "1.2.3",
  voice: { place: null, digest: "voice" },
  options: { steps: 2, bitDepth: "16" },
  replaces: false,
  attempts: 3,
};
const files: FileOfJob[] = ["a", "b", "deeper/c"].map((name) => ({
  input: `/mels/${name}.mel`,
  output: `s3://bucket/wavs/${name}.wav`,
  identity: `hash of ${name}`,
}));

describe("a job", () => {
  it("carries places without what they share, and gives them back", () => {
    const { id, data } = makeJob(plan, files);
    expect(data.files[0]).toEqual(["a.mel", "a.wav", "hash of a"]);
    expect(files.map((_, index) => fileOf(data, index))).toEqual(files);
    expect(filesOfId(id)).toBe(3);
    expect(parseJob(JSON.parse(JSON.stringify(data)))).toEqual(data);
  });

  it("has the same id for the same work, and another one for other mels, voices, options or versions", () => {
    const { id } = makeJob(plan, files);
    expect(makeJob({ ...plan, options: { bitDepth: "16", steps: 2 }, attempts: 9 }, [...files]).id).toBe(id);
    // a voice is its bytes, wherever it lies
    expect(makeJob({ ...plan, voice: { place: "/there", digest: "voice" } }, files).id).toBe(id);
    const others = [
      makeJob({ ...plan, version: "1.2.4" }, files),
      makeJob({ ...plan, voice: { place: null, digest: "another" } }, files),
      makeJob({ ...plan, options: { steps: 3, bitDepth: "16" } }, files),
      makeJob({ ...plan, replaces: true }, files),
      makeJob(plan, [{ ...files[0], identity: "changed" }, files[1], files[2]]),
      makeJob(plan, files.slice(0, 2)),
    ].map((job) => job.id);
    expect(new Set([id, ...others]).size).toBe(7);
  });

  it("begins with all its files, and does those once more that failed", () => {
    const begun = parseProgress(undefined, 3);
    expect(begun).toMatchObject({ left: [0, 1, 2], at: null, made: 0 });
    const ended = {
      ...begun,
      left: [],
      made: 2,
      failures: [[1, "no mel"] as [number, string]],
      begun: { "1": 3 },
    };
    expect(withFailuresLeft(ended)).toMatchObject({ left: [1], made: 2, failures: [], begun: {} });
  });

  it.each([
    ["words", "words"],
    ["nothing", undefined],
    ["a job without files", { ...makeJob(plan, files).data, files: [] }],
    ["a file without a place", { ...makeJob(plan, files).data, files: [["a"]] }],
  ])("is not made of %s", (_, data) => {
    expect(parseJob(data)).toBeUndefined();
  });

  it("begins anew where what is known of it speaks of files that it does not have", () => {
    expect(parseProgress({ ...parseProgress(undefined, 9), at: 8 }, 3).left).toEqual([0, 1, 2]);
  });
});

describe("places", () => {
  it("lie below folders and prefixes", () => {
    expect(placeBelow("/wavs", "deeper/a.wav")).toBe("/wavs/deeper/a.wav");
    expect(placeBelow("s3://bucket/wavs/", "deeper/a.wav")).toBe("s3://bucket/wavs/deeper/a.wav");
  });

  it("in a store need its keys, and say which", async () => {
    await expect(new Places({}).exists("s3://bucket/a.wav")).rejects.toThrow("AWS_ACCESS_KEY_ID");
  });
});

describe("the queue", () => {
  it("says which package is missing, and what to install", async () => {
    const nobodys: string = "no-such-package-of-anybody";
    const missing = loadPackage("bullmq", () => import(/* @vite-ignore */ nobodys));
    await expect(missing).rejects.toThrow(PackageMissingError);
    await expect(missing).rejects.toThrow("npm install bullmq ioredis");
  });

  it("refuses an address of no kind that it knows, without its password", async () => {
    await expect(QueueConnection.open({ uri: "mysql://me:secret@host/x", name: "x" })).rejects.toThrow(
      "'mysql://me:…@host/x' is no queue's address. Write redis://",
    );
    expect(withoutPassword("redis://:secret@host:6379")).toBe("redis://:…@host:6379");
    expect(withoutPassword("redis://host:6379")).toBe("redis://host:6379");
  });
});

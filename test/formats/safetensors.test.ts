import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  floatTensor,
  isSafetensors,
  parseSafetensors,
  SafetensorsError,
  tensorFloats,
} from "../../src/formats/safetensors.js";
import { writeSafetensors, writeSafetensorsRows } from "../../src/host/node/write-files.js";

const mixed = readFileSync(
  fileURLToPath(new URL("../fixtures/safetensors/mixed.safetensors", import.meta.url)),
);

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "vocode-"));
}

function fileOf(header: unknown, dataLength = 0): Uint8Array {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataLength)]);
}

function tensor(begin: number, end: number, shape: unknown = [(end - begin) / 4]): unknown {
  return { dtype: "F32", shape, data_offsets: [begin, end] };
}

describe("parseSafetensors", () => {
  it("reads a file that the safetensors library wrote", () => {
    const { tensors, metadata } = parseSafetensors(mixed);
    const expected = Array.from({ length: 15 }, (_, k) => k / 8 - 2);
    for (const name of ["half", "single", "double"]) {
      expect(tensors.get(name)!.shape).toEqual([3, 5]);
      expect([...tensorFloats(tensors.get(name)!)]).toEqual(expected);
    }
    expect(tensors.get("scalar")).toMatchObject({ shape: [], dtype: "F32" });
    expect(tensors.get("empty")).toMatchObject({ shape: [0, 4] });
    expect(tensors.get("steps")!.bytes.length).toBe(24);
    expect(metadata).toEqual({ "made by": "safetensors.numpy", größe: "ü" });
    expect(() => tensorFloats(tensors.get("steps")!)).toThrow("'steps' holds I64 values");
  });

  it("copies nothing where a float32 tensor is aligned", () => {
    const bytes = Uint8Array.from(mixed);
    const floats = tensorFloats(parseSafetensors(bytes).tensors.get("single")!);
    expect(floats.buffer).toBe(bytes.buffer);
  });

  it("reads bfloat16", () => {
    const header = { a: { dtype: "BF16", shape: [3], data_offsets: [0, 6] } };
    const file = Buffer.from(fileOf(header, 6));
    [0x3f80, 0xc040, 0x7f80].forEach((bits, i) => file.writeUInt16LE(bits, file.length - 6 + 2 * i));
    expect([...tensorFloats(parseSafetensors(file).tensors.get("a")!)]).toEqual([1, -3, Infinity]);
  });

  it("refuses a file that was cut off anywhere", () => {
    for (let length = 0; length < mixed.length; length++)
      expect(() => parseSafetensors(mixed.subarray(0, length))).toThrow(SafetensorsError);
  });

  it.each([
    ["a gap", fileOf({ a: tensor(0, 8), b: tensor(12, 16) }, 16), "'b' in the safetensors file leaves a gap"],
    ["an overlap", fileOf({ a: tensor(0, 8), b: tensor(4, 12) }, 12), "'b' in the safetensors file overlaps"],
    [
      "data that nothing describes",
      fileOf({ a: tensor(0, 8) }, 12),
      "describes 8 bytes of values, and 12 follow",
    ],
    ["too little data", fileOf({ a: tensor(0, 8) }, 4), "The file was cut off"],
    ["a shape of other size", fileOf({ a: tensor(0, 8, [3]) }, 8), "takes 12"],
    ["a huge shape", fileOf({ a: tensor(0, 8, [2 ** 52, 2 ** 52]) }, 8), "takes"],
    ["a negative length", fileOf({ a: tensor(0, 8, [-2, -1]) }, 8), "no shape of whole numbers"],
    ["offsets that fall", fileOf({ a: tensor(8, 0, [0]) }, 8), "claims bytes 8 to 0"],
    [
      "three offsets",
      fileOf({ a: { dtype: "F32", shape: [], data_offsets: [0, 4, 8] } }, 4),
      "two data offsets",
    ],
    ["an unknown type", fileOf({ a: { dtype: "F99", shape: [], data_offsets: [0, 4] } }, 4), '"F99"'],
    [
      "an inherited name as type",
      fileOf({ a: { dtype: "toString", shape: [], data_offsets: [0, 4] } }, 4),
      "type",
    ],
    ["an entry that is a list", fileOf({ a: [] }), "not described by a JSON object"],
    ["metadata of numbers", fileOf({ __metadata__: { a: 1 } }), "not an object of texts"],
    ["no JSON", fileOf("{nothing"), "no JSON"],
    ["a list", fileOf("[]"), "no JSON object"],
  ])("refuses %s", (_, bytes, words) => {
    expect(() => parseSafetensors(bytes)).toThrow(SafetensorsError);
    expect(() => parseSafetensors(bytes)).toThrow(words);
  });

  it("refuses header lengths up to 2⁶⁴", () => {
    for (const length of [2n ** 64n - 1n, 2n ** 53n, 2n ** 32n, 100_000_001n, 1000n]) {
      const bytes = Buffer.from(fileOf({}));
      bytes.writeBigUInt64LE(length);
      expect(() => parseSafetensors(bytes)).toThrow(SafetensorsError);
    }
    expect(isSafetensors(fileOf({}))).toBe(true);
    expect(isSafetensors(Buffer.from("RIFF and so on {"))).toBe(false);
  });
});

describe("writeSafetensors", () => {
  it("writes what it reads, wide types first and aligned", async () => {
    const path = join(temporaryFolder(), "a.safetensors");
    const mask = { name: "mask", dtype: "U8", shape: [3], bytes: Uint8Array.of(1, 2, 3) } as const;
    const wide = { name: "__proto__", dtype: "F64", shape: [1], bytes: new Uint8Array(8) } as const;
    const floats = floatTensor("floats", [2, 1], Float32Array.of(1, 2));
    await writeSafetensors(path, [mask, floats, wide], { note: "ü" });
    const file = parseSafetensors(readFileSync(path));
    expect([...file.tensors.keys()]).toEqual(["__proto__", "floats", "mask"]);
    expect([...tensorFloats(file.tensors.get("floats")!)]).toEqual([1, 2]);
    expect([...file.tensors.get("mask")!.bytes]).toEqual([1, 2, 3]);
    expect(file.metadata).toEqual({ note: "ü" });
  });

  it("writes rows as they come", async () => {
    const path = join(temporaryFolder(), "rows.safetensors");
    const pieces = [Float32Array.of(1, 2, 3, 4), new Float32Array(0), Float32Array.of(5, 6)];
    expect(await writeSafetensorsRows(path, "mel", 2, pieces, { a: "b" })).toBe(3);
    const { tensors, metadata } = parseSafetensors(readFileSync(path));
    expect(tensors.get("mel")!.shape).toEqual([3, 2]);
    expect([...tensorFloats(tensors.get("mel")!)]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(metadata).toEqual({ a: "b" });
  });

  it("leaves nothing where the rows fail", async () => {
    const folder = temporaryFolder();
    const pieces = (function* () {
      yield Float32Array.of(1, 2);
      throw new Error("the source broke");
    })();
    await expect(writeSafetensorsRows(join(folder, "a.mel"), "mel", 2, pieces)).rejects.toThrow("broke");
    await expect(
      writeSafetensorsRows(join(folder, "a.mel"), "mel", 2, [new Float32Array(3)]),
    ).rejects.toThrow(RangeError);
    expect(readdirSync(folder)).toEqual([]);
  });
});

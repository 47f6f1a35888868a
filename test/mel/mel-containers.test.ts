// Mels in the files of NumPy and PyTorch, written by them (test/fixtures/archives/make_archive_fixtures.py), and what is
// said of files in which no mel can be read.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { parseArrays, parseStoredMel } from "../../src/mel/container.js";
import { parseMel } from "../../src/mel/file.js";
import { describeForeignContainer } from "../../src/mel/foreign.js";
import { NoMelError } from "../../src/mel/format-fields.js";
import { findPreset } from "../../src/mel/presets.js";
import { encodeNpy } from "../../src/formats/npy.js";

const folder = fileURLToPath(new URL("../fixtures/archives/", import.meta.url));
const file = (name: string): Uint8Array => readFileSync(folder + name);
const hifigan = findPreset("hifigan-22k-80");
const values = Float32Array.from({ length: 960 }, (_, i) => -5 - 4 * Math.sin(i));

function largestDifference(one: Float32Array, other: Float32Array): number {
  expect(one.length).toBe(other.length);
  return one.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i])), 0);
}

describe("parseStoredMel", () => {
  it.each([
    ["one.npz", "npz", "float32", 1e-6],
    ["compressed.npz", "npz", "float32", 1e-6],
    ["object.npz", "npz", "float64", 1e-6],
    ["tensor.pt", "torch", "float32", 1e-6],
    ["half.pt", "torch", "float16", 0.004],
    ["bfloat16.pt", "torch", "bfloat16", 0.04],
    ["double.pt", "torch", "float64", 1e-6],
    ["dict.pt", "torch", "float32", 1e-6],
    ["nested.pt", "torch", "float32", 1e-6],
    ["parameter.pt", "torch", "float32", 1e-6],
    ["strided.pt", "torch", "float32", 1e-6],
  ])("reads the one mel of %s", (name, container, dtype, tolerance) => {
    const stored = parseStoredMel(file(name));
    expect(stored).toMatchObject({ container, dtype });
    expect(stored.shape.filter((length) => length > 1)).toEqual([80, 12]);
    expect(largestDifference(stored.values, values)).toBeLessThan(tolerance);
  });

  it.each(["two.npz", "two.pt"])(
    "asks which of the mels of %s is meant, and takes the one that is named",
    (name) => {
      const [first, second] = name === "two.npz" ? ["before", "after"] : ["coarse", "fine"];
      expect(() => parseStoredMel(file(name))).toThrow(
        `no tensor named 'mel', and 2 that could be one (it has '${first}' [80, 12], '${second}' [80, 12]). ` +
          `Name one with --mel-tensor, as in --mel-tensor ${first}`,
      );
      const chosen = parseStoredMel(file(name), { tensor: second });
      expect(
        largestDifference(
          chosen.values,
          values.map((value) => value + 1),
        ),
      ).toBeLessThan(1e-6);
      expect(() => parseStoredMel(file(name), { tensor: "none" })).toThrow("no tensor named 'none'");
      expect(parseMel(file(name), { expected: hifigan, tensor: first, trust: true }).mel.frames).toBe(12);
    },
  );

  it("executes nothing of a pickle", () => {
    expect(() => parseStoredMel(file("evil.pt"))).toThrow(NoMelError);
    expect(existsSync("executed")).toBe(false);
    expect(existsSync(`${folder}executed`)).toBe(false);
  });

  it("lists the tensors of a dictionary by their keys", () => {
    const { arrays } = parseArrays(file("dict.pt"));
    expect(arrays.map(({ name, dtype }) => [name, dtype])).toEqual([
      ["mel", "float32"],
      ["f0", "float32"],
      ["ids", "long"],
    ]);
    expect(parseArrays(file("nested.pt")).arrays[0].name).toBe("0.mels");
  });

  it("says that an expanded tensor has fewer values than its shape", () => {
    expect(() => parseStoredMel(file("expanded.pt"))).toThrow("save tensor.contiguous()");
  });

  it("notices a damaged archive by its checksum, and one that was cut off", () => {
    const damaged = Uint8Array.from(file("one.npz"));
    damaged[1000] ^= 4;
    expect(() => parseStoredMel(damaged)).toThrow("its checksum does not fit");
    expect(() => parseStoredMel(file("one.npz").subarray(0, 3000))).toThrow(
      "no directory at its end: it was cut off",
    );
  });

  it.each([[[80, 12, 1]], [[1, 80, 12, 1]], [[80, 1, 12]]])(
    "passes over the axes of length 1 of %j",
    (shape) => {
      const { mel } = parseMel(encodeNpy(shape, values), { expected: hifigan, trust: true });
      expect(mel.frames).toBe(12);
      expect(mel.values[1]).toBeCloseTo(values[12], 5);
    },
  );
});

describe("describeForeignContainer", () => {
  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  it.each([
    ["an empty file", new Uint8Array(0), "it is empty"],
    ["a Git LFS pointer", text("version https://git-lfs.github.com/spec/v1\noid"), "git lfs pull"],
    ["a web page", text("\n<!DOCTYPE html>\n<html>"), "it is a web page"],
    ["another web page", text("<html lang='en'>"), "it is a web page"],
    ["HDF5", Uint8Array.from([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a]), "h5py.File('FILE')['mel'][()]"],
    ["MATLAB", text("MATLAB 5.0 MAT-file, Platform: GLNXA64"), "scipy.io.loadmat('FILE')['mel']"],
    ["MATLAB 7.3", text("MATLAB 7.3 MAT-file, Platform: GLNXA64"), "h5py.File('FILE')['mel'][()].T"],
    ["numbers with commas", text("-1.5,2e-3,4\n-1,2,3\n"), "numpy.loadtxt('FILE', delimiter=',')"],
    ["numbers with spaces", text("-1.5 2e-3 4\n-1 2 3\n"), "numpy.loadtxt('FILE')"],
    ["JSON", text("[[-1.5, 2e-3],\n [1, 2]]"), "json.load(open('FILE'))"],
    ["gzip", gzipSync("mel"), "gunzip"],
    ["a picture", Uint8Array.from([0x89, 0x50, 0x4e, 0x47]), "it is a picture"],
    ["a pickled dict", file("dict.pkl"), "pickle.load(open('FILE', 'rb'))"],
    ["torch before 1.6", file("before-1.6.pt"), "torch.load('FILE', weights_only=True)"],
  ])("names %s and what makes a mel of it", (_, bytes, words) => {
    expect(describeForeignContainer(bytes)).toContain(words);
    expect(() => parseStoredMel(bytes)).toThrow(NoMelError);
    expect(() => parseStoredMel(bytes)).toThrow(words);
  });

  it("says how an array is taken out of a pickled dict in a .npy file", () => {
    const pickled = readFileSync(`${folder}../npy/pickled.npy`);
    expect(() => parseStoredMel(pickled)).toThrow("allow_pickle=True).item()['mel']");
  });
});

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { encodeNpy, NpyError, parseNpy } from "../../src/formats/npy.js";

const fixtures = fileURLToPath(new URL("../fixtures/npy/", import.meta.url));

function fixture(name: string): Uint8Array {
  return readFileSync(`${fixtures}${name}.npy`);
}

function counted(count: number): number[] {
  return Array.from({ length: count }, (_, k) => k / 8 - 2);
}

/** A version 1 file with a header of any text. */
function withHeader(header: string, data = new Uint8Array(0)): Uint8Array {
  const start = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${header}`, "latin1");
  start.writeUInt16LE(header.length, 8);
  return Buffer.concat([start, data]);
}

describe("parseNpy on files that NumPy wrote", () => {
  for (const type of ["f2", "f4", "f8"])
    for (const order of ["little", "big"])
      for (const layout of ["c", "fortran"])
        it(`reads ${type}, ${order}-endian, ${layout} order`, () => {
          const array = parseNpy(fixture(`${type}-${order}-${layout}`));
          expect(array.shape).toEqual([3, 5]);
          expect([...array.data]).toEqual(counted(15));
          expect(array.dtype).toBe({ f2: "float16", f4: "float32", f8: "float64" }[type]);
        });

  it.each([1, 2, 3])("reads format version %i", (version) => {
    const array = parseNpy(fixture(`version-${version}`));
    expect(array.shape).toEqual([2, 3]);
    expect([...array.data]).toEqual(counted(6));
  });

  it("reads any number of axes", () => {
    expect(parseNpy(fixture("three-axes-fortran"))).toMatchObject({ shape: [2, 3, 4] });
    expect([...parseNpy(fixture("three-axes-fortran")).data]).toEqual(counted(24));
    expect(parseNpy(fixture("leading-one")).shape).toEqual([1, 3, 5]);
    expect(parseNpy(fixture("one-axis")).shape).toEqual([6]);
    expect(parseNpy(fixture("scalar"))).toMatchObject({ shape: [], data: Float32Array.of(-2) });
    expect(parseNpy(fixture("no-frames"))).toMatchObject({ shape: [80, 0], data: new Float32Array(0) });
  });

  it("widens infinities, NaN, subnormals and signed zeros of float16", () => {
    const [infinity, minus, nan, normal, subnormal, largest, zero] = parseNpy(fixture("half-specials")).data;
    expect([infinity, minus, nan, largest]).toEqual([Infinity, -Infinity, NaN, 65504]);
    expect(normal).toBeCloseTo(6.1e-5, 7);
    expect(subnormal).toBe(2 ** -24);
    expect(Object.is(zero, -0)).toBe(true);
  });

  it.each([
    ["integers", "64-bit integers"],
    ["unsigned-bytes", "8-bit unsigned integers"],
    ["complex", "64-bit complex numbers"],
    ["booleans", "booleans"],
    ["text", "text"],
    ["records", "records of several fields"],
    ["pickled", "Python objects"],
  ])("says what a file of %s holds", (name, words) => {
    expect(() => parseNpy(fixture(name))).toThrow(NpyError);
    expect(() => parseNpy(fixture(name))).toThrow(words);
  });
});

describe("parseNpy on damaged files", () => {
  it("refuses a file that was cut off, in the header or in the values", () => {
    const whole = fixture("f4-little-c");
    for (let length = 0; length < whole.length; length++)
      expect(() => parseNpy(whole.subarray(0, length))).toThrow(NpyError);
    expect(() => parseNpy(whole.subarray(0, whole.length - 1))).toThrow("59 bytes follow its header");
  });

  it("refuses bytes after the array", () => {
    expect(() => parseNpy(Buffer.concat([fixture("f4-little-c"), Buffer.alloc(4)]))).toThrow(
      "It holds something else besides",
    );
  });

  it.each([
    ["(18446744073709551616, 18446744073709551616)", "1361129467683753853853498429727072845824 bytes"],
    ["(9007199254740993,)", "36028797018963972 bytes"],
    ["(4294967296, 4294967296)", "73786976294838206464 bytes"],
    ["(0, 18446744073709551616)", "which no array can have"],
    [`(${"1, ".repeat(65)})`, "65 dimensions"],
    ["(-1,)", "shape is not a tuple of lengths"],
    ["(2.5,)", "header is damaged"],
    ["12", "shape is not a tuple of lengths"],
    ["[".repeat(500), "at most 32 nested brackets"],
  ])("refuses the shape %s before allocating anything", (shape, words) => {
    const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
    expect(() => parseNpy(withHeader(header))).toThrow(NpyError);
    expect(() => parseNpy(withHeader(header))).toThrow(words);
  });

  it.each([
    ["{'descr': '<f4', 'shape': (0,), }", "names descr, shape"],
    ["{'descr': '<f4', 'fortran_order': 0, 'shape': (0,), }", "neither True nor False"],
    [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (0,), 'extra': 1}",
      "descr, extra, fortran_order, shape",
    ],
    ["{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (0,)}", "the key 'descr' only once"],
    ["{'descr': '<f4' 'fortran_order': False, 'shape': (0,)}", "',' or '}'"],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (0,)} or True", "expected the end"],
    ["(1, 2)", "names nothing"],
    ["", "found the end"],
  ])("says what is wrong with the header %s", (header, words) => {
    expect(() => parseNpy(withHeader(header))).toThrow(words);
  });

  it("accepts what Python accepts: double quotes, missing commas at the end, long integers of Python 2", () => {
    const header = `{ "descr":"<f4","fortran_order":False,\n"shape":(2L,1L) }`;
    expect(parseNpy(withHeader(header, new Uint8Array(8))).shape).toEqual([2, 1]);
  });

  it("refuses unknown versions and other files", () => {
    expect(() => parseNpy(Buffer.from("\x93NUMPY\x04\x00\x00\x00\x00\x00", "latin1"))).toThrow("version 4");
    expect(() => parseNpy(Buffer.from("RIFF"))).toThrow("no .npy file");
  });
});

describe("encodeNpy", () => {
  it("writes the very bytes that NumPy writes", () => {
    expect(Buffer.from(encodeNpy([3, 5], Float32Array.from(counted(15))))).toEqual(fixture("f4-little-c"));
    expect(Buffer.from(encodeNpy([6], Float32Array.from(counted(6))))).toEqual(fixture("one-axis"));
    expect(Buffer.from(encodeNpy([], Float32Array.of(-2)))).toEqual(fixture("scalar"));
  });

  it("refuses a shape that is not the data's", () => {
    expect(() => encodeNpy([2, 2], new Float32Array(3))).toThrow(RangeError);
  });
});

// What the mutation tests of array and mel files share: damaged files go in, and only valid results or typed errors may
// come out, without taking more memory than the file's size justifies.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { parseStatistics } from "../../src/mel/band-statistics.js";
import { parseArrays } from "../../src/mel/container.js";
import { parseMel } from "../../src/mel/file.js";
import { MEL_FORMAT_KEY } from "../../src/mel/format-fields.js";
import { findPreset } from "../../src/mel/presets.js";
import { InputError } from "../../src/errors.js";
import { encodeNpy, parseNpy } from "../../src/formats/npy.js";
import {
  encodeHeader,
  isFloatTensor,
  parseSafetensors,
  tensorFloats,
} from "../../src/formats/safetensors.js";
import { torchTensors } from "../../src/formats/torch.js";
import { isZip, parseZip } from "../../src/formats/zip.js";
import { mutated } from "./damaged-files.js";

const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));
const format = findPreset("hifigan-22k-80");

function fixtureFiles(folder: string, ending: string): Uint8Array[] {
  return readdirSync(fixtures + folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(`${fixtures}${folder}/${name}`));
}

function smallMel(): Uint8Array {
  const values = Float32Array.from({ length: 240 }, (_, i) => -5 - 4 * Math.sin(i));
  const entry = { name: "mel", dtype: "F32", shape: [3, 80], begin: 0, end: 960 } as const;
  const header = encodeHeader([entry], { [MEL_FORMAT_KEY]: JSON.stringify(format) });
  return Buffer.concat([header, Buffer.from(values.buffer)]);
}

/** The pickle in an archive of torch.save. */
function pickleOf(archive: Uint8Array): Uint8Array {
  return parseZip(archive)
    .find(({ name }) => name.endsWith("data.pkl"))!
    .read();
}

/** Whether a parser's values are as many as its shape says, and no more than the file's bytes hold. */
function requireJustified(shape: readonly number[], values: Float32Array, file: Uint8Array): void {
  const count = shape.reduce((product, length) => product * length, 1);
  if (count !== values.length) throw new Error(`${values.length} values for the shape ${shape.join()}`);
  // a value takes at least the two bytes of a float16, and DEFLATE packs up to 1032 bytes into one
  const most = (isZip(file) ? 1032 : 1) * (file.length / 2);
  if (values.length > most) throw new Error(`${values.length} values from ${file.length} bytes`);
}

/** The parsers under mutation, by name: valid files, and what each does with a damaged one. */
export const parsersUnderMutation: Readonly<
  Record<string, { readonly originals: () => Uint8Array[]; readonly parse: (bytes: Uint8Array) => void }>
> = {
  npy: {
    originals: () => fixtureFiles("npy", ".npy"),
    parse: (bytes) => {
      const { shape, data } = parseNpy(bytes);
      requireJustified(shape, data, bytes);
    },
  },
  safetensors: {
    originals: () => [...fixtureFiles("safetensors", ".safetensors"), smallMel()],
    parse: (bytes) => {
      for (const tensor of parseSafetensors(bytes).tensors.values())
        if (isFloatTensor(tensor)) requireJustified(tensor.shape, tensorFloats(tensor), bytes);
    },
  },
  npz: {
    originals: () => fixtureFiles("archives", ".npz"),
    parse: (bytes) => {
      for (const { isFloat, shape, read } of parseArrays(bytes).arrays)
        if (isFloat) requireJustified(shape, read(), bytes);
    },
  },
  torch: {
    originals: () => fixtureFiles("archives", ".pt"),
    parse: (bytes) => {
      for (const { isFloat, shape, read } of parseArrays(bytes).arrays)
        if (isFloat) requireJustified(shape, read(), bytes);
    },
  },
  // without the archive around it, whose checksum refuses almost all damage
  pickle: {
    originals: () => fixtureFiles("archives", ".pt").filter(isZip).map(pickleOf),
    parse: (bytes) => {
      const storage = new Uint8Array(4000);
      const entry = (name: string, content: Uint8Array) => ({
        name: `mel/${name}`,
        length: content.length,
        read: () => content,
      });
      const entries = [entry("data.pkl", bytes), entry("data/0", storage), entry("data/1", storage)];
      for (const { isFloat, shape, floats } of torchTensors(entries))
        if (isFloat) requireJustified(shape, floats(), storage);
    },
  },
  statistics: {
    originals: () => [
      encodeNpy([2, 3], Float32Array.of(-5, -4, -3, 1, 2, 3)),
      new TextEncoder().encode('{"mel_mean": [-5.5, -5], "mel_std": [2.1, 2]}'),
      ...fixtureFiles("archives", "two.npz"),
    ],
    parse: (bytes) => {
      const { mean, deviation } = parseStatistics(bytes, "stats.npy");
      if (!mean.every(Number.isFinite) || !deviation.every((value) => value > 0))
        throw new Error("statistics that are no numbers came through");
    },
  },
  mel: {
    originals: () => [smallMel(), encodeNpy([80, 3], new Float32Array(240).fill(-11.512925))],
    parse: (bytes) => {
      const { mel } = parseMel(bytes, { expected: format });
      requireJustified([mel.frames, format.bands], mel.values, bytes);
      if (!mel.values.every(Number.isFinite)) throw new Error("values that are no numbers came through");
    },
  },
};

/**
 * Damages valid files and parses them.
 *
 * @returns how many were refused; the others were still valid
 * @throws where anything but a typed error with a message came out
 */
export function parseMutations(parser: string, cases: number): number {
  const { originals, parse } = parsersUnderMutation[parser];
  let refused = 0;
  fc.assert(
    fc.property(mutated(originals()), (bytes) => {
      try {
        parse(bytes);
      } catch (error) {
        if (!(error instanceof InputError) || error.message.length > 1000) throw error;
        refused++;
      }
    }),
    { numRuns: cases, seed: 1 },
  );
  return refused;
}

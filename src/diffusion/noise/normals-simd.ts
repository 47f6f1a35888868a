// The SIMD kernel of normals.wat, loaded on first use: the same normals as fillBlocks, many times faster.
import { splitWords, type NoiseStream } from "./normals.js";
import { normalsWasm } from "./normals-wasm.js";

/** Blocks that the kernel makes at once, in its four lanes. */
const GROUP_BLOCKS = 4;
const GROUP_LENGTH = 16;
const PAGE_GROUPS = 1024;

interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  words(
    groups: number,
    blockLow: number,
    blockHigh: number,
    stepLow: number,
    stepHigh: number,
    key0: number,
    key1: number,
  ): void;
  normals(groups: number): void;
}

/** Fills `out` with the normals from sample `start` on, [T]. */
export type NormalsFiller = (out: Float32Array, start: number, stream: NoiseStream) => void;

/** The SIMD filler, or nothing where this machine or engine has no WebAssembly SIMD. */
export function loadSimdFiller(): NormalsFiller | undefined {
  const bytes = Uint8Array.from(atob(normalsWasm), (character) => character.charCodeAt(0));
  if (typeof WebAssembly === "undefined" || !WebAssembly.validate(bytes)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const kernel = exports as unknown as Kernel;
  const page = new Float32Array(kernel.memory.buffer);
  return (out, start, { key0, key1, step }) => {
    const [stepLow, stepHigh] = splitWords(step);
    let skip = start % GROUP_LENGTH;
    let block = ((start - skip) / GROUP_LENGTH) * GROUP_BLOCKS;
    for (let at = 0; at < out.length;) {
      const groups = Math.min(PAGE_GROUPS, Math.ceil((skip + out.length - at) / GROUP_LENGTH));
      const [blockLow, blockHigh] = splitWords(block);
      kernel.words(groups, blockLow, blockHigh, stepLow, stepHigh, key0, key1);
      kernel.normals(groups);
      const count = Math.min(groups * GROUP_LENGTH - skip, out.length - at);
      out.set(page.subarray(skip, skip + count), at);
      at += count;
      block += groups * GROUP_BLOCKS;
      skip = 0;
    }
  };
}

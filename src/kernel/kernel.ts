// The WebAssembly SIMD kernel of kernel/*.as: its functions, and its memory as a stack of blocks. Pointers are bytes.
import { kernelWasm } from "./kernel-wasm.js";

/** Blocks lie at multiples of this. */
const ALIGNMENT = 64;
/** Below it lies what the compiler itself may have put there. */
const FIRST_BLOCK = 1024;
const PAGE = 65536;
const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** The kernel's functions; kernel/index.as documents them. */
export interface KernelFunctions {
  toLanes(rows: number, stride: number, count: number, groups: number, lanes: number): void;
  reciprocals(values: number, target: number, count: number): void;
  addScaled(target: number, a: number, factor: number, b: number, count: number): void;
  colour(mdct: number, signal: number, gains: number, result: number): void;
  analyse(
    transform: number,
    signal: number,
    rows: number,
    stride: number,
    scale: number,
    floor: number,
  ): void;
  melResidual(
    transform: number,
    bank: number,
    signal: number,
    spectrum: number,
    mel: number,
    residual: number,
    rows: number,
    stride: number,
    sharpness: number,
    limit: number,
  ): void;
  mask(
    transform: number,
    constants: number,
    slopes: number,
    stride: number,
    features: number,
    featureStride: number,
    masks: number,
    bank: number,
    gains: number,
    gainSlopes: number,
    residual: number,
    signal: number,
  ): void;
  correct(
    transform: number,
    bank: number,
    signal: number,
    spectrum: number,
    mel: number,
    residual: number,
    masks: number,
    gains: number,
    gainSlopes: number,
    stride: number,
    change: number,
    limit: number,
    sharpness: number,
    outerLimit: number,
  ): void;
  approach(
    transform: number,
    bank: number,
    groups: number,
    signal: number,
    spectrum: number,
    mel: number,
    masks: number,
    target: number,
    limit: number,
    exponent: number,
    from: number,
    to: number,
  ): void;
  melDistance(
    transform: number,
    bank: number,
    groups: number,
    signal: number,
    spectrum: number,
    mel: number,
    distances: number,
  ): void;
}

function kernelBytes(): Uint8Array<ArrayBuffer> {
  const text = atob(kernelWasm);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** A function whose answer is kept: compiled once for all kernels of a thread. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Whether this machine and JavaScript engine have WebAssembly SIMD. */
export const hasKernel = once(
  () => typeof WebAssembly !== "undefined" && WebAssembly.validate(kernelBytes()),
);

const compiledKernel = once(() => WebAssembly.compile(kernelBytes()));

/** An instance of the kernel with memory of its own. */
export class Kernel {
  readonly functions: KernelFunctions;
  readonly #memory: WebAssembly.Memory;
  #end = FIRST_BLOCK;

  private constructor(exports: WebAssembly.Exports) {
    this.functions = exports as unknown as KernelFunctions;
    this.#memory = exports["memory"] as WebAssembly.Memory;
  }

  static async create(): Promise<Kernel> {
    return new Kernel((await WebAssembly.instantiate(await compiledKernel())).exports);
  }

  /** A new block of `count` values of 4 bytes, not cleared. @returns its pointer */
  allocate(count: number): number {
    const pointer = this.#end;
    this.#end = pointer + Math.ceil((count * BYTES) / ALIGNMENT) * ALIGNMENT;
    const missing = this.#end - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE));
    return pointer;
  }

  /** A new block with these values. */
  place(values: Float32Array | Int32Array): number {
    const pointer = this.allocate(values.length);
    const target = values instanceof Int32Array ? this.integers(pointer, values.length) : undefined;
    if (target) target.set(values);
    else this.floats(pointer, values.length).set(values);
    return pointer;
  }

  /** Where the next block will begin. */
  get mark(): number {
    return this.#end;
  }

  /** Frees all blocks since a mark. */
  release(mark: number): void {
    this.#end = mark;
  }

  /** A view, valid until the next allocation. */
  floats(pointer: number, count: number): Float32Array {
    return new Float32Array(this.#memory.buffer, pointer, count);
  }

  /** A view, valid until the next allocation. */
  integers(pointer: number, count: number): Int32Array {
    return new Int32Array(this.#memory.buffer, pointer, count);
  }
}

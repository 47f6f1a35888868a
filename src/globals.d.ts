// The globals of the web's standards that the core uses: Node 20 and every browser have them. The core is compiled
// without the types of Node and of the DOM, so what is not named here does not compile there.

declare class TextDecoder {
  constructor(encoding?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array): string;
}

declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}

declare class URL {
  constructor(address: string, base?: string | URL);
  readonly href: string;
  readonly pathname: string;
}

interface ImportMeta {
  readonly url: string;
}

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

declare const performance: { now(): number };

declare function atob(base64: string): string;
declare function btoa(bytes: string): string;
declare function setTimeout(task: (value?: undefined) => void, milliseconds?: number): unknown;
declare function clearTimeout(timer: unknown): void;

declare namespace WebAssembly {
  type Exports = Readonly<Record<string, unknown>>;
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
  }
  class Instance {
    constructor(module: Module);
    readonly exports: Exports;
  }
  class Memory {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  function validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
  function instantiate(module: Module): Promise<Instance>;
  function instantiate(bytes: Uint8Array<ArrayBuffer>): Promise<{ instance: Instance }>;
}

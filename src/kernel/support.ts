// Which mask-nets and mel formats the kernel can do.
import { InputError } from "../errors.js";
import type { MelFormat } from "../mel/format.js";
import type { MaskNetConfig } from "../models/mask-net/shape.js";
import { melBandRows } from "../mel/bank.js";
import { hasKernel } from "./kernel.js";
import { binSpreads } from "./constants.js";

/** The kernel cannot do a network's transforms. */
export class SignalPathError extends InputError {
  constructor(readonly fault: string) {
    super(
      `The fast signal path cannot do this network: ${fault}. The network as a graph can: use the graph engine's denoiser.`,
    );
  }
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(value) && value > 0 && (value & (value - 1)) === 0;
}

/** Why the kernel cannot do an MDCT; undefined if it can. */
export function mdctFault(hopLength: number): string | undefined {
  if (!isPowerOfTwo(hopLength) || hopLength < 16) {
    return `its hop is ${hopLength}, not a power of two from 16 upwards`;
  }
  return hasKernel() ? undefined : "this JavaScript engine has no WebAssembly SIMD";
}

/** Why the kernel cannot do a mel format; undefined if it can. */
export function melFormatFault(format: MelFormat): string | undefined {
  const { hopLength, fftSize, bands } = format;
  const fault = mdctFault(hopLength);
  if (fault !== undefined) return fault;
  if (fftSize !== 4 * hopLength)
    return `its mel's FFT length is ${fftSize}, not 4 times the hop of ${hopLength}`;
  if (bands % 4 !== 0) return `its mel has ${bands} bands, not a multiple of 4`;
  if (!binSpreads(melBandRows(format), fftSize / 2 + 1)) {
    return "its mel bank has bins in more than two neighbouring bands";
  }
  return undefined;
}

/** Why the kernel cannot do a network with a mel format; undefined if it can. */
export function signalPathFault({ windowLengths }: MaskNetConfig, format: MelFormat): string | undefined {
  const fault = melFormatFault(format);
  if (fault !== undefined) return fault;
  const [first] = windowLengths;
  if (first !== format.fftSize) {
    return `its first window is ${first}, not its mel's FFT length of ${format.fftSize}`;
  }
  const odd = windowLengths.find((length) => !isPowerOfTwo(length) || length < 16 || length > first);
  return odd === undefined ? undefined : `its window ${odd} is not a power of two from 16 to ${first}`;
}

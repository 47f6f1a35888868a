// The denoisers that vocode knows, a line each.
import { InputError } from "../errors.js";
import type { Architecture } from "./architecture.js";
import { maskNet } from "./mask-net/architecture.js";
import { waveGrad } from "./wavegrad/architecture.js";

const architectures = new Map<string, Architecture>(
  [
    // the first is the default
    maskNet,
    waveGrad,
  ].map((each: Architecture) => [each.kind, each]),
);

/** A denoiser was named that vocode does not know. */
export class UnknownDenoiserError extends InputError {
  constructor(readonly kind: unknown) {
    super(`There is no denoiser ${JSON.stringify(kind)}. There are: ${denoiserKinds().join(", ")}.`);
  }
}

/**
 * Makes a denoiser known by its kind. A thread knows the denoisers of the list above only, which it asks for their kernel.
 *
 * @throws Error for a kind that is taken
 */
export function register(architecture: Architecture): void {
  const { kind } = architecture;
  if (architectures.has(kind)) throw new Error(`There is a denoiser '${kind}' already.`);
  architectures.set(kind, architecture);
}

/** The kinds of all known denoisers; the first is the default. */
export function denoiserKinds(): string[] {
  return [...architectures.keys()];
}

/** All known denoisers. */
export function allArchitectures(): Architecture[] {
  return [...architectures.values()];
}

/** The denoiser of a kind; undefined for an unknown one. */
export function findArchitecture(kind: unknown): Architecture | undefined {
  return typeof kind === "string" ? architectures.get(kind) : undefined;
}

/**
 * The denoiser of a kind.
 *
 * @throws UnknownDenoiserError
 */
export function architectureOf(kind: unknown): Architecture {
  const found = findArchitecture(kind);
  if (!found) throw new UnknownDenoiserError(kind);
  return found;
}

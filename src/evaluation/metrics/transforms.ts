// The Fourier transforms that the metrics share, made once: each is used synchronously by one metric at a time.
import { RealFft } from "../../synthesis/real-fft.js";

/** Sizes that the metrics ask for: short-time spectra, autocorrelations, pitch. */
const SIZES = [512, 1024, 2048] as const;

/** A size for which there is a transform. */
export type TransformSize = (typeof SIZES)[number];

/** Real transforms of several sizes. */
export class Transforms {
  readonly #bySize: ReadonlyMap<TransformSize, RealFft>;

  private constructor(bySize: ReadonlyMap<TransformSize, RealFft>) {
    this.#bySize = bySize;
  }

  /** Compiles the transforms, some milliseconds each. */
  static async create(): Promise<Transforms> {
    const made = SIZES.map(async (size) => [size, await RealFft.create(size)] as const);
    return new Transforms(new Map(await Promise.all(made)));
  }

  /** The transform of a size; whatever its arrays hold is the last user's. */
  of(size: TransformSize): RealFft {
    return this.#bySize.get(size)!;
  }

  /** Frees the transforms' memory. */
  dispose(): void {
    for (const transform of this.#bySize.values()) transform.dispose();
  }
}

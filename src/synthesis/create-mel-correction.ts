// Mel corrections for a format: in WebAssembly where the kernel knows its transform, frame by frame elsewhere.
import type { MelFormat } from "../audio/mel-format/mel-format.js";
import { FrameCorrection } from "./frame-correction.js";
import type { MelCorrection } from "./mel-correction.js";
import { KernelCorrection } from "./signal/kernel-correction.js";

/** Opens corrections towards mels of a format. */
export async function createMelCorrection(format: MelFormat): Promise<MelCorrection> {
  return KernelCorrection.isSupported(format)
    ? KernelCorrection.create(format)
    : FrameCorrection.create(format);
}

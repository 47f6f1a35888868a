// Mels as other programs hand them over: the present one in decibels, standardised, of other bands, or with its axes
// exchanged, in a .npy file that says nothing of it.
import { encodeNpyHeader } from "../../src/formats/npy.js";
import { naturalLog } from "../../src/mel/encoding.js";
import type { Mel } from "../../src/mel/format.js";

export const wrongKinds = ["decibels", "standardised", "100 bands", "transposed"] as const;

/** What was done to a mel. */
export type WrongKind = (typeof wrongKinds)[number];

/** The bands of a mel of another format: Vocos and F5-TTS have so many. */
const OTHER_BANDS = 100;

/** The bytes of a .npy file: [frames, bands], or [bands, frames] for the transposed one. */
export function wrongMel(mel: Mel, kind: WrongKind): Uint8Array<ArrayBuffer> {
  const { bands } = mel.format;
  const values = changed[kind](naturalLog(mel), bands);
  const width = kind === "100 bands" ? OTHER_BANDS : bands;
  const header = encodeNpyHeader(kind === "transposed" ? [bands, mel.frames] : [mel.frames, width]);
  const file = new Uint8Array(header.length + values.byteLength);
  file.set(header);
  file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), header.length);
  return file;
}

const changed: Readonly<Record<WrongKind, (values: Float32Array, bands: number) => Float32Array>> = {
  decibels: (values) => values.map((value) => (20 * value) / Math.LN10),
  standardised: (values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const power = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return values.map((value) => (value - mean) / Math.sqrt(power));
  },
  "100 bands": (values, bands) => {
    const frames = values.length / bands;
    return Float32Array.from({ length: frames * OTHER_BANDS }, (_, i) => {
      const band = Math.floor(((i % OTHER_BANDS) * bands) / OTHER_BANDS);
      return values[Math.floor(i / OTHER_BANDS) * bands + band];
    });
  },
  transposed: (values, bands) => {
    const frames = values.length / bands;
    return values.map((_, i) => values[(i % frames) * bands + Math.floor(i / frames)]);
  },
};

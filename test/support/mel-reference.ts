// librosa's log-mels in test/fixtures/mel, which make_mel_reference.py there wrote: <clip>.<format>.npy beside <clip>.wav.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import wavefile from "wavefile";
import { formatFromJson } from "../../src/mel/format-option.js";
import type { MelFormat } from "../../src/mel/format.js";
import { findPreset, presetNames } from "../../src/mel/presets.js";
import { parseNpy } from "../../src/formats/npy.js";

/** The folder of the reference clips and values. */
export const melFixtures = fileURLToPath(new URL("../fixtures/mel/", import.meta.url));

/** One clip in one format. */
export interface MelReference {
  readonly clip: string;
  readonly formatName: string;
}

/** Every clip and format of which there are reference values. */
export function melReferences(): MelReference[] {
  return readdirSync(melFixtures).flatMap((name) => {
    const [, clip, formatName] = /^(\w+)\.([\w-]+)\.npy$/.exec(name) ?? [];
    return clip === undefined || clip === "bank" ? [] : [{ clip, formatName }];
  });
}

/** The formats by name that the JSON files state which the Python script reads. */
export function statedFormats(): Map<string, MelFormat> {
  const files = ["presets.json", "custom-formats.json"];
  const entries = files.flatMap((name) => {
    return Object.entries(JSON.parse(readFileSync(melFixtures + name, "utf8")) as Record<string, object>);
  });
  return new Map(entries.map(([name, fields]) => [name, formatFromJson({ ...fields })]));
}

/** The formats of all references by name: the stated ones, and the presets of model-formats.json. */
export function referenceFormats(): Map<string, MelFormat> {
  const presets = presetNames().map((name): [string, MelFormat] => [name, findPreset(name)]);
  return new Map([...presets, ...statedFormats()]);
}

/** A clip's samples, in −1…1. */
export function clipSamples(clip: string): Float32Array {
  const wav = new wavefile.WaveFile(readFileSync(`${melFixtures}${clip}.wav`));
  return Float32Array.from(wav.getSamples(false, Int16Array), (sample) => sample / 32768);
}

/** Values that librosa computed, [rows, columns]; mels are [bands, frames]. */
export function referenceValues(name: string): {
  rows: number;
  columns: number;
  at: (row: number, column: number) => number;
} {
  const { shape, data } = parseNpy(readFileSync(`${melFixtures}${name}.npy`));
  const [rows, columns] = shape;
  return { rows, columns, at: (row, column) => data[row * columns + column] };
}

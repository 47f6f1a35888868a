// Voices by name, path or address: those that come with vocode, and which of them speaks a mel's format.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfig } from "../../checkpoint/checkpoint.js";
import { InputError } from "../../errors.js";
import { bestTaker } from "../../mel/conversion.js";
import type { MelFormat } from "../../mel/format.js";
import { addressInPackage, isAddress, isFile, isFolder, nodeFiles } from "./read-files.js";
import type { DownloadOptions } from "./remote-checkpoints.js";

/** The voice that speaks where none is named and the mel does not say what it is. */
const DEFAULT_VOICE = "speech-22k";
const folder = fileURLToPath(addressInPackage("../checkpoints", "checkpoints"));

/** The folder of the voice that comes with vocode; in a bundle, one beside it. */
export const shippedCheckpoint = join(folder, DEFAULT_VOICE);

/** A voice that comes with vocode. */
export interface ShippedVoice {
  readonly name: string;
  /** Its checkpoint's folder. */
  readonly folder: string;
  /** Of the mels that it speaks. */
  readonly format: MelFormat;
}

/** There is no checkpoint in a place, and no voice of its name comes with vocode. */
export class UnknownVoiceError extends InputError {
  constructor(
    readonly place: string,
    readonly known: readonly string[],
  ) {
    super(
      `There is no folder '${place}', and no voice of that name comes with vocode. Name a checkpoint's folder or address, or ` +
        `${known.length > 1 ? "one of " : ""}${known.length > 0 ? known.join(", ") : "install vocode again"}.`,
    );
  }
}

/** Names of the voices that come with vocode, the default one first. */
async function shippedNames(): Promise<string[]> {
  const names: string[] = [];
  for (const name of await readdir(folder).catch(() => []))
    if (await isFile(join(folder, name, "config.json"))) names.push(name);
  return names.sort((a, b) => Number(b === DEFAULT_VOICE) - Number(a === DEFAULT_VOICE) || (a < b ? -1 : 1));
}

/**
 * The voices that come with vocode, the default one first.
 *
 * @throws FileError, CheckpointError where the installation is damaged
 */
export async function shippedVoices(): Promise<ShippedVoice[]> {
  return Promise.all(
    (await shippedNames()).map(async (name) => {
      const place = join(folder, name);
      return { name, folder: place, format: (await readConfig(place, nodeFiles)).mel };
    }),
  );
}

/**
 * The voice for mels of a format: the one that takes them best, else the default one.
 *
 * @param voices those that come with vocode
 */
export function voiceFor(format: MelFormat, voices: readonly ShippedVoice[]): ShippedVoice | undefined {
  return bestTaker(format, voices) ?? voices.at(0);
}

/**
 * The folder of a checkpoint.
 *
 * @param place a folder; the name of a voice that comes with vocode, where there is no checkpoint of that name; or an
 *   address, whose files are fetched, or what of them has changed
 * @throws UnknownVoiceError for a name that is neither; DownloadError, FileError
 */
export async function localCheckpoint(place: string, options?: DownloadOptions): Promise<string> {
  if (isAddress(place)) {
    const { fetchCheckpoint } = await import("./remote-checkpoints.js");
    return fetchCheckpoint(place, options);
  }
  const shipped = await shippedFolder(place);
  if (shipped !== undefined) return shipped;
  // what is there and no checkpoint gets its own sentence where it is opened
  if (!A_NAME.test(place) || (await isFolder(place)) || (await isFile(place))) return place;
  throw new UnknownVoiceError(place, await shippedNames());
}

/** What is no path. */
const A_NAME = /^\w[\w.-]*$/;

/**
 * The folder of the voice that a place names of those that come with vocode; undefined where it names none, or a
 * checkpoint lies in it.
 */
export async function shippedFolder(place: string): Promise<string | undefined> {
  if (!A_NAME.test(place) || (await isFile(join(place, "config.json")))) return undefined;
  return (await shippedNames()).includes(place) ? join(folder, place) : undefined;
}

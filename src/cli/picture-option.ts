// --picture: the option of every command that can draw what it made.
import type { Figure } from "../evaluation/plots/figure.js";
import { pictureFormat } from "../evaluation/plots/picture-format.js";
import { requireTarget } from "../files/require-target.js";
import { writeAtomically } from "../files/write-atomically.js";
import { printNote, type OutputOptions } from "./output.js";

/** What `--picture <file>` adds to a command's options. */
export interface PictureOptions extends OutputOptions {
  readonly picture?: string;
}

/**
 * Checks before the work that a picture can be written where the option says; without the option nothing is checked.
 *
 * @throws PictureExtensionError, FileError
 */
export async function requirePicture({ picture: path }: PictureOptions): Promise<void> {
  if (path === undefined) return;
  pictureFormat(path);
  await requireTarget(path);
}

/**
 * Writes the picture, with a note, where the option asks for one.
 *
 * @param draw makes the figure; it imports what draws, which takes a while to load, so that only a picture waits for it
 * @throws FileError
 */
export async function writePicture(options: PictureOptions, draw: () => Promise<Figure>): Promise<void> {
  const path = options.picture;
  if (path === undefined) return;
  const { encodeFigure } = await import("../evaluation/plots/figure.js");
  await writeAtomically(path, await encodeFigure(await draw(), path));
  printNote(options, `Wrote ${path}`);
}

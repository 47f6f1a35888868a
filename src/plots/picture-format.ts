// What kind of picture a file name asks for. It loads no drawing library, so that a wrong name is refused at once.
import { InputError } from "../errors.js";

/** The name of a picture ends in nothing that can be drawn. */
export class PictureExtensionError extends InputError {
  constructor(readonly path: string) {
    super(`A picture is written as .png or .svg, and '${path}' ends in neither. Rename it.`);
  }
}

/**
 * The format that a picture's name asks for.
 *
 * @throws PictureExtensionError
 */
export function pictureFormat(path: string): "png" | "svg" {
  const extension = /[^/]\.(png|svg)$/i.exec(path)?.[1].toLowerCase();
  if (extension !== "png" && extension !== "svg") throw new PictureExtensionError(path);
  return extension;
}

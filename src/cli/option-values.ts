// Numbers as options take them: refused at once, with the range, when they are none.
import { InvalidArgumentError } from "commander";
import type { Figure } from "../plots/figure.js";
import { requireTarget, writeAtomically } from "../host/node/write-files.js";
import { type OutputOptions, printNote } from "./output.js";

// --picture: the option of every command that can draw what it made.

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
  const { pictureFormat } = await import("../plots/picture-format.js");
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
  const { encodeFigure } = await import("../plots/figure-file.js");
  await writeAtomically(path, await encodeFigure(await draw(), path));
  printNote(options, `Wrote ${path}`);
}

// Options that take several values separated by commas, such as --steps 6,12,25.

/** A parser for a list whose entries `parse` takes one by one; each may stand in it once. */
export function listOf<T>(parse: (text: string) => T): (text: string) => T[] {
  return (text) => {
    const values = text.split(",").map((entry) => parse(entry.trim()));
    const twice = values.find((value, i) => values.indexOf(value) !== i);
    if (twice !== undefined) throw new InvalidArgumentError(`${String(twice)} stands in it twice.`);
    return values;
  };
}

/** A parser for one of a few words. */
export function oneOf<T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new InvalidArgumentError(`'${text}' is none of ${words.join(", ")}.`);
    return found;
  };
}

/** A parser for an option that takes any finite number. */
export function anyNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("Give a number.");
  return value;
}

/** A parser for an option that takes a whole number from `low` to `high`. */
export function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < low || value > high) {
      throw new InvalidArgumentError(`Give a whole number from ${low} to ${high}.`);
    }
    return value;
  };
}

/** One part of a list that several processes share: entries `index`, `index + count`, `index + 2 count`, … */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/** A parser for a shard such as 0/4. */
export function shardOf(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || count < 1)
    throw new InvalidArgumentError("Write it as i/n, such as 0/4 for the first of four.");
  if (index >= count)
    throw new InvalidArgumentError(
      `Shards are counted from 0: the last of ${count} is ${count - 1}/${count}.`,
    );
  return { index, count };
}

// Options that take several values separated by commas, such as --steps 6,12,25.
import { InvalidArgumentError } from "commander";

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

// Fields of a config.json, which is not trusted: each is checked, and what is wrong with it is named.
import { CheckpointError } from "./errors.js";

/** The largest width or length that a network's shape may name. */
const LARGEST_COUNT = 65_536;
/** The longest list of a network's shape. */
const LONGEST_LIST = 64;

/** @param what it is, for the message: "'denoiser'" */
export function objectOf(value: unknown, path: string, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new CheckpointError(path, `has no object where ${what} should be one`);
}

/** A whole number of something, at least 1 unless given. */
export function count(value: unknown, path: string, name: string, least = 1): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= LARGEST_COUNT) {
    return value;
  }
  throw new CheckpointError(
    path,
    `has ${JSON.stringify(value)} for '${name}', which should be a whole number`,
  );
}

/** A list of whole numbers, of any length up to 64 unless given. */
export function counts(value: unknown, path: string, name: string, length?: number): number[] {
  if (!Array.isArray(value) || value.length > LONGEST_LIST) {
    throw new CheckpointError(path, `has no list of whole numbers for '${name}'`);
  }
  if (length !== undefined && value.length !== length) {
    throw new CheckpointError(path, `has ${value.length} numbers for '${name}', which should be ${length}`);
  }
  return value.map((each) => count(each, path, name));
}

/** A list of finite numbers. */
export function numbers(value: unknown, path: string, name: string): number[] {
  if (Array.isArray(value) && value.every((each) => typeof each === "number" && Number.isFinite(each))) {
    return value as number[];
  }
  throw new CheckpointError(path, `has no list of numbers for '${name}'`);
}

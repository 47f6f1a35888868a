// What people and programs write as JSON is not trusted: schemas (valibot) read it, and what is wrong is said as a
// phrase that names the field, its value and what it should be.
import * as v from "valibot";

/** Stands in a message where the field's name goes. */
const PLACE = "{place}";

/** Reads an unknown value as a `T`. */
export type Schema<T> = v.GenericSchema<unknown, T>;

/** A message: a field has a value and should have another. @param wanted in words, after "which should be" */
export function shouldBe(given: unknown, wanted: string): string {
  return `has ${JSON.stringify(given)} for ${PLACE}, which should be ${wanted}`;
}

/** A value that a test accepts. @param wanted in words, after "which should be" */
export function value<T>(accepts: (value: unknown) => boolean, wanted: string): Schema<T> {
  return v.custom<T>(accepts, ({ input }) => shouldBe(input, wanted));
}

/** The largest width or length that a network's shape may name. */
const LARGEST_COUNT = 65_536;
/** The longest list of a network's shape. */
const LONGEST_LIST = 64;

function isCount(given: unknown, least: number): boolean {
  return typeof given === "number" && Number.isInteger(given) && given >= least && given <= LARGEST_COUNT;
}

/** A whole number of something, from 1 up to 65,536 unless given. */
export function count(least = 1): Schema<number> {
  return value((given) => isCount(given, least), "a whole number");
}

/** Up to 64 whole numbers from 1 on; exactly `length` of them where that is given. */
export function counts(length?: number): Schema<number[]> {
  return v.pipe(
    v.custom<number[]>(
      (given) => Array.isArray(given) && given.length <= LONGEST_LIST,
      `has no list of whole numbers for ${PLACE}`,
    ),
    v.check(
      (given) => length === undefined || given.length === length,
      ({ input }) => `has ${input.length} numbers for ${PLACE}, which should be ${length ?? ""}`,
    ),
    v.check(
      (given) => given.every((each) => isCount(each, 1)),
      ({ input }) =>
        shouldBe(
          input.find((each) => !isCount(each, 1)),
          "a whole number",
        ),
    ),
  );
}

/** A list of finite numbers. */
export function numbers(): Schema<number[]> {
  return v.custom<number[]>(
    (given) => Array.isArray(given) && given.every((each) => Number.isFinite(each)),
    `has no list of numbers for ${PLACE}`,
  );
}

/** An object with any fields. @param place in place of its own name, for messages */
export function object(place = PLACE): Schema<Record<string, unknown>> {
  return v.custom<Record<string, unknown>>(
    (given) => typeof given === "object" && given !== null && !Array.isArray(given),
    `has no object where ${place} should be one`,
  );
}

/** An object whose fields are all of one kind. */
export function record<T>(each: Schema<T>): Schema<Record<string, T>> {
  return v.pipe(object(), v.record(v.string(), each));
}

/**
 * An object with these fields; others are left out. A field that is missing is refused by its own schema, as undefined,
 * unless it is an `exactOptional` one.
 *
 * @param place in place of its own name, for messages
 */
export function fields<Entries extends v.ObjectEntries>(
  entries: Entries,
  place?: string,
): Schema<v.InferOutput<v.ObjectSchema<Entries, undefined>>> {
  const required = Object.keys(entries).filter((name) => entries[name].type !== "exact_optional");
  const nothing = Object.fromEntries(required.map((name) => [name, undefined]));
  return v.pipe(
    object(place),
    v.transform((given) => ({ ...nothing, ...given })),
    v.object(entries),
  );
}

/**
 * Reads a value.
 *
 * @param whole what the value is called where it is itself at fault: "it", "'denoiser.shape'"
 * @param refusal the error for a fault, which is a phrase such as "has 0 for 'channels', which should be a whole number"
 */
export function parseFields<T>(
  schema: Schema<T>,
  given: unknown,
  whole: string,
  refusal: (fault: string) => Error,
): T {
  const result = v.safeParse(schema, given, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw refusal(issue.message.replace(PLACE, path === null ? whole : `'${path}'`));
}

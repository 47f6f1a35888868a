// Schedules as JSON text: an object with exactly one list, in the notation that its key names, for instance
//   {"name": "mine", "source": "tuned by ear", "betas": [0.0001, 0.01, 0.5]}
//   {"logSnrs": [-6, -2, 2, 6]}
// Betas run from data to noise, as papers print them; the levels logSnrs, alphaBars, sqrtAlphaBars from noise to data.
import * as v from "valibot";
import {
  buildSchedule,
  type NoiseSchedule,
  ScheduleError,
  type ScheduleNotation,
} from "../diffusion/schedules/build-schedule.js";
import { parseFields, parseJson, PLACE, type Refusal } from "./json-fields.js";

const NOTATIONS = ["betas", "logSnrs", "alphaBars", "sqrtAlphaBars"] as const satisfies ScheduleNotation[];
const KEYS = ["name", "source", ...NOTATIONS] as const;

const label = v.exactOptional(
  v.string(({ input }) => `needs a text as ${PLACE}, not ${JSON.stringify(input)}`),
);
/** Its entries are checked with the schedule. */
const list = v.exactOptional(
  v.pipe(
    v.unknown(),
    v.check(
      Array.isArray,
      ({ input }) => `needs a list of numbers as ${PLACE}, not ${JSON.stringify(input)}`,
    ),
    v.transform((given) => given as unknown[]),
  ),
);

const scheduleSchema = v.pipe(
  v.custom<Record<string, unknown>>(
    (given) => typeof given === "object" && given !== null && !Array.isArray(given),
    'has to be an object with one list, such as {"betas": [0.0001, 0.01, 0.5]}',
  ),
  v.strictObject(
    { name: label, source: label, betas: list, logSnrs: list, alphaBars: list, sqrtAlphaBars: list },
    ({ input }) => `has the unknown key '${String(input)}'. It may have: ${KEYS.join(", ")}`,
  ),
  v.check(
    (given) => listsOf(given).length === 1,
    ({ input }) => {
      const found = listsOf(input);
      const phrase = found.length === 0 ? "has none" : `has ${found.join(" and ")}`;
      return `needs exactly one of the lists ${NOTATIONS.join(", ")}, and ${phrase}`;
    },
  ),
);

function listsOf(given: Partial<Record<ScheduleNotation, unknown>>): ScheduleNotation[] {
  return NOTATIONS.filter((notation) => given[notation] !== undefined);
}

/**
 * Parses a schedule.
 *
 * @param text the JSON text
 * @param origin where the text comes from, e.g. the file name: named in errors, and the schedule's name and source
 *   where the text gives none
 * @throws ScheduleError that says what is wrong, and in which entry
 */
export function parseScheduleJson(text: string, origin: string): NoiseSchedule {
  const refusal: Refusal = (fault) => new ScheduleError(`The schedule in '${origin}' ${fault}.`);
  const given = parseFields(scheduleSchema, parseJson(text, refusal), "it", refusal);
  const { name = origin, source = `the file ${origin}` } = given;
  const [notation] = listsOf(given);
  return buildSchedule({ name, source }, notation, given[notation] ?? []);
}

// Schedules as JSON text: an object with exactly one list, in the notation that its key names, for instance
//   {"name": "mine", "source": "tuned by ear", "betas": [0.0001, 0.01, 0.5]}
//   {"logSnrs": [-6, -2, 2, 6]}
// Betas run from data to noise, as papers print them; the levels logSnrs, alphaBars, sqrtAlphaBars from noise to data.
import type { NoiseSchedule } from "../noise-schedule.js";
import { buildSchedule, ScheduleError, type ScheduleNotation } from "./build-schedule.js";

const NOTATIONS = ["betas", "logSnrs", "alphaBars", "sqrtAlphaBars"] as const satisfies ScheduleNotation[];
const KEYS = ["name", "source", ...NOTATIONS] as const;

/**
 * Parses a schedule.
 *
 * @param text the JSON text
 * @param origin where the text comes from, e.g. the file name: named in errors, and the schedule's name and source
 *   where the text gives none
 * @throws ScheduleError that says what is wrong, and in which entry
 */
export function parseScheduleJson(text: string, origin: string): NoiseSchedule {
  const fail = (problem: string): never => {
    throw new ScheduleError(`The schedule in '${origin}' ${problem}`);
  };
  let content: unknown;
  try {
    // some editors begin a file with a byte order mark, which JSON does not know
    content = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    return fail(`is not JSON: ${(error as Error).message}.`);
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    return fail(`has to be an object with one list, such as {"betas": [0.0001, 0.01, 0.5]}.`);
  }
  const fields = content as Record<string, unknown>;
  const unknown = Object.keys(fields).find((key) => !KEYS.some((known) => known === key));
  if (unknown !== undefined) fail(`has the unknown key '${unknown}'. It may have: ${KEYS.join(", ")}.`);
  for (const key of ["name", "source"] as const) {
    if (fields[key] !== undefined && typeof fields[key] !== "string") fail(`needs a text as '${key}'.`);
  }
  const given = NOTATIONS.filter((key) => fields[key] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? "has none" : `has ${given.join(" and ")}`;
    return fail(`needs exactly one of the lists ${NOTATIONS.join(", ")}, and ${found}.`);
  }
  const [notation] = given;
  const values = fields[notation];
  if (!Array.isArray(values)) return fail(`needs a list of numbers as '${notation}'.`);
  const name = (fields["name"] as string | undefined) ?? origin;
  const source = (fields["source"] as string | undefined) ?? `the file ${origin}`;
  return buildSchedule({ name, source }, notation, values);
}

// A noise schedule as the command line takes it: a name, or a JSON file that holds one.
import { readFile } from "node:fs/promises";
import type { NoiseSchedule } from "../diffusion/noise-schedule.js";
import { scheduleByName } from "../diffusion/schedules/named-schedules.js";
import { parseScheduleJson } from "../diffusion/schedules/schedule-json.js";
import { describeSystemError } from "../files/system-error.js";

/** What the argument may be, for the help of each command that takes one. */
export const SCHEDULE_ARGUMENT =
  "a schedule: its name (vocode schedule lists them), NAME:M for M of its levels, or a .json file";

/**
 * Reads the schedule that an argument names.
 *
 * @throws ScheduleError for an unknown name or a wrong entry, FileError for a file that cannot be read
 */
export async function readSchedule(argument: string): Promise<NoiseSchedule> {
  if (!argument.toLowerCase().endsWith(".json")) return scheduleByName(argument);
  let text: string;
  try {
    text = await readFile(argument, "utf8");
  } catch (error) {
    throw describeSystemError(error, argument);
  }
  return parseScheduleJson(text, argument);
}

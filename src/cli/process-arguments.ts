// A noise schedule as the command line takes it: a name, or a JSON file that holds one.
import { readFile } from "node:fs/promises";
import type { NoiseSchedule } from "../diffusion/schedules/build-schedule.js";
import { scheduleByName } from "../diffusion/schedules/named-schedules.js";
import { parseScheduleJson } from "../formats/schedule-json.js";
import { describeSystemError } from "../host/node/read-files.js";
import { gaussianMixture, type GaussianMixture, MixtureError } from "../diffusion/toy/gaussian-mixture.js";

// A mixture of Gaussians on the line as the command line takes it: "0.3:-1.2:0.3,0.5:0.4:0.2".

// beyond these, samples in float32 are no longer a picture of the mixture
const LARGEST = 1e6;
const NARROWEST = 1e-6;

/** Three modes of unequal weight and width; mean 0.16, variance 1.08. */
export const DEFAULT_MIXTURE = "0.3:-1.2:0.3,0.5:0.4:0.2,0.2:1.6:0.4";

/**
 * Reads a mixture.
 *
 * @param text its modes, each as weight:mean:deviation, with commas between them; weights need not sum to 1
 * @throws MixtureError that names the mode
 */
export function parseMixture(text: string): GaussianMixture {
  const modes = text.split(",").map((part, index) => {
    const fields = part.split(":");
    const [weight, mean, deviation] = fields.map((field) => (field.trim() === "" ? NaN : Number(field)));
    if (fields.length !== 3 || !Number.isFinite(mean) || !(deviation > 0)) {
      throw new MixtureError(
        `Mode ${index + 1} of the mixture is '${part}'. Write each mode as weight:mean:deviation with a deviation ` +
          `above 0, for instance ${DEFAULT_MIXTURE}`,
        index,
      );
    }
    if (Math.abs(mean) > LARGEST || deviation > LARGEST || deviation < NARROWEST) {
      throw new MixtureError(
        `Mode ${index + 1} of the mixture is '${part}'; the mean goes from −${LARGEST} to ${LARGEST} and the ` +
          `deviation from ${NARROWEST} to ${LARGEST}. Scale the mixture: the noise has the deviation 1.`,
        index,
      );
    }
    return { weight, mean: [mean], variance: [deviation * deviation] };
  });
  return gaussianMixture(modes);
}

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

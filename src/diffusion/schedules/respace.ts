// Respacing: a denoiser knows every level it was trained on, so a sampler may visit only some of them, in larger steps
// (Song et al. 2021, "Denoising Diffusion Implicit Models", section 4.2; Nichol & Dhariwal 2021, section 4).
import type { NoiseSchedule } from "../noise-schedule.js";
import { checkSteps, ScheduleError, scheduleFromLogSnrs } from "./build-schedule.js";

/**
 * A subsequence of a schedule, evenly spaced over its steps. Both ends are kept, so that a schedule that starts from
 * pure noise still does; a single step is the noise end.
 *
 * @param schedule the long schedule, [N]
 * @param steps how many of its levels to visit, 1 … N
 * @returns the schedule `name:steps`, [steps]
 * @throws ScheduleError for more steps than the schedule has
 */
export function respace(schedule: NoiseSchedule, steps: number): NoiseSchedule {
  const levels = schedule.logSnrs.length;
  checkSteps(steps, `The subsequence of '${schedule.name}'`);
  if (steps > levels) {
    throw new ScheduleError(
      `'${schedule.name}' has ${levels} levels, too few for a subsequence of ${steps}. Ask for at most ${levels}.`,
    );
  }
  const stride = steps > 1 ? (levels - 1) / (steps - 1) : 0;
  const origin = {
    name: `${schedule.name}:${steps}`,
    source: `${steps} of the ${levels} levels of ${schedule.name} (${schedule.source}), evenly spaced as in DDIM`,
  };
  return scheduleFromLogSnrs(
    origin,
    Float64Array.from({ length: steps }, (_, i) => schedule.logSnrs[Math.round(i * stride)]),
  );
}

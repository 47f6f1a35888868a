// Which start a process takes: the harmonic one wherever a checkpoint and a process can have it, and white noise, the
// published start, elsewhere or where it is asked for.
import type { TunedStart } from "../checkpoint/tunings.js";
import { type NoiseSchedule, scheduleFromLogSnrs } from "../diffusion/schedules/build-schedule.js";
import type { SamplerName } from "../diffusion/samplers/plan-for.js";
import { uniformLogSnrs } from "../diffusion/schedules/named-schedules.js";
import { InputError } from "../errors.js";

/** λ₀ of a harmonic start where nobody says another: as much signal as noise. */
export const DEFAULT_START_LEVEL = 0;
/** Where λ₀ may lie: below there is nothing left of the start, and above little to do. */
export const startLevelRange = [-8, 5] as const;
/** λ of the last step. */
const LAST_LEVEL = 6;

/** A start was asked for that does not go with the rest of what was asked for. */
export class StartError extends InputError {
  constructor(
    message: string,
    readonly start: TunedStart,
  ) {
    super(message);
  }
}

/** What decides on a start. */
export interface StartRequest {
  readonly start?: TunedStart | undefined;
  /** λ₀, of a harmonic start. */
  readonly startLevel?: number | undefined;
  readonly sampler: SamplerName;
  readonly schedule?: string | NoiseSchedule | undefined;
  /** The start that the schedule was tuned for, if it was. */
  readonly tunedFor?: TunedStart | undefined;
}

/**
 * The start for a request.
 *
 * @param hasModel whether the checkpoint has an excitation model, and so a spectral prior
 * @throws StartError for a start, or a start level, that cannot be had
 */
export function chosenStart(hasModel: boolean, request: StartRequest): TunedStart {
  const { startLevel, schedule, tunedFor } = request;
  if (startLevel !== undefined) checkStartLevel(startLevel, request);
  const asked = request.start ?? (startLevel === undefined ? tunedFor : "harmonic");
  if (asked === "noise") return "noise";
  const obstacle = harmonicObstacle(hasModel, request);
  if (obstacle !== undefined) {
    if (asked === "harmonic") throw new StartError(obstacle, "harmonic");
    return "noise";
  }
  // levels of one's own say nothing of the start
  return asked ?? (schedule === undefined ? "harmonic" : "noise");
}

function checkStartLevel(startLevel: number, { start, schedule }: StartRequest): void {
  const [lowest, highest] = startLevelRange;
  if (!(startLevel >= lowest && startLevel <= highest)) {
    throw new StartError(
      `The start level λ is ${startLevel}; it lies from ${lowest} to ${highest}, and ${DEFAULT_START_LEVEL} is usual.`,
      "harmonic",
    );
  }
  if (start === "noise") {
    throw new StartError(
      "The start level is that of a harmonic start, and noise is asked for. Leave one of them out.",
      "noise",
    );
  }
  if (schedule !== undefined) {
    throw new StartError(
      "A schedule has its own first level, and a start level is asked for too. Leave one of them out.",
      "harmonic",
    );
  }
}

/** Why a process cannot start harmonically, with the way out; undefined where it can. */
function harmonicObstacle(
  hasModel: boolean,
  { sampler, schedule, tunedFor }: StartRequest,
): string | undefined {
  if (!hasModel) {
    return (
      "This checkpoint has no excitation model, which a harmonic start reads the pitch with. Start from noise, or train " +
      "one with 'vocode train --excitation-steps 1000'."
    );
  }
  if (addsNoise(sampler)) {
    return (
      `${sampler} adds noise in its steps, in which a harmonic start is lost. Take dpmpp-2m, ddim, euler or heun, or ` +
      "start from noise."
    );
  }
  if (typeof schedule === "string" && tunedFor !== "harmonic") {
    return (
      `The schedule '${schedule}' begins at noise, not at a harmonic start. Say the number of steps and the start level ` +
      "in its place, or start from noise."
    );
  }
  return undefined;
}

/** Whether a sampler adds noise in its steps, in which a harmonic start is lost. */
export function addsNoise(sampler: SamplerName): boolean {
  return sampler === "ddpm" || sampler === "langevin";
}

/**
 * The levels of a process with a harmonic start, uniform in λ.
 *
 * @param steps N
 * @param startLevel λ₀
 */
export function harmonicSchedule(steps: number, startLevel = DEFAULT_START_LEVEL): NoiseSchedule {
  const source = `${steps} levels uniform in log-SNR from the start level ${startLevel} to ${LAST_LEVEL}`;
  return scheduleFromLogSnrs(
    { name: `shallow-${steps}`, source },
    uniformLogSnrs(startLevel, LAST_LEVEL, steps),
  );
}

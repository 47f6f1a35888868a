// A checkpoint's inspection in words, for `vocode info`.
import { describeFormat } from "../audio/mel-format/mel-format-text.js";
import type { CheckpointInspection, Sight } from "../checkpoint/checkpoint-inspection.js";

/** Its lines, without the file's name. */
export function describeCheckpoint(found: CheckpointInspection): string[] {
  const { denoiser, weights, receptiveField, multiplyAdds, logSnrRange, schedules } = found;
  const { windowLengths, channels, expanded, dilations, corrections } = denoiser.shape;
  const total = weights.denoiser + weights.encoder + weights.prior;
  const parts = `denoiser ${millions(weights.denoiser)}, encoder ${millions(weights.encoder)}, prior ${millions(weights.prior)}`;
  return [
    `checkpoint, ${denoiser.kind}, ${millions(total)} weights in ${(found.bytes / 1e6).toFixed(1)} MB`,
    `format    ${found.preset ?? "its own"}: ${describeFormat(found.format)}`,
    `network   windows ${windowLengths.join(", ")}; ${dilations.length} blocks of ${channels}/${expanded}; ${corrections} mel corrections`,
    `weights   ${parts}`,
    `sees      ${describeSight(receptiveField.waveform)} of the noisy waveform; its encoder ${describeSight(receptiveField.encoder)} of the mel`,
    `computes  ${billions(multiplyAdds.step)} multiply-adds a second of audio and step, ${billions(multiplyAdds.conditioning)} once before`,
    `levels    log-SNR ${signed(logSnrRange[0])} to ${signed(logSnrRange[1])}${schedules.length > 0 ? `; schedules ${schedules.join(", ")}` : ""}`,
    ...describeTraining(found.training),
  ];
}

function describeSight({ milliseconds, before, after }: Sight): string {
  return `${milliseconds.toFixed(0)} ms (${before} frames before, ${after} after)`;
}

/** What training stores, as far as it is there and what it should be. */
function describeTraining(training: Readonly<Record<string, unknown>>): string[] {
  const { recordings, recordedHours, steps, audioHours, devError } = training;
  const facts = [
    ...(typeof recordings === "number" ? [`${recordings} recordings`] : []),
    ...(typeof recordedHours === "number" ? [`${recordedHours.toFixed(2)} hours of them`] : []),
    ...(typeof steps === "number" ? [`${steps} steps`] : []),
    ...(typeof audioHours === "number" ? [`${audioHours.toFixed(2)} audio-hours seen`] : []),
    ...(hasMean(devError) ? [`ε error ${devError.mean.toFixed(4)}`] : []),
  ];
  return facts.length > 0 ? [`trained   ${facts.join(", ")}`] : [];
}

function hasMean(value: unknown): value is { mean: number } {
  return typeof value === "object" && value !== null && "mean" in value && typeof value.mean === "number";
}

function millions(count: number): string {
  return `${(count / 1e6).toFixed(2)} M`;
}

function billions(count: number): string {
  return `${(count / 1e9).toFixed(3)} G`;
}

function signed(value: number): string {
  return String(value).replace("-", "−");
}

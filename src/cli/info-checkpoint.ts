// A checkpoint's inspection in words, for `vocode info`.
import { describeFormat } from "../audio/mel-format/mel-format-text.js";
import type { CheckpointInspection, Sight } from "../checkpoint/checkpoint-inspection.js";
import type { DenoiserConfig } from "../checkpoint/denoiser-config.js";

/** Its lines, without the file's name. */
export function describeCheckpoint(found: CheckpointInspection): string[] {
  const { denoiser, weights, receptiveField, multiplyAdds, logSnrRange, schedules } = found;
  const total = weights.denoiser + weights.encoder + weights.prior;
  return [
    `checkpoint, ${denoiser.kind}, ${millions(total)} weights in ${(found.bytes / 1e6).toFixed(1)} MB`,
    `format    ${found.preset ?? "its own"}: ${describeFormat(found.format)}`,
    `network   ${describeNetwork(denoiser)}`,
    ...(denoiser.kind === "mask-net"
      ? [
          `weights   denoiser ${millions(weights.denoiser)}, encoder ${millions(weights.encoder)}, prior ${millions(weights.prior)}`,
        ]
      : []),
    `sees      ${describeSight(receptiveField.waveform)} of the noisy waveform; ` +
      `${denoiser.kind === "mask-net" ? "its encoder " : ""}${describeSight(receptiveField.mel)} of the mel`,
    `computes  ${billions(multiplyAdds.step)} multiply-adds a second of audio and step` +
      (multiplyAdds.conditioning > 0 ? `, ${billions(multiplyAdds.conditioning)} once before` : ""),
    `levels    log-SNR ${levelText(logSnrRange[0])} to ${levelText(logSnrRange[1])}${schedules.length > 0 ? `; schedules ${schedules.join(", ")}` : ""}`,
    ...describeTraining(found.training),
  ];
}

function describeNetwork(denoiser: DenoiserConfig): string {
  if (denoiser.kind === "wavegrad") {
    const { melChannels, waveChannels, upsampling, downsamplingChannels } = denoiser.shape;
    const up = upsampling.map(({ factor, channels }) => `×${factor} ${channels}`).join(", ");
    return `mel ${melChannels}, up ${up}; waveform ${waveChannels}, down ${downsamplingChannels.join(", ")} channels`;
  }
  const { windowLengths, channels, expanded, dilations, corrections } = denoiser.shape;
  return `windows ${windowLengths.join(", ")}; ${dilations.length} blocks of ${channels}/${expanded}; ${corrections} mel corrections`;
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

function levelText(value: number): string {
  return String(Math.round(100 * value) / 100).replace("-", "−");
}

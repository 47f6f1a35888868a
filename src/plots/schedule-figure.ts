// A picture of a noise schedule: the signal's share of the power and the log-SNR against the step of the forward
// process, data at the left and noise at the right, as in Nichol & Dhariwal 2021, figure 5.
import * as Plot from "@observablehq/plot";
import type { NoiseSchedule } from "../diffusion/noise-schedule.js";
import { PURE_NOISE_LOG_SNR } from "../diffusion/schedules/build-schedule.js";
import { scheduleSteps } from "../diffusion/schedules/schedule-steps.js";
import { drawFigure, type Figure } from "./figure.js";

// more points than this merge into a line
const MAX_DOTS = 60;
const COLOUR = "#3b528b";

/** ᾱ and λ of each step, one panel each; the dashed line is where pure noise begins. */
export function scheduleFigure(schedule: NoiseSchedule): Figure {
  const steps = scheduleSteps(schedule);
  const x: Plot.ScaleOptions = {
    label: "step t of the forward process, from data to noise →",
    domain: [0.5, steps.length + 0.5],
    ...(steps.length <= 12 ? { ticks: steps.map((step) => step.t) } : {}),
    tickFormat: "d",
  };
  const curve = (y: "alphaBar" | "logSnr"): Plot.Markish[] => [
    Plot.line(steps, { x: "t", y, stroke: COLOUR }),
    ...(steps.length <= MAX_DOTS ? [Plot.dot(steps, { x: "t", y, fill: COLOUR, r: 3 })] : []),
  ];
  const pureNoise = Plot.ruleY([PURE_NOISE_LOG_SNR], { stroke: "#999", strokeDasharray: "4 4" });
  return drawFigure([
    {
      title: `${schedule.name}: the signal's share of the power, ᾱ`,
      options: { x, y: { label: "ᾱ", domain: [0, 1], grid: true }, marks: curve("alphaBar") },
    },
    {
      title: `${schedule.name}: log-SNR λ = ln(ᾱ/(1−ᾱ)); pure noise below the dashed line`,
      options: { x, y: { label: "λ", grid: true, nice: true }, marks: [pureNoise, ...curve("logSnr")] },
    },
  ]);
}

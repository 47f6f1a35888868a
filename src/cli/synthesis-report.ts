// What the main command says of its work: a report for people, and the same as an object for --json.
import { cpus } from "node:os";
import type { SynthesisReport } from "../synthesis/synthesis-report.js";
import type { MadeSpeech } from "./synthesis-run.js";

/** The report of one input, for --json. */
export function reportObject({ input, output, report, written }: MadeSpeech): Record<string, unknown> {
  return { input, output, ...report, ...written, cpu: cpus()[0]?.model ?? "" };
}

/** The report of one input. */
export function reportText({ report, written }: MadeSpeech, loadSeconds: number): string {
  const { audioSeconds, seconds } = report;
  return [
    processText(report),
    `${speedText(audioSeconds, seconds)}; loaded in ${loadSeconds.toFixed(2)} s`,
    `mel within ${report.melDifference.toFixed(3)} of the one given (mean of |ln|); ${levelText(written)}`,
  ].join("\n");
}

/** What was done, in a line. */
export function processText(report: SynthesisReport): string {
  const { steps, sampler, schedule, refine, seed, engine, device, threads, precision } = report;
  return [
    `${steps} ${steps === 1 ? "step" : "steps"} of ${sampler} on ${schedule} from ${startText(report)}`,
    `${refine} mel ${refine === 1 ? "correction" : "corrections"}`,
    `seed ${seed}`,
    `${engine} on ${device}, ${precision}${threads === undefined ? "" : `, ${threads} ${threads === 1 ? "thread" : "threads"}`}`,
  ].join(", ");
}

function startText({ start, startLevel }: SynthesisReport): string {
  if (startLevel === undefined) return start;
  return `a ${start} start at λ ${startLevel.toFixed(1).replace("-", "−")}`;
}

/** How long it took, as people compare it. */
export function speedText(audioSeconds: number, seconds: number): string {
  const audio = `${audioSeconds.toFixed(2)} s of audio in ${seconds.toFixed(2)} s`;
  if (audioSeconds === 0) return audio;
  const factor = seconds / audioSeconds;
  return `${audio}: RTF ${factor.toFixed(3)}, ${(1 / factor).toFixed(1)}× real time`;
}

function levelText({ peak, clippedSamples }: MadeSpeech["written"]): string {
  if (peak === 0) return "silent";
  const level = `peak ${(20 * Math.log10(peak)).toFixed(1).replace("-", "−")} dBFS`;
  if (clippedSamples === 0) return `${level}, nothing clipped`;
  return `${level}; ${clippedSamples} ${clippedSamples === 1 ? "sample" : "samples"} beyond full scale cut off`;
}

// `vocode compare`: one clip against another, by every metric and as a picture of both and what lies between them.
import { basename } from "node:path";
import { Command } from "commander";
import { atOneRate, type ClipSamples } from "../evaluation/clips.js";
import { samplesOf } from "../evaluation/clip-files.js";
import {
  type ClipMetrics,
  measureClip,
  metricDefinitions,
  type MetricName,
  metricNames,
} from "../evaluation/metrics/clip-metrics.js";
import { metricText } from "./evaluate.js";
import { printNote, printResult, table } from "./output.js";
import { type PictureOptions, requirePicture, writePicture } from "./option-values.js";

/** Clips whose lengths differ by less are not worth a word, seconds. */
const LENGTH_TOLERANCE = 0.05;

const units = { "": "", ln: "ln", "ln²": "ln²", dB: "dB", cents: "cents", share: "of frames" } as const;
const directions = { lower: "lower is better", higher: "higher is better", zero: "0 is best" } as const;

/** The command `vocode compare`. */
export function compareCommand(): Command {
  return new Command("compare")
    .argument("<recording>", "a .wav or .flac file")
    .argument("<synthesis>", "what is compared with it")
    .option("--picture <file>", "draw both spectrograms and their difference, as .png or .svg")
    .option("--json", "print JSON")
    .option("--quiet", "no notes on stderr")
    .addHelpText(
      "after",
      `
Examples:
  vocode compare recording.wav copy.wav --picture difference.png
  vocode compare with-6-steps.wav with-25-steps.wav`,
    )
    .action(run);
}

async function run(recording: string, synthesis: string, options: PictureOptions): Promise<void> {
  await requirePicture(options);
  const clips = [await samplesOf(recording), await samplesOf(synthesis)] as const;
  noteDifferences(clips, options);
  const [first, second] = await atOneRate(clips);
  const metrics = await measureClip(first.samples, second.samples, first.sampleRate);
  await writePicture(options, async () => {
    const { drawComparison } = await import("../plots/mel-picture.js");
    const { Transforms } = await import("../evaluation/metrics/spectra.js");
    const titled = (clip: ClipSamples, path: string): ClipSamples & { title: string } => ({
      samples: clip.samples,
      sampleRate: clip.sampleRate,
      title: basename(path),
    });
    const transforms = await Transforms.create();
    return drawComparison(titled(first, recording), titled(second, synthesis), transforms);
  });
  printResult(options, { recording, synthesis, metrics }, () => metricsTable(metrics));
}

/** What is not compared, or not as it is. */
function noteDifferences(
  [first, second]: readonly [ClipSamples, ClipSamples],
  options: PictureOptions,
): void {
  const excess = second.samples.length / second.sampleRate - first.samples.length / first.sampleRate;
  if (Math.abs(excess) > LENGTH_TOLERANCE) {
    const words = `${Math.abs(excess).toFixed(2)} s ${excess > 0 ? "longer" : "shorter"}`;
    printNote(options, `The synthesis is ${words} than the recording: compared is the part that both have.`);
  }
  if (first.sampleRate !== second.sampleRate) {
    const rates = `${first.sampleRate} and ${second.sampleRate} Hz`;
    printNote(options, `The clips have ${rates}: both were resampled to 22050 Hz.`);
  }
}

function metricsTable(metrics: ClipMetrics): string {
  const row = (name: MetricName): string[] => {
    const { title, unit, better } = metricDefinitions[name];
    return [name, metricText(name, metrics[name]), units[unit], title, directions[better]];
  };
  return table([["metric", "value", "unit", "what", "how to read it"], ...metricNames.map(row)]);
}

// An evaluation: clips whose two sides are got one after the other, measured on several threads. A clip that cannot be
// used does not stop the others.
import { InputError } from "../errors.js";
import {
  type MeasureJob,
  measureScript,
  type NamedClip,
  type PairMeasurement,
  readWatched,
  samplesOf,
} from "./clip-files.js";
import { spawnAll } from "../host/node/threads.js";
import { ThreadPool } from "../host/thread-pool.js";
import { type ClipMetrics, type MetricName, metricNames } from "./metrics/clip-metrics.js";
import { smoothedMel, type Smoothing } from "../mel/smoothing.js";
import { melOfRecording, resample, samplesAtRate } from "../audio/resample.js";
import { writeWav } from "../host/node/recordings.js";
import type { SynthesisReport } from "../synthesis/report.js";
import type { SynthesisOptions } from "../synthesis/settings.js";
import type { Vocoder } from "../vocoder.js";
import { dirname, join } from "node:path";
import { makeFolder } from "../host/node/write-files.js";

// Pairs as tools for 16 kHz want them, PESQ among them: two mono 16-bit WAV files of one length and one name.

const EXPORT_RATE = 16_000;

/** The folders in the export's folder that the two sides of all pairs go into. */
const exportFolders = { reference: "recordings", synthesis: "syntheses" } as const;

/**
 * Writes FOLDER/recordings/NAME.wav and FOLDER/syntheses/NAME.wav.
 *
 * @throws FileError where they cannot be written
 */
export async function exportPair(folder: string, name: string, pair: MeasureJob): Promise<void> {
  const sides = ["reference", "synthesis"] as const;
  const signals = await Promise.all(
    sides.map(async (side) => {
      const { samples, sampleRate } = await samplesOf(pair[side]);
      return resample(samples, sampleRate, EXPORT_RATE);
    }),
  );
  const length = Math.min(...signals.map((signal) => signal.length));
  for (const [index, side] of sides.entries()) {
    const path = join(folder, exportFolders[side], `${name}.wav`);
    await makeFolder(dirname(path));
    await writeWav(path, [signals[index].subarray(0, length)], EXPORT_RATE, "16-bit");
  }
}

/** A clip to measure, and how to get its two sides. */
export interface ClipTask {
  readonly name: string;
  /** @throws InputError where the clip cannot be used */
  prepare(): Promise<MeasureJob>;
}

/** A clip that was measured. */
export interface MeasuredClip extends PairMeasurement {
  readonly name: string;
}

/** A clip that could not be used, and why. */
export interface FailedClip {
  readonly name: string;
  readonly error: string;
}

/** Everything that came of an evaluation, in the order of its tasks. */
interface Evaluation {
  readonly clips: readonly MeasuredClip[];
  readonly failures: readonly FailedClip[];
}

/** What an evaluation does besides measuring. */
interface EvaluateOptions {
  /** Threads that measure. */
  readonly threads: number;
  /** Called with each clip that is done, or failed. */
  readonly onClip?: (name: string) => void;
  /** Called with each pair that was measured; what it throws ends the evaluation. */
  readonly onPair?: (name: string, pair: MeasureJob) => Promise<void>;
}

/** Measures all clips. @throws what is not a clip's fault */
export async function evaluateClips(
  tasks: readonly ClipTask[],
  { threads, onClip, onPair }: EvaluateOptions,
): Promise<Evaluation> {
  const started = spawnAll("measure", Math.max(1, Math.min(tasks.length, threads)));
  const pool = new ThreadPool(started, measureScript.tasks);
  const attempt = async (task: ClipTask): Promise<MeasuredClip | FailedClip> => {
    const { name } = task;
    let pair: MeasureJob;
    let measurement: PairMeasurement;
    try {
      pair = await task.prepare();
      measurement = await pool.ask("measure", pair);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      onClip?.(name);
      return { name, error: error.message };
    }
    await onPair?.(name, pair);
    onClip?.(name);
    return { name, ...measurement };
  };
  try {
    const results = await Promise.all(tasks.map(attempt));
    return {
      clips: results.filter((result) => "metrics" in result),
      failures: results.filter((result) => "error" in result),
    };
  } finally {
    await pool.dispose();
  }
}

// Recordings that a vocoder synthesises again from their mels, as clips to evaluate.

/** How recordings are synthesised again. */
export interface CopySynthesis {
  readonly options: SynthesisOptions;
  /** How much their mels are smoothed before; not at all where it is undefined. */
  readonly smoothing?: Pick<Smoothing, "bands" | "frames"> | undefined;
}

/**
 * A task a recording. One is synthesised at a time, since that takes all cores; those made wait for their measurement in
 * memory.
 *
 * @param onReport is told how each synthesis was made
 */
export function synthesisTasks(
  clips: readonly NamedClip[],
  vocoder: Vocoder,
  { options, smoothing }: CopySynthesis,
  onReport: (report: SynthesisReport) => void,
): ClipTask[] {
  let last: Promise<unknown> = Promise.resolve();
  const { format } = vocoder;
  const synthesise = async (path: string): Promise<MeasureJob> => {
    const { recording, remarks } = await readWatched(path);
    const own = await melOfRecording(recording, format);
    const mel = smoothing ? smoothedMel(own, smoothing) : own;
    const { samples, sampleRate, report } = await vocoder.synthesize(mel, options);
    onReport(report);
    return {
      // a mel has whole frames, so the synthesis may end up to one before the recording
      reference: { samples: await samplesAtRate(recording, format.sampleRate), sampleRate },
      synthesis: { samples, sampleRate },
      remarks,
    };
  };
  return clips.map(({ name, path }) => ({
    name,
    prepare: () => {
      const turn = last.then(() => synthesise(path));
      last = turn.catch(() => undefined);
      return turn;
    },
  }));
}

// What an evaluation found, summed up: means, and a table that spreadsheets read.

/** The mean of each metric over the clips that it says something about; NaN where there are none. */
export function meanMetrics(clips: readonly { readonly metrics: ClipMetrics }[]): ClipMetrics {
  const means = metricNames.map((name): [MetricName, number] => {
    const values = clips.map(({ metrics }) => metrics[name]).filter((value) => !Number.isNaN(value));
    return [name, values.reduce((sum, value) => sum + value, 0) / values.length];
  });
  return Object.fromEntries(means) as Record<MetricName, number>;
}

/** The clips as a CSV document, a line each; a value that there is not is left empty. */
export function evaluationCsv(clips: readonly MeasuredClip[]): string {
  const rows = clips.map(({ name, seconds, metrics }) => [
    /[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name,
    seconds.toFixed(3),
    ...metricNames.map((metric) => (Number.isNaN(metrics[metric]) ? "" : String(metrics[metric]))),
  ]);
  return [["clip", "seconds", ...metricNames], ...rows].map((row) => `${row.join(",")}\n`).join("");
}

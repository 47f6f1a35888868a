// A corpus in figures, without preparing it: how much there is, at which rates, levels and pitch, and what is wrong with which
// file. It decodes every recording once, piece by piece, and some beginnings twice.
import type { MelFormat } from "../../audio/mel-format/mel-format.js";
import { openRecording } from "../../audio/recording/open-recording.js";
import { inspectStream, type RecordingInspection } from "../../audio/recording/recording-inspection.js";
import { InputError } from "../../errors.js";
import { heldOutAmong } from "./corpus-plan.js";
import { findSources, type Problem, type Source, type SourceOptions } from "./corpus-sources.js";
import { surveyPitch, type PitchRange } from "./survey-pitch.js";
import { DEFAULT_MINIMUM_FRAMES, unusableReason } from "./unusable-recording.js";

/** What to survey, and for what. */
export interface SurveyOptions extends SourceOptions {
  readonly format: MelFormat;
  /** Shorter recordings are left out; 64 if not said. */
  readonly minimumFrames?: number;
  /** Called behind each recording with its name. */
  readonly onProgress?: (name: string, total: number) => void;
}

/** Where the values of all recordings lie. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** What can be trained on, and what cannot. All but the problems is about usable recordings. */
export interface CorpusSurvey {
  readonly recordings: number;
  readonly seconds: number;
  readonly heldOut: { readonly recordings: number; readonly seconds: number };
  /** How many recordings have each sample rate, in Hz; the most frequent first. */
  readonly sampleRates: readonly { readonly sampleRate: number; readonly recordings: number }[];
  /** How many have more than one channel, which are averaged. */
  readonly notMono: number;
  /** Undefined where no recording is usable. Levels are in dBFS. */
  readonly spreads?: { readonly seconds: Spread; readonly peakDb: Spread; readonly rmsDb: Spread };
  /** Undefined where nothing is voiced. */
  readonly pitch?: PitchRange;
  /** What is left out, and why. */
  readonly problems: readonly Problem[];
  /** What is odd about recordings that are used. */
  readonly remarks: readonly { readonly name: string; readonly remark: string }[];
}

/**
 * Looks at every recording of a corpus.
 *
 * @throws NoRecordingsError, FileError; InputError for lists that name nothing
 */
export async function surveyCorpus(options: SurveyOptions): Promise<CorpusSurvey> {
  const { format, minimumFrames = DEFAULT_MINIMUM_FRAMES, onProgress } = options;
  const { sources, problems: missing } = await findSources(options);
  const problems = [...missing];
  const usable: { source: Source; found: RecordingInspection }[] = [];
  for (const source of sources) {
    const found = await inspect(source);
    const reason = typeof found === "string" ? found : unusableReason(found, format, minimumFrames);
    if (reason !== undefined) problems.push({ name: source.name, reason });
    else if (typeof found !== "string") usable.push({ source, found });
    onProgress?.(source.name, sources.length);
  }
  const heldOut = heldOutAmong(usable.map(({ source }) => source));
  const pitch = await surveyPitch(usable.map(({ source }) => source));
  const seconds = usable.map(({ found }) => found.seconds);
  const heldOutSeconds = usable.flatMap(({ source, found }) => (heldOut.has(source) ? [found.seconds] : []));
  return {
    recordings: usable.length,
    seconds: sum(seconds),
    heldOut: { recordings: heldOut.size, seconds: sum(heldOutSeconds) },
    sampleRates: countRates(usable.map(({ found }) => found.sampleRate)),
    notMono: usable.filter(({ found }) => found.source.channels > 1).length,
    ...(usable.length > 0 && {
      spreads: {
        seconds: spreadOf(seconds),
        peakDb: spreadOf(usable.map(({ found }) => found.peakDb)),
        rmsDb: spreadOf(usable.map(({ found }) => found.rmsDb)),
      },
    }),
    ...(pitch && { pitch }),
    problems: problems.sort((a, b) => (a.name < b.name ? -1 : 1)),
    remarks: usable.flatMap(({ source: { name }, found }) =>
      found.remarks.map((remark) => ({ name, remark })),
    ),
  };
}

/** The figures of a recording, or why there are none. */
async function inspect({ name, path }: Source): Promise<RecordingInspection | string> {
  try {
    const recording = await openRecording(path);
    try {
      return await inspectStream(recording);
    } finally {
      await recording.close();
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message.replaceAll(path, name);
  }
}

function countRates(rates: readonly number[]): CorpusSurvey["sampleRates"] {
  const counts = new Map<number, number>();
  for (const rate of rates) counts.set(rate, (counts.get(rate) ?? 0) + 1);
  return [...counts]
    .map(([sampleRate, recordings]) => ({ sampleRate, recordings }))
    .sort((a, b) => b.recordings - a.recordings || a.sampleRate - b.sampleRate);
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
  return { median, least: sorted[0], most: sorted[sorted.length - 1] };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

// A corpus in figures, without preparing it: how much there is, at which rates, levels and pitch, and what is wrong with which
// file. It decodes every recording once, piece by piece, and some beginnings twice.
import type { MelFormat } from "../../mel/format.js";
import { openRecording } from "../../host/node/recordings.js";
import { inspectStream, type RecordingInspection } from "../../audio/inspection.js";
import { InputError } from "../../errors.js";
import { heldOutAmong } from "./plan.js";
import {
  DEFAULT_MINIMUM_FRAMES,
  findSources,
  type Problem,
  type Source,
  type SourceOptions,
  unusableReason,
} from "./sources.js";
import { transformSize } from "../../audio/pitch-candidates.js";
import { trackPitch } from "../../audio/pitch.js";
import { RealFft } from "../../audio/real-fft.js";

// The range of a corpus's voices, from the beginnings of some recordings spread over it: finding the pitch takes many
// times as long as decoding, and a range does not get better by being found in all of them.

const MOST_RECORDINGS = 40;
const SECONDS_OF_EACH = 8;
const FRAMES_A_SECOND = 100;
/** Shares of the voiced frames below the ends of the range: what lies outside may be a misread frame. */
const LOW_SHARE = 0.05;
const HIGH_SHARE = 0.95;

/** Where the pitch of voiced frames lies, in Hz. */
export interface PitchRange {
  readonly median: number;
  /** A twentieth of the voiced frames is below. */
  readonly low: number;
  /** A twentieth is above. */
  readonly high: number;
  /** In how many recordings it was looked for, and in how much of them. */
  readonly recordings: number;
  readonly seconds: number;
  /** Share of the frames that have a pitch. */
  readonly voiced: number;
}

/**
 * Looks for the pitch of voices in a corpus's recordings.
 *
 * @param sources usable ones
 * @returns undefined where no frame is voiced
 * @throws FileError, RecordingError for what changed since it was found usable
 */
export async function surveyPitch(sources: readonly Source[]): Promise<PitchRange | undefined> {
  const chosen = spreadOver(sources);
  const transforms = new Map<number, RealFft>();
  const voiced: number[] = [];
  let [frames, seconds] = [0, 0];
  try {
    for (const { path } of chosen) {
      const { samples, sampleRate } = await readBeginning(path);
      const size = transformSize(sampleRate);
      const transform = transforms.get(size) ?? (await RealFft.create(size));
      transforms.set(size, transform);
      const hertz = trackPitch(samples, sampleRate, Math.round(sampleRate / FRAMES_A_SECOND), transform);
      frames += hertz.length;
      seconds += samples.length / sampleRate;
      for (const value of hertz) if (value > 0) voiced.push(value);
    }
  } finally {
    for (const transform of transforms.values()) transform.dispose();
  }
  if (voiced.length === 0) return undefined;
  voiced.sort((a, b) => a - b);
  const at = (share: number): number => voiced[Math.round(share * (voiced.length - 1))];
  return {
    median: at(0.5),
    low: at(LOW_SHARE),
    high: at(HIGH_SHARE),
    recordings: chosen.length,
    seconds,
    voiced: voiced.length / frames,
  };
}

/** So many at most, at equal distances: speakers often follow one another by name. */
function spreadOver(sources: readonly Source[]): Source[] {
  const count = Math.min(MOST_RECORDINGS, sources.length);
  return Array.from({ length: count }, (_, i) => sources[Math.floor(((i + 0.5) * sources.length) / count)]);
}

async function readBeginning(path: string): Promise<{ samples: Float32Array; sampleRate: number }> {
  const recording = await openRecording(path);
  try {
    const { sampleRate } = recording;
    const samples = new Float32Array(SECONDS_OF_EACH * sampleRate);
    let length = 0;
    for await (const piece of recording.pieces()) {
      const taken = piece.subarray(0, samples.length - length);
      samples.set(taken, length);
      length += taken.length;
      if (length === samples.length) break;
    }
    return { samples: samples.subarray(0, length), sampleRate };
  } finally {
    await recording.close();
  }
}

/** What to survey, and for what. */
interface SurveyOptions extends SourceOptions {
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
  const { sources, problems: missing, remarks: ofLists } = await findSources(options);
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
    remarks: [
      ...ofLists.map((remark) => ({ name: options.heldOutList ?? "", remark })),
      ...usable.flatMap(({ source: { name }, found }) => found.remarks.map((remark) => ({ name, remark }))),
    ],
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

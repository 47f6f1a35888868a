// Whether an unlabelled mel's values can be what they are taken for. A vocoder fed with the wrong kind answers with noise
// or a robot's voice and no message; here it is an error that says what the values look like and how to convert them.
import { InputError } from "../../errors.js";
import {
  describeEncoding,
  logScales,
  scaleDescriptions,
  type MelEncoding,
} from "../mel-format/mel-encoding.js";
import {
  distanceOf,
  rankLikenesses,
  RESEMBLANCE,
  type LikenessScore,
  type MelLikeness,
} from "./mel-likeness.js";
import type { MelFormat } from "../mel-format/mel-format.js";
import { findNonFinite, measureMel, type MelStatistics, type NonFiniteValues } from "./mel-statistics.js";

/** A mel without a single frame. */
export class EmptyMelError extends InputError {}

/** A mel with values that are no numbers. */
export class NonFiniteMelError extends InputError {
  constructor(
    readonly found: NonFiniteValues,
    /** Values in all. */
    readonly total: number,
  ) {
    super(
      `The mel has ${found.count} ${found.count === 1 ? "value that is no number" : "values that are no numbers"} ` +
        `(of ${total}); the first is ${found.value} in frame ${found.frame}, band ${found.band}. ` +
        "Something before it went wrong, such as a logarithm of 0 or a diverged model: make the mel again.",
    );
  }
}

/** A mel whose values are all the same, and not the silence of what they are taken for. */
export class ConstantMelError extends InputError {
  constructor(
    readonly value: number,
    /** The scale in which this value is silence, if there is one. */
    readonly silenceOf: MelLikeness | undefined,
  ) {
    const hint =
      silenceOf === undefined
        ? "That is no sound; make the mel again."
        : `That is silence in ${describeLikeness(silenceOf)}: say --mel-format ${silenceOf}.`;
    super(`All values of the mel are ${round(value)}. ${hint}`);
  }
}

/** A mel whose values look like another kind than the one they are taken for. */
export class MelMismatchError extends InputError {
  constructor(
    message: string,
    readonly assumed: MelEncoding,
    readonly looksLike: MelLikeness,
    readonly statistics: MelStatistics,
  ) {
    super(message);
  }
}

/** What a mel's values are like. */
export interface MelDiagnosis {
  readonly statistics: MelStatistics;
  /** What they look like, the most likely first; empty where they are all the same. */
  readonly ranking: readonly LikenessScore[];
  /** What is odd about them and was put up with, each a sentence. */
  readonly remarks: readonly string[];
}

// Set on real speech: bench/mel-diagnosis.js counts how often these refuse a correct mel and let a wrong one pass.
const REFUSED_LEAD = 3;
const REFUSED_DISTANCE = 4;
// what resembles nothing is refused too, beyond this distance from what it is taken for
const IMPOSSIBLE = 50;
// a tenth of a second may be one vowel: only what is impossible can be told from it
const FEW_FRAMES = 16;
const REFUSED_LEAD_OF_FEW = 45;

/**
 * Finds what is wrong with an unlabelled mel.
 *
 * @param values [frames, bands] as they were stored
 * @param encoding how the numbers are thought to be written
 * @param format what the magnitudes are thought to be
 * @throws EmptyMelError, NonFiniteMelError, ConstantMelError, MelMismatchError
 */
export function diagnoseMel(values: Float32Array, encoding: MelEncoding, format: MelFormat): MelDiagnosis {
  requireFiniteMel(values, format.bands);
  const statistics = measureMel(values, format.bands);
  if (statistics.minimum === statistics.maximum) {
    requireSilence(statistics.minimum, encoding, format);
    return { statistics, ranking: [], remarks: ["It is silent throughout."] };
  }
  const ranking = rankLikenesses(values, statistics, format);
  const plain = encoding.mean === 0 && encoding.deviation === 1;
  const assumed = plain
    ? (ranking.find(({ likeness }) => likeness === encoding.scale)?.distance ?? Infinity)
    : distanceOf(statistics, encoding, format);
  if (isRefused(assumed, ranking[0].distance, values.length / format.bands < FEW_FRAMES))
    throw mismatch(encoding, ranking[0].likeness, statistics);
  return { statistics, ranking, remarks: [] };
}

function isRefused(assumed: number, best: number, few: boolean): boolean {
  if (few) return assumed - best > REFUSED_LEAD_OF_FEW;
  if (assumed - best <= REFUSED_LEAD || assumed <= REFUSED_DISTANCE) return false;
  // bare tones and other strange sounds are taken at their word
  return best < RESEMBLANCE || assumed > IMPOSSIBLE;
}

/**
 * Checks what every mel has to be, labelled or not.
 *
 * @throws EmptyMelError, NonFiniteMelError
 */
export function requireFiniteMel(values: Float32Array, bands: number): void {
  if (values.length === 0) throw new EmptyMelError("The mel has no frames. Check what wrote it.");
  const found = findNonFinite(values, bands);
  if (found) throw new NonFiniteMelError(found, values.length);
}

/** A likeness in a few words. */
export function describeLikeness(likeness: MelLikeness): string {
  return likeness === "standardised"
    ? "values standardised to mean 0 and deviation 1"
    : scaleDescriptions[likeness];
}

/** What --mel-format has to say for values of a likeness. */
export function optionFor(likeness: MelLikeness): string {
  return likeness === "standardised"
    ? "--mel-format ln,mean=M,std=S with the mean and deviation it was standardised with"
    : `--mel-format ${likeness}`;
}

function requireSilence(value: number, encoding: MelEncoding, format: MelFormat): void {
  const silences = Object.entries(logScales).map(([scale, { slope, offset, range }]) => ({
    scale: scale as keyof typeof logScales,
    value: range?.[0] ?? slope * Math.log(format.floor) + offset,
  }));
  const own =
    encoding.scale === "linear" ? undefined : silences.find(({ scale }) => scale === encoding.scale);
  const stored = value * encoding.deviation + encoding.mean;
  if (own ? Math.abs(stored - own.value) < 0.01 : stored >= 0 && stored <= format.floor * 1.01) return;
  throw new ConstantMelError(value, silences.find((other) => Math.abs(value - other.value) < 0.01)?.scale);
}

function mismatch(assumed: MelEncoding, looksLike: MelLikeness, statistics: MelStatistics): MelMismatchError {
  const { minimum, maximum, mean, standardDeviation } = statistics;
  const option = optionFor(looksLike);
  return new MelMismatchError(
    `The mel's values are taken for ${describeEncoding(assumed)}, and look like ${describeLikeness(looksLike)}: ` +
      `they lie between ${round(minimum)} and ${round(maximum)}, their mean is ${round(mean)}, their standard ` +
      `deviation ${round(standardDeviation)}. If that is so, say ${option}; if not, --trust-mel takes them as they are.`,
    assumed,
    looksLike,
    statistics,
  );
}

function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}

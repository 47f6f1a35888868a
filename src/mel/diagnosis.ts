// Whether an unlabelled mel's values can be what they are taken for. A vocoder fed with the wrong kind answers with noise
// or a robot's voice and no message; here it is an error that says what the values look like and how to convert them.
import { InputError } from "../errors.js";
import {
  describeEncoding,
  encodingOf,
  logScales,
  type MelEncoding,
  scaleDescriptions,
  toNaturalLog,
} from "./encoding.js";
import {
  isBeyondFullScale,
  isOfNoise,
  isOfPower,
  isUpsideDown,
  melEvidence,
  type MelEvidence,
  powerRemark,
  smoothnessRemark,
} from "./evidence.js";
import { isStandardised, likeliestKind, markedKind, strangeMels } from "./strange.js";
import {
  distanceOf,
  findNonFinite,
  type LikenessScore,
  measureMel,
  type MelLikeness,
  type MelStatistics,
  type NonFiniteValues,
  rankLikenesses,
  RESEMBLANCE,
} from "./likeness.js";
import { type MelFormat, MelMismatchError } from "./format.js";
import { type ArrayChoice, parseStoredMel, type StoredMel } from "./container.js";
import { layOutMel, matrixAxes, type MelLayout } from "./layout.js";
import { findPreset, presetNameOf, presetNames } from "./presets.js";

// A mel file in figures, without anything being expected of it: what it states, or what it looks like.

/** What a mel file is. */
export interface MelInspection {
  readonly kind: "mel";
  readonly container: StoredMel["container"];
  readonly shape: readonly number[];
  readonly dtype: string;
  /** The format that the file states, and its preset's name. */
  readonly format?: MelFormat;
  readonly preset?: string;
  /** Presets that have as many bands and whose values can be these, where the file states no format; else all of its bands. */
  readonly candidates: readonly string[];
  readonly layout?: MelLayout;
  readonly frames?: number;
  readonly bands?: number;
  /** Where the format is stated; else as the first candidate has it. */
  readonly seconds?: number;
  readonly statistics?: MelStatistics;
  /** What the values of an unlabelled mel look like, where they look like anything. */
  readonly looksLike?: MelLikeness;
  /** What is odd, each a sentence. */
  readonly remarks: readonly string[];
}

/**
 * Inspects a mel file's bytes.
 *
 * @throws NoMelError, NpyError, SafetensorsError, ZipError, TorchError, PickleError, MelFormatError
 */
export function inspectMel(bytes: Uint8Array, choice: ArrayChoice = {}): MelInspection {
  const { values, format: stated, ...stored } = parseStoredMel(bytes, choice);
  const fitting = stated ? [] : presetNames().filter((name) => stored.shape.includes(findPreset(name).bands));
  const format = stated ?? (fitting.length > 0 ? findPreset(fitting[0]) : undefined);
  const base = { kind: "mel" as const, ...stored, candidates: fitting };
  const axes = matrixAxes(stored.shape);
  if (format === undefined || axes.length !== 2)
    return {
      ...base,
      candidates: [],
      ...(values.length > 0 && { statistics: measureMel(values, stored.shape.at(-1) ?? 1) }),
      remarks: [...oddValues(values, stored.shape.at(-1) ?? 1), whyNoMel(axes)],
    };
  const laidOut = layOutMel(stored.shape, values, format, stated && "frames-first");
  const remarks = oddValues(laidOut.values, format.bands);
  if (laidOut.guessed) remarks.push("Both axes could be the bands; its sound told them apart.");
  const preset = stated && presetNameOf(stated);
  const statistics = laidOut.frames > 0 ? measureMel(laidOut.values, format.bands) : undefined;
  if (laidOut.frames === 0) remarks.push("It has no frames.");
  else if (statistics?.minimum === statistics?.maximum) remarks.push("All its values are the same.");
  const seen = stated || !statistics ? {} : likenessOf(laidOut.values, statistics, format, remarks);
  const candidates = statistics ? likelyPresets(fitting, statistics, format.bands) : fitting;
  // bands of power are not judged: what is known of mels is of magnitudes
  const ln = seen.ln ?? (stated && stated.power !== 2 ? lnOf(encodingOf(stated)) : undefined);
  if (statistics && ln) {
    const evidence = melEvidence(laidOut.values, format, ln);
    // what a file states is not doubted
    const scale = seen.looksLike !== undefined && isScale(seen.looksLike) ? seen.looksLike : "ln";
    for (const remark of [smoothnessRemark(evidence), stated ? undefined : powerRemark(evidence, scale)])
      if (remark !== undefined) remarks.push(remark);
  }
  const { looksLike } = seen;
  return {
    ...base,
    candidates,
    ...(stated && { format: stated }),
    ...(preset !== undefined && { preset }),
    layout: laidOut.layout,
    frames: laidOut.frames,
    bands: format.bands,
    seconds: (laidOut.frames * format.hopLength) / format.sampleRate,
    ...(statistics && { statistics }),
    ...(looksLike && { looksLike }),
    remarks,
  };
}

/** Those of the presets that could have written values of these figures; all of them where none could. */
function likelyPresets(
  names: readonly string[],
  statistics: MelStatistics,
  bands: number,
): readonly string[] {
  const likely = names.filter((name) => {
    const format = findPreset(name);
    if (format.bands !== bands) return false;
    const { scale, mean, deviation } = encodingOf(format);
    // ln of power is about twice ln of the magnitude
    const half = format.power ?? 1;
    return (
      distanceOf(
        statistics,
        { scale, mean: mean / half, deviation: deviation / half },
        { ...format, floor: format.floor ** (1 / half) },
      ) < RESEMBLANCE
    );
  });
  return likely.length > 0 ? likely : names;
}

function whyNoMel(axes: readonly number[]): string {
  if (axes.length > 2)
    return `It holds ${axes.slice(0, -2).join("·")} arrays of ${axes.slice(-2).join("×")}; a mel is one, [bands, frames] or [frames, bands].`;
  if (axes.length < 2) return "A mel has two axes, [bands, frames] or [frames, bands].";
  return "No axis has as many bands as a known mel format.";
}

/** What an unlabelled mel looks like, and the ln of its values where they are of a known scale. */
function likenessOf(
  values: Float32Array,
  statistics: MelStatistics,
  format: MelFormat,
  remarks: string[],
): { looksLike?: MelLikeness; ln?: (value: number) => number } {
  if (!(statistics.minimum < statistics.maximum)) return {};
  const ranking = rankLikenesses(values, statistics, format);
  // what is not a number leaves the scale to be seen, and no more
  if (findNonFinite(values, format.bands))
    return ranking[0].distance < RESEMBLANCE ? { looksLike: ranking[0].likeness } : {};
  const looksLike = nameOf(values, statistics, ranking, format);
  if (looksLike === undefined) {
    remarks.push(
      "It resembles no mel: its values are neither those of speech nor of noise in any known scale. Check what wrote it.",
    );
    return {};
  }
  if (isScale(looksLike)) return { looksLike, ln: lnOf({ scale: looksLike, mean: 0, deviation: 1 }) };
  return { looksLike };
}

function isScale(likeness: MelLikeness): likeness is MelEncoding["scale"] {
  return Object.hasOwn(scaleDescriptions, likeness);
}

/** What gives the ln of stored values, with a linear 0 as the floor. */
function lnOf(encoding: MelEncoding, floor = 1e-10): (value: number) => number {
  const least = Math.log(floor);
  return (value) => {
    const ln = toNaturalLog(value, encoding);
    return ln > least ? ln : least;
  };
}

/** What values look like: by their marks, by a known scale in which they are possible, or by what is left of them. */
function nameOf(
  values: Float32Array,
  statistics: MelStatistics,
  ranking: readonly LikenessScore[],
  format: MelFormat,
  assumed?: MelEncoding["scale"],
): MelLikeness | undefined {
  const marked = markedKind(values, statistics, format.bands);
  if (marked) return marked;
  if (isStandardised(statistics)) return "standardised";
  for (const { likeness, distance } of ranking) {
    if (distance >= RESEMBLANCE) break;
    if (likeness === assumed || !isScale(likeness)) continue;
    const evidence = melEvidence(values, format, lnOf({ scale: likeness, mean: 0, deviation: 1 }));
    if (isUpsideDown(evidence)) return "upside-down";
    if (!isBeyondFullScale(evidence) && !isOfPower(evidence)) return likeness;
  }
  return likeliestKind(values, statistics, format);
}

function oddValues(values: Float32Array, bands: number): string[] {
  const found = findNonFinite(values, Math.max(1, bands));
  if (found === undefined) return [];
  return [
    `${found.count} of its ${values.length} values ${found.count === 1 ? "is no number" : "are no numbers"}; the first is ${found.value} in frame ${found.frame}, band ${found.band}.`,
  ];
}

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

/** A mel whose values look like another kind than the one they are taken for, or like none. */
export class MelValuesMismatchError extends MelMismatchError {
  constructor(
    message: string,
    expected: MelFormat,
    readonly assumed: MelEncoding,
    /** undefined where they resemble nothing. */
    readonly looksLike: MelLikeness | undefined,
    readonly statistics: MelStatistics,
  ) {
    super(message, expected);
  }
}

/** What a mel's values are like. */
interface MelDiagnosis {
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
 * @throws EmptyMelError, NonFiniteMelError, ConstantMelError, MelValuesMismatchError
 */
export function diagnoseMel(values: Float32Array, encoding: MelEncoding, format: MelFormat): MelDiagnosis {
  requireFiniteMel(values, format.bands);
  const statistics = measureMel(values, format.bands);
  if (statistics.minimum === statistics.maximum) {
    requireSilence(statistics.minimum, encoding, format);
    return { statistics, ranking: [], remarks: ["It is silent throughout."] };
  }
  // what is known of mels is of magnitudes, and no voice takes bands of power: they are refused by name
  if (format.power === 2) return { statistics, ranking: [], remarks: [] };
  const ranking = rankLikenesses(values, statistics, format);
  const plain = encoding.mean === 0 && encoding.deviation === 1;
  const assumed = plain
    ? (ranking.find(({ likeness }) => likeness === encoding.scale)?.distance ?? Infinity)
    : distanceOf(statistics, encoding, format);
  const evidence = melEvidence(values, format, lnOf(encoding, format.floor));
  const impossible = isBeyondFullScale(evidence) || isOfPower(evidence) || isUpsideDown(evidence);
  const isStrange = isRefused(assumed, ranking[0].distance, evidence.frames < FEW_FRAMES);
  if (impossible || (isStrange && !isOfNoise(evidence))) {
    const own = plain ? encoding.scale : undefined;
    const looksLike =
      !isBeyondFullScale(evidence) && isUpsideDown(evidence)
        ? "upside-down"
        : nameOf(values, statistics, ranking, format, own);
    throw mismatch(encoding, looksLike, statistics, evidence, format);
  }
  const remarks = [smoothnessRemark(evidence), powerRemark(evidence, encoding.scale)].filter(
    (remark) => remark !== undefined,
  );
  return { statistics, ranking, remarks };
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
  if (likeness === "standardised") return "values standardised to mean 0 and deviation 1";
  return isScale(likeness) ? scaleDescriptions[likeness] : strangeMels[likeness].what;
}

/** What to do with values of a likeness, as a clause. */
export function wayOutOf(likeness: MelLikeness): string {
  if (likeness === "standardised")
    return (
      "say --mel-format ln,mean=M,std=S with the mean and deviation that they were standardised with, or " +
      "ln,stats=stats.npy with the file of them for each band (log10 in place of ln for ParallelWaveGAN and ESPnet, " +
      "ln,power for StyleTTS)"
    );
  if (likeness === "db")
    return "say --mel-format db; if they are 10·log10 of power (librosa.power_to_db), say --mel-format db,power";
  return isScale(likeness) ? `say --mel-format ${likeness}` : strangeMels[likeness].wayOut;
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

function mismatch(
  assumed: MelEncoding,
  looksLike: MelLikeness | undefined,
  statistics: MelStatistics,
  evidence: MelEvidence,
  format: MelFormat,
): MelValuesMismatchError {
  const { minimum, maximum, mean, standardDeviation } = statistics;
  const like =
    looksLike === undefined ? "resemble no mel that is known" : `look like ${describeLikeness(looksLike)}`;
  const loud = isBeyondFullScale(evidence)
    ? ` No waveform within ±1 is that loud: it would have an RMS of ${round(evidence.level, 2)} dB beyond full scale, ` +
      "and speech stays 6 dB or more below."
    : "";
  const wayOut =
    looksLike === undefined
      ? "Check what wrote it (an untrained model gives such values), and make it again;"
      : `If that is so, ${wayOutOf(looksLike)}; if not,`;
  return new MelValuesMismatchError(
    `The mel's values are taken for ${describeEncoding(assumed)}, and ${like}: ` +
      `they lie between ${round(minimum)} and ${round(maximum)}, their mean is ${round(mean)}, their standard ` +
      `deviation ${round(standardDeviation)}.${loud} ${wayOut} --trust-mel takes them as they are.`,
    format,
    assumed,
    looksLike,
    statistics,
  );
}

function round(value: number, digits = 4): string {
  return String(Number(value.toPrecision(digits)));
}

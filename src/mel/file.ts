// Mel files in and out. What is read arrives in the format that its consumer expects, or as an error that says how it
// differs and what converts it; what is written carries its whole format.
import { type ConvertedMel, convertMel, type MelAssumption } from "./conversion.js";
import { parseStoredMel, type StoredMel } from "./container.js";
import { diagnoseMel, requireFiniteMel } from "./diagnosis.js";
import { undoAssumption } from "./strange.js";
import { convertToFormat, naturalLog, storedNumber } from "./encoding.js";
import { JUDGED_FRAMES, melEvidence, smoothnessRemark } from "./evidence.js";
import { formatsEqual, type Mel, type MelFormat } from "./format.js";
import { layOutMel, type MelLayout } from "./layout.js";
import { MEL_FORMAT_KEY } from "./format-fields.js";
import { reformatMel } from "./reformat.js";
import { InputError } from "../errors.js";

// of a natural logarithm
const FLOOR_TOLERANCE = 0.005;

/** How to read a mel. */
export interface ReadMelOptions {
  /** The format that the mel has to arrive in. */
  readonly expected: MelFormat;
  /** What a file that does not state its format is taken for (--mel-format); without it, the expected format. */
  readonly assume?: MelAssumption;
  /** Where another format is assumed by name, converts it to the expected one, also where something is lost. */
  readonly lossy?: boolean;
  /** The order of its axes (--mel-layout); without it, what fits. */
  readonly layout?: MelLayout;
  /** Which tensor of a file with several it is (--mel-tensor); without it "mel", or the only one that could be. */
  readonly tensor?: string;
  /** Takes values and a stated format as they are, whatever they look like (--trust-mel). */
  readonly trust?: boolean;
}

/** A mel in the expected format, what the file was, and what was done and noticed. */
export interface MelFile extends ConvertedMel {
  readonly source: Omit<StoredMel, "values">;
  /** The order of its axes in the file. */
  readonly layout: MelLayout;
  /** What is odd about the mel and was put up with, each a sentence. */
  readonly remarks: readonly string[];
}

/**
 * Reads a .mel, .npy, .npz, .pt or .safetensors file from its bytes.
 *
 * @throws NpyError, SafetensorsError, ZipError, TorchError, PickleError, NoMelError where they are no such file; MelShapeError, EmptyMelError,
 *   NonFiniteMelError, ConstantMelError, MelMismatchError where it is not the mel it should be; LossyConversionError where
 *   too little of it would be left
 */
export function parseMel(bytes: Uint8Array, options: ReadMelOptions): MelFile {
  return melOf(storedIn(bytes, options, (options.assume?.format ?? options.expected).bands), options);
}

/** What the file holds, whatever it means. @param bands that a mel without a name should have */
function storedIn(bytes: Uint8Array, { tensor }: Pick<ReadMelOptions, "tensor">, bands?: number): StoredMel {
  return parseStoredMel(bytes, {
    ...(tensor !== undefined && { tensor }),
    ...(bands !== undefined && { bands }),
  });
}

function melOf({ values, ...source }: StoredMel, options: ReadMelOptions): MelFile {
  if (source.format !== undefined) {
    requireFiniteMel(values, source.format.bands);
    const mel = { frames: source.shape[0], format: source.format, values };
    const { format } = source;
    const first = values.subarray(0, JUDGED_FRAMES * format.bands);
    const smooth = smoothnessRemark(melEvidence(naturalLog({ format, values: first }), format));
    const remarks = [
      ...(options.assume ? ["It states its own format, so --mel-format was not applied."] : []),
      ...(smooth === undefined ? [] : [smooth]),
    ];
    const isNamed = options.assume?.format !== undefined && formatsEqual(options.assume.format, format);
    return { ...toExpected(mel, options, isNamed), source, layout: "frames-first", remarks };
  }
  const read = readUnlabelled(values, source.shape, options);
  const converted = toExpected(read.mel, options, options.assume?.format !== undefined);
  return {
    ...converted,
    source,
    layout: read.layout,
    conversions: [...read.conversions, ...converted.conversions],
    remarks: read.remarks,
  };
}

/** @param isNamed whether somebody said that the mel is of its format */
function toExpected(
  mel: Mel,
  { expected, trust = false, lossy = false }: ReadMelOptions,
  isNamed: boolean,
): ConvertedMel {
  return lossy && isNamed && !trust ? reformatMel(mel, expected) : convertMel(mel, expected, trust);
}

/**
 * Reads a mel in its own format: the one that its file states, or else the one that is assumed.
 *
 * @throws InputError where neither says one, or both and they differ; what parseMel throws
 */
export function parseOwnMel(bytes: Uint8Array, options: Omit<ReadMelOptions, "expected">): MelFile {
  const { assume, ...others } = options;
  const found = storedIn(bytes, options, assume?.format?.bands);
  const stated = found.format;
  const named = assume?.format;
  if (!stated && !named)
    throw new InputError("The file does not state its mel's format. Name it, as in --from f5-24k-100.");
  if (stated && named && !formatsEqual(stated, named))
    throw new InputError("The file states another format than --from names. Leave --from out.");
  return melOf(found, stated ? { ...others, expected: stated } : { ...options, expected: named! });
}

/** The metadata of a .mel file: its format. */
export function formatMetadata(format: MelFormat): Record<string, string> {
  return { [MEL_FORMAT_KEY]: JSON.stringify(format) };
}

/** A mel that states nothing, in the format that is assumed of it. */
function readUnlabelled(
  stored: Float32Array,
  shape: readonly number[],
  { expected, assume = {}, layout, trust = false }: ReadMelOptions,
): { mel: Mel; layout: MelLayout; conversions: readonly string[]; remarks: string[] } {
  const format = assume.format ?? expected;
  const laidOut = layOutMel(shape, stored, format, layout);
  const { values: written, encoding, conversions } = undoAssumption(laidOut.values, assume, format);
  const remarks: string[] = [];
  if (laidOut.guessed)
    remarks.push(
      `Both axes have ${format.bands} values; its sound suggests ${laidOut.layout}. Say --mel-layout if that is wrong.`,
    );
  if (trust) requireFiniteMel(written, format.bands);
  else remarks.push(...diagnoseMel(written, encoding, format).remarks);
  // float16 rounds a floor by up to 0.004
  const below = countBelow(written, storedNumber(Math.log(format.floor) - FLOOR_TOLERANCE, encoding));
  if (below > 0)
    remarks.push(
      `${((100 * below) / written.length).toPrecision(2)} % of its values lay below the format's floor ${format.floor} and were raised to it.`,
    );
  const values = convertToFormat(written, encoding, format);
  requireFiniteMel(values, format.bands);
  const { layout: found, frames } = laidOut;
  return { mel: { frames, format, values }, layout: found, conversions, remarks };
}

function countBelow(values: Float32Array, bound: number): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] < bound) count++;
  return count;
}

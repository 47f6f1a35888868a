// Mel formats from what people write: JSON objects, options, metadata. Every field is checked, and an error names the
// field, its value and what is allowed. Other projects' names for the fields (librosa, HiFi-GAN, Tacotron) are known.
import * as v from "valibot";
import { InputError } from "../errors.js";
import { FORMAT_DEFAULTS, MEL_FORMAT_FIELDS, type MelFormat } from "./format.js";

/** A field of a mel format has a value that cannot be used, is missing, or does not exist. */
export class MelFormatError extends InputError {
  constructor(
    readonly field: string,
    readonly value: unknown,
    /** What the field may be, as a phrase. */
    readonly allowed: string,
    message = `The mel format's ${field} is ${typeof value === "number" ? value : JSON.stringify(value)}, and it has to be ${allowed}.`,
  ) {
    super(message);
  }
}

/** Other names of the fields. */
const aliases: Readonly<Record<keyof MelFormat, readonly string[]>> = {
  sampleRate: ["sample_rate", "sampling_rate", "sr"],
  fftSize: ["fft", "n_fft", "filter_length"],
  hopLength: ["hop", "hop_length", "hop_size"],
  windowLength: ["win", "window", "win_length", "win_size"],
  bands: ["mels", "n_mels", "num_mels", "n_mel_channels"],
  minFrequency: ["fmin", "mel_fmin"],
  maxFrequency: ["fmax", "mel_fmax"],
  scale: [],
  norm: [],
  padding: [],
  magnitudeEpsilon: ["magnitude_eps"],
  log: [],
  floor: [],
  power: [],
  logOffset: ["log_offset"],
  mean: ["mel_mean"],
  deviation: ["std", "mel_std"],
  bankRate: ["bank_rate"],
};

const largestFft = 65536;

// A schema's message is what the field may be, as a phrase.

/** Options and safetensors metadata are text. */
const numberOrText = v.pipe(
  v.unknown(),
  v.transform((given) => (typeof given === "string" && given.trim() !== "" ? Number(given) : given)),
);

function numberFrom(least: number, most: number, allowed = `a number from ${least} to ${most}`) {
  return v.pipe(numberOrText, v.number(allowed), v.minValue(least, allowed), v.maxValue(most, allowed));
}

function wholeNumberFrom(least: number, most: number) {
  const allowed = `a whole number from ${least} to ${most}`;
  return v.pipe(numberFrom(least, most, allowed), v.integer(allowed));
}

function choiceOf<const Choice extends string>(...choices: readonly Choice[]) {
  return v.picklist(choices, choices.map((choice) => `"${choice}"`).join(" or "));
}

const evenSize = `an even number from 16 to ${largestFft}`;

const fieldSchemas = {
  sampleRate: wholeNumberFrom(1000, 768_000),
  fftSize: v.pipe(
    numberFrom(16, largestFft, evenSize),
    v.check((size) => size % 2 === 0, evenSize),
  ),
  hopLength: wholeNumberFrom(1, largestFft),
  windowLength: wholeNumberFrom(2, largestFft),
  bands: wholeNumberFrom(1, 1024),
  minFrequency: numberFrom(0, 384_000),
  maxFrequency: numberFrom(0, 384_000),
  scale: choiceOf("slaney", "htk"),
  norm: v.pipe(
    v.unknown(),
    // librosa writes None for bands of peak 1
    v.transform((given) => (given === null ? "none" : given)),
    choiceOf("slaney", "none"),
  ),
  padding: choiceOf("same", "center"),
  magnitudeEpsilon: numberFrom(0, 1),
  log: choiceOf("ln", "log10", "db"),
  floor: numberFrom(Number.MIN_VALUE, 1, "a number above 0 and at most 1"),
  power: v.exactOptional(v.pipe(numberOrText, v.picklist([1, 2] as const, "1 or 2"))),
  logOffset: v.exactOptional(numberFrom(0, 1)),
  mean: v.exactOptional(numberFrom(-1000, 1000)),
  deviation: v.exactOptional(numberFrom(Number.MIN_VALUE, 1000, "a number above 0 and at most 1000")),
  bankRate: v.exactOptional(wholeNumberFrom(1000, 768_000)),
};

const formatSchema = v.pipe(
  v.object(fieldSchemas),
  v.forward(
    v.check(
      ({ hopLength, fftSize }) => hopLength <= fftSize,
      ({ input }) => `at most fftSize, which is ${input.fftSize}`,
    ),
    ["hopLength"],
  ),
  v.forward(
    v.check(
      ({ windowLength, fftSize }) => windowLength <= fftSize,
      ({ input }) => `at most fftSize, which is ${input.fftSize}`,
    ),
    ["windowLength"],
  ),
  v.forward(
    v.check(
      ({ maxFrequency, sampleRate, bankRate = sampleRate }) => maxFrequency <= bankRate / 2,
      ({ input: { sampleRate, bankRate } }) =>
        bankRate === undefined
          ? `at most half of sampleRate, which is ${sampleRate / 2}`
          : `at most half of bankRate, which is ${bankRate / 2}`,
    ),
    ["maxFrequency"],
  ),
  v.forward(
    v.check(
      ({ minFrequency, maxFrequency }) => minFrequency < maxFrequency,
      ({ input }) => `below maxFrequency, which is ${input.maxFrequency}`,
    ),
    ["minFrequency"],
  ),
);

function fieldNamed(name: string): keyof MelFormat {
  const field = MEL_FORMAT_FIELDS.find((candidate) => {
    return candidate === name || aliases[candidate].includes(name);
  });
  if (field !== undefined) return field;
  const allowed = MEL_FORMAT_FIELDS.join(", ");
  throw new MelFormatError(
    name,
    undefined,
    allowed,
    `A mel format has no field '${name}'. Its fields are: ${allowed}.`,
  );
}

/**
 * A mel format from named values, each checked, and all of them checked together.
 *
 * @param values by field name or alias (`sample_rate`, `n_fft`, `hop_size`, `num_mels`, …); numbers may be text
 * @param base gives the fields that `values` leaves out; without it all have to be there
 * @throws MelFormatError
 */
export function formatFromFields(values: Readonly<Record<string, unknown>>, base?: MelFormat): MelFormat {
  const fields: Partial<Record<keyof MelFormat, unknown>> = { ...base };
  const given = new Set<string>();
  for (const [name, value] of Object.entries(values)) {
    const field = fieldNamed(name);
    if (given.has(field)) throw givenTwice(field, value);
    given.add(field);
    fields[field] = value;
  }
  const result = v.safeParse(formatSchema, fields);
  if (result.success) return withoutDefaults(result.output);
  const faults = result.issues.map(({ path, message }) => ({
    field: path?.[0].key as keyof MelFormat,
    message,
  }));
  const wrong = faults.find(({ field }) => field in fields);
  if (wrong) throw new MelFormatError(wrong.field, fields[wrong.field], wrong.message);
  throw fieldsMissing(faults.map(({ field }) => field));
}

/** A format without the fields that say no more than what is so without them. */
function withoutDefaults(format: MelFormat): MelFormat {
  const usual: Readonly<Record<string, unknown>> = { ...FORMAT_DEFAULTS, bankRate: format.sampleRate };
  return Object.fromEntries(
    Object.entries(format).filter(([field, value]) => value !== usual[field]),
  ) as unknown as MelFormat;
}

function givenTwice(field: keyof MelFormat, value: unknown): MelFormatError {
  const names = [field, ...aliases[field]].join(", ");
  return new MelFormatError(
    field,
    value,
    "given once",
    `The mel format's ${field} is given twice (its names are: ${names}). Leave one.`,
  );
}

function fieldsMissing(missing: readonly (keyof MelFormat)[]): MelFormatError {
  return new MelFormatError(
    missing[0],
    undefined,
    v.safeParse(v.object(fieldSchemas).entries[missing[0]], undefined).issues?.[0].message ?? "given",
    `The mel format lacks ${missing.join(", ")}. Give every field, or a preset to start from.`,
  );
}

/**
 * Checks a format that was put together in code, as `formatFromFields` checks what it reads.
 *
 * @throws MelFormatError
 */
export function validateFormat(format: MelFormat): void {
  formatFromFields({ ...format });
}

// What a .mel file says of itself: a safetensors file with one tensor, [frames, bands] float32, and the format of its
// values as JSON in the metadata.

/** The tensor of a .mel file, [frames, bands] float32. */
export const MEL_TENSOR = "mel";
/** The metadata key of a .mel file under which its format stands as JSON. */
export const MEL_FORMAT_KEY = "vocode.mel-format";

/** A file is no mel file: neither .npy nor safetensors, or without a tensor that could be a mel. */
export class NoMelError extends InputError {}

/**
 * The format that a .mel file's metadata state.
 *
 * @throws NoMelError, MelFormatError
 */
export function readStatedFormat(text: string): MelFormat {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch (error) {
    throw new NoMelError(`The format that the .mel file states is no JSON: ${(error as Error).message}.`);
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields))
    throw new NoMelError("The format that the .mel file states is no JSON object.");
  return formatFromFields(fields as Readonly<Record<string, unknown>>);
}

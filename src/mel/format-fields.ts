// Mel formats from what people write: JSON objects, options, metadata. Every field is checked, and an error names the
// field, its value and what is allowed. Other projects' names for the fields (librosa, HiFi-GAN, Tacotron) are known.
import { InputError } from "../errors.js";
import { MEL_FORMAT_FIELDS, type MelFormat } from "./format.js";

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

interface Rule {
  readonly aliases: readonly string[];
  readonly allowed: string;
  /** The field's value from a JSON value or an option's text; undefined where it is not allowed. */
  readonly read: (value: unknown) => string | number | undefined;
}

const largestFft = 65536;
const largestBands = 1024;

const rules: Readonly<Record<keyof MelFormat, Rule>> = {
  sampleRate: numberRule(["sample_rate", "sampling_rate", "sr"], 1000, 768_000, "integer"),
  fftSize: {
    ...numberRule(["fft", "n_fft", "filter_length"], 16, largestFft, "integer"),
    allowed: `a power of two from 16 to ${largestFft}`,
    read: (value) => {
      const size = readNumber(value);
      return size !== undefined && size >= 16 && size <= largestFft && Number.isInteger(Math.log2(size))
        ? size
        : undefined;
    },
  },
  hopLength: numberRule(["hop", "hop_length", "hop_size"], 1, largestFft, "integer"),
  windowLength: numberRule(["win", "window", "win_length", "win_size"], 2, largestFft, "integer"),
  bands: numberRule(["mels", "n_mels", "num_mels", "n_mel_channels"], 1, largestBands, "integer"),
  minFrequency: numberRule(["fmin", "mel_fmin"], 0, 384_000),
  maxFrequency: numberRule(["fmax", "mel_fmax"], 0, 384_000),
  scale: choiceRule(["slaney", "htk"]),
  norm: {
    ...choiceRule(["slaney", "none"]),
    // librosa writes None for bands of peak 1
    read: (value) => (value === null ? "none" : choiceRule(["slaney", "none"]).read(value)),
  },
  padding: choiceRule(["same", "center"]),
  magnitudeEpsilon: numberRule(["magnitude_eps"], 0, 1),
  log: choiceRule(["ln", "log10", "db"]),
  floor: { ...numberRule([], Number.MIN_VALUE, 1), allowed: "a number above 0 and at most 1" },
};

function numberRule(aliases: readonly string[], least: number, most: number, kind?: "integer"): Rule {
  return {
    aliases,
    allowed: `${kind === "integer" ? "a whole number" : "a number"} from ${least} to ${most}`,
    read: (value) => {
      const number = readNumber(value);
      if (number === undefined || (kind === "integer" && !Number.isInteger(number))) return undefined;
      return number >= least && number <= most ? number : undefined;
    },
  };
}

function choiceRule(choices: readonly string[]): Rule {
  return {
    aliases: [],
    allowed: choices.map((choice) => `"${choice}"`).join(" or "),
    read: (value) => choices.find((choice) => choice === value),
  };
}

function readNumber(value: unknown): number | undefined {
  // options and safetensors metadata are text
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

function fieldNamed(name: string): keyof MelFormat {
  const field = MEL_FORMAT_FIELDS.find((candidate) => {
    return candidate === name || rules[candidate].aliases.includes(name);
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
  const fields: Partial<Record<keyof MelFormat, string | number>> = { ...base };
  const given = new Set<string>();
  for (const [name, value] of Object.entries(values)) {
    const field = fieldNamed(name);
    if (given.has(field)) throw givenTwice(field, value);
    given.add(field);
    const read = rules[field].read(value);
    if (read === undefined) throw new MelFormatError(field, value, rules[field].allowed);
    fields[field] = read;
  }
  const missing = MEL_FORMAT_FIELDS.filter((field) => fields[field] === undefined);
  if (missing.length > 0) throw fieldsMissing(missing);
  // every field is there and was read by its own rule
  const format = fields as unknown as MelFormat;
  checkTogether(format);
  return format;
}

function givenTwice(field: keyof MelFormat, value: unknown): MelFormatError {
  const names = [field, ...rules[field].aliases].join(", ");
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
    rules[missing[0]].allowed,
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

function checkTogether(format: MelFormat): void {
  const { fftSize, hopLength, windowLength, minFrequency, maxFrequency, sampleRate } = format;
  if (hopLength > fftSize)
    throw new MelFormatError("hopLength", hopLength, `at most fftSize, which is ${fftSize}`);
  if (windowLength > fftSize)
    throw new MelFormatError("windowLength", windowLength, `at most fftSize, which is ${fftSize}`);
  if (maxFrequency > sampleRate / 2)
    throw new MelFormatError(
      "maxFrequency",
      maxFrequency,
      `at most half of sampleRate, which is ${sampleRate / 2}`,
    );
  if (minFrequency >= maxFrequency)
    throw new MelFormatError("minFrequency", minFrequency, `below maxFrequency, which is ${maxFrequency}`);
}

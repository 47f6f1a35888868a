// A mel format as a person names it on the command line or in a file: a preset, a preset with changes, or JSON.
//   hifigan-22k-80      hifigan-22k-80,fmax=11025,log=db      fmax=11025      my-format.json      my-format.json,hop=300
import { InputError } from "../errors.js";
import type { Files } from "../formats/bytes.js";
import { formatFromFields } from "./format-fields.js";
import type { MelFormat } from "./format.js";
import { DEFAULT_PRESET, findPreset, UnknownPresetError } from "./presets.js";
import type { BandStatistics } from "./band-statistics.js";
import type { MelAssumption } from "./conversion.js";
import { encodingOf, type MelScaleName, melScaleNames } from "./encoding.js";

/**
 * The format that an option's text names: a preset's name or the path of a JSON file (ending in .json), then changes
 * `,field=value`; changes alone apply to the default preset.
 *
 * @param files for a JSON file
 * @throws MelFormatError, UnknownPresetError, what `files` throws, or InputError for a file that holds no format
 */
export async function parseFormatOption(text: string, files: Pick<Files, "read">): Promise<MelFormat> {
  const parts = text.split(",").map((part) => part.trim());
  const named = parts[0].includes("=") ? undefined : parts.shift();
  const base = await namedFormat(named ?? DEFAULT_PRESET, files);
  if (parts.length === 0) return base;
  const changes = parts.map((part): [string, string] => {
    const equals = part.indexOf("=");
    if (equals > 0) return [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
    throw new InputError(
      `'${part}' in the mel format '${text}' is not of the form field=value. Write it as in hifigan-22k-80,fmax=11025.`,
    );
  });
  const repeated = changes.find(([field], i) => changes.findIndex(([other]) => other === field) < i);
  if (repeated !== undefined)
    throw new InputError(`The mel format '${text}' gives ${repeated[0]} twice. Leave one.`);
  return formatFromFields(Object.fromEntries(changes), base);
}

async function namedFormat(name: string, files: Pick<Files, "read">): Promise<MelFormat> {
  if (!name.toLowerCase().endsWith(".json")) return findPreset(name);
  return formatFromFile(new TextDecoder().decode(await files.read(name)), name);
}

/**
 * A format from a JSON file's text: an object of a format's fields; with a field "preset", the rest are changes to that
 * one.
 *
 * @param path of the file, for messages
 * @throws InputError where the text is no JSON object, MelFormatError, UnknownPresetError
 */
function formatFromFile(text: string, path: string): MelFormat {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(`'${path}' is not JSON: ${(error as Error).message}.`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InputError(
      `'${path}' holds no JSON object, and a mel format is one: {"preset": …, "fmax": …}.`,
    );
  return formatFromJson(value as Readonly<Record<string, unknown>>);
}

/** A format from a parsed JSON object, as a format file has it. */
export function formatFromJson(value: Readonly<Record<string, unknown>>): MelFormat {
  const { preset, ...fields } = value;
  if (preset === undefined) return formatFromFields(fields);
  return formatFromFields(fields, findPreset(typeof preset === "string" ? preset : JSON.stringify(preset)));
}

// What a person says of a mel that does not say it itself: the text of --mel-format. Comma-separated, in any order:
//   log10 | db | ln | linear | unit | symmetric     how magnitudes are written as numbers
//   power                                           of power, the magnitudes' squares
//   mean=-5.2,std=2.1                               what was subtracted and divided by afterwards; also files of them,
//   mean=mean.npy,std=std.npy | stats=stats.npy     a number a band
//   tacotron2-22k-80, fmax=11025, my.json, …        the format itself, as --format takes it

/**
 * Reads the text of --mel-format.
 *
 * @param files for a format or statistics in files of their own
 * @throws InputError, MelFormatError, UnknownPresetError, StatisticsError, and what `files` throws
 */
export async function parseMelAssumption(text: string, files: Pick<Files, "read">): Promise<MelAssumption> {
  const scales: MelScaleName[] = [];
  const moments = new Map<string, string>();
  const rest: string[] = [];
  let power = false;
  for (const part of text.split(",").map((piece) => piece.trim())) {
    const scale = melScaleNames.find((name) => name === part.toLowerCase());
    const [, moment, value] = /^(mean|std|stats)\s*=\s*(.*)$/i.exec(part) ?? [];
    if (scale !== undefined) scales.push(scale);
    else if (/^power(\s*=\s*2)?$/i.test(part)) power = true;
    else if (moment !== undefined) setMoment(moments, moment.toLowerCase(), value.trim());
    else if (part !== "") rest.push(part);
  }
  if (scales.length > 1)
    throw new InputError(
      `The mel format '${text}' names ${scales.join(" and ")}; numbers are written in one way.`,
    );
  if (scales.length + moments.size + rest.length === 0 && !power)
    throw new InputError(`The mel format is empty. Name a preset, or one of ${melScaleNames.join(", ")}.`);
  const format = rest.length > 0 ? await formatOf(rest.join(","), files) : undefined;
  if (format && scales.length + moments.size === 0 && !power) return { format, encoding: encodingOf(format) };
  const scale = scales[0] ?? format?.log ?? (moments.size > 0 || power ? "ln" : undefined);
  const { mean = 0, deviation = 1, statistics } = await readMoments(moments, files);
  return {
    ...(format && { format }),
    ...(scale && { encoding: { scale, mean, deviation } }),
    ...(power && { power }),
    ...(statistics && { statistics }),
  };
}

async function formatOf(text: string, files: Pick<Files, "read">): Promise<MelFormat> {
  try {
    return await parseFormatOption(text, files);
  } catch (error) {
    if (!(error instanceof UnknownPresetError)) throw error;
    const scales = melScaleNames.join(", ");
    throw new InputError(`${error.message} Or say how its values are written: ${scales}.`, { cause: error });
  }
}

function setMoment(moments: Map<string, string>, name: string, text: string): void {
  if (moments.has(name)) throw new InputError(`The mel format gives ${name} twice. Leave one.`);
  moments.set(name, text);
}

/** The mean and the deviation that are given, in numbers or in files. */
async function readMoments(
  moments: ReadonlyMap<string, string>,
  files: Pick<Files, "read">,
): Promise<{ mean?: number; deviation?: number; statistics?: BandStatistics }> {
  const stats = moments.get("stats");
  if (stats !== undefined) {
    if (moments.size > 1) throw new InputError("The mel format gives stats, and mean or std too. Leave one.");
    if (stats === "") throw new InputError("The mel format's stats is '', and it has to be a file.");
    const { parseStatistics } = await import("./band-statistics.js");
    return { statistics: parseStatistics(await files.read(stats), stats) };
  }
  const [mean, deviation] = [
    await readMoment("mean", moments, files),
    await readMoment("std", moments, files),
  ];
  if (typeof mean !== "object" && typeof deviation !== "object")
    return { ...(mean !== undefined && { mean }), ...(deviation !== undefined && { deviation }) };
  const { requireMoments } = await import("./band-statistics.js");
  const length = typeof mean === "object" ? mean.length : (deviation as readonly number[]).length;
  const spread = (value: number | readonly number[]): readonly number[] =>
    typeof value === "number" ? new Array<number>(length).fill(value) : value;
  const statistics = { mean: spread(mean ?? 0), deviation: spread(deviation ?? 1) };
  if (statistics.mean.length !== statistics.deviation.length)
    throw new InputError(
      `The mel format gives ${statistics.mean.length} means and ${statistics.deviation.length} deviations.`,
    );
  requireMoments(statistics.mean, statistics.deviation, moments.get("std") ?? moments.get("mean") ?? "");
  return { statistics };
}

async function readMoment(
  name: "mean" | "std",
  moments: ReadonlyMap<string, string>,
  files: Pick<Files, "read">,
): Promise<number | readonly number[] | undefined> {
  const text = moments.get(name);
  if (text === undefined) return undefined;
  const value = text === "" ? NaN : Number(text);
  if (Number.isFinite(value) && (name === "mean" || value > 0)) return value;
  // what has an ending is a file
  if (Number.isNaN(value) && /[^.]\.[a-z]\w*$/i.test(text)) {
    const { parseMoments } = await import("./band-statistics.js");
    return parseMoments(await files.read(text), text);
  }
  const allowed = name === "std" ? "a number above 0" : "a number";
  throw new InputError(
    `The mel format's ${name} is '${text}', and it has to be ${allowed}, or a file of them.`,
  );
}

// What a person says of a mel that does not say it itself: the text of --mel-format. Comma-separated, in any order:
//   log10 | db | ln | linear | unit | symmetric     how magnitudes are written as numbers
//   mean=-5.2,std=2.1                               what was subtracted and divided by afterwards
//   tacotron2-22k-80, fmax=11025, my.json, …        the format itself, as --format takes it
import { InputError } from "../../errors.js";
import { melScaleNames, type MelEncoding, type MelScaleName } from "../mel-format/mel-encoding.js";
import { formatFromOption } from "../mel-format/mel-format-option.js";
import type { MelFormat } from "../mel-format/mel-format.js";
import { UnknownPresetError } from "../mel-format/mel-presets.js";

/** What is assumed of a mel; what is left out is as the consumer expects it. */
export interface MelAssumption {
  readonly format?: MelFormat;
  readonly encoding?: MelEncoding;
}

/**
 * Reads the text of --mel-format.
 *
 * @throws InputError, MelFormatError, UnknownPresetError, FileError
 */
export async function melAssumptionFromOption(text: string): Promise<MelAssumption> {
  const scales: MelScaleName[] = [];
  const moments = new Map<string, number>();
  const rest: string[] = [];
  for (const part of text.split(",").map((piece) => piece.trim())) {
    const scale = melScaleNames.find((name) => name === part.toLowerCase());
    const [, moment, number] = /^(mean|std)\s*=\s*(.*)$/i.exec(part) ?? [];
    if (scale !== undefined) scales.push(scale);
    else if (moment !== undefined) setMoment(moments, moment.toLowerCase(), number);
    else if (part !== "") rest.push(part);
  }
  if (scales.length > 1)
    throw new InputError(
      `The mel format '${text}' names ${scales.join(" and ")}; numbers are written in one way.`,
    );
  if (scales.length + moments.size + rest.length === 0)
    throw new InputError(`The mel format is empty. Name a preset, or one of ${melScaleNames.join(", ")}.`);
  const format = rest.length > 0 ? await formatOf(rest.join(",")) : undefined;
  const scale = scales[0] ?? format?.log ?? (moments.size > 0 ? "ln" : undefined);
  return {
    ...(format && { format }),
    ...(scale && { encoding: { scale, mean: moments.get("mean") ?? 0, deviation: moments.get("std") ?? 1 } }),
  };
}

async function formatOf(text: string): Promise<MelFormat> {
  try {
    return await formatFromOption(text);
  } catch (error) {
    if (!(error instanceof UnknownPresetError)) throw error;
    const scales = melScaleNames.join(", ");
    throw new InputError(`${error.message} Or say how its values are written: ${scales}.`, { cause: error });
  }
}

function setMoment(moments: Map<string, number>, name: string, text: string): void {
  const value = text.trim() === "" ? NaN : Number(text);
  const allowed = name === "std" ? "a number above 0" : "a number";
  if (!Number.isFinite(value) || (name === "std" && value <= 0))
    throw new InputError(`The mel format's ${name} is '${text}', and it has to be ${allowed}.`);
  if (moments.has(name)) throw new InputError(`The mel format gives ${name} twice. Leave one.`);
  moments.set(name, value);
}

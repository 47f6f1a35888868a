// What the main command can be told besides how to synthesise: how mels are read, and how samples are written.
import { type Command, Option } from "commander";
import { melAssumptionFromOption } from "../audio/mel-file/mel-assumption.js";
import { type MelLayout, melLayouts } from "../audio/mel-file/mel-layout.js";
import type { WavOutputEncoding } from "../audio/wav/write-wav.js";
import type { StreamOptions } from "../synthesis/synthesis-options.js";
import { wholeNumber } from "./number-option.js";
import type { PictureOptions } from "./picture-option.js";
import type { SynthesisInputOptions } from "./synthesis-input.js";
import { addSynthesisOptions, chosenSynthesis, type SynthesisChoice } from "./synthesis-options.js";

/** The options of the main command. */
export interface SynthesizeOptions extends PictureOptions, SynthesisChoice {
  readonly bitDepth: "16" | "24" | "32";
  readonly raw?: boolean;
  readonly tile?: number;
  readonly melFormat?: string;
  readonly melLayout?: MelLayout;
  readonly trustMel?: boolean;
}

/** How samples are written with each --bit-depth. */
export const encodings: Readonly<Record<SynthesizeOptions["bitDepth"], WavOutputEncoding>> = {
  "16": "16-bit",
  "24": "24-bit",
  "32": "32-bit float",
};

/** Adds the options to the command. */
export function addSynthesizeOptions(command: Command): Command {
  return addSynthesisOptions(command)
    .option(
      "--tile <frames>",
      "mel frames computed at once: fewer give the first sound sooner, and take longer",
      wholeNumber(1, 100_000),
    )
    .addOption(
      new Option("--bit-depth <bits>", "of the samples that are written; 32 is float")
        .choices(["16", "24", "32"])
        .default("16"),
    )
    .option("--raw", "samples without a WAV header, for - as output")
    .option("--picture <file>", "also draw the mel given and the mel made, as .png or .svg")
    .option("--mel-format <scale>", "what the values of a mel that does not say are")
    .addOption(new Option("--mel-layout <order>", "the order of its axes").choices(melLayouts))
    .option("--trust-mel", "take the mel as it is, whatever it looks like")
    .option("--json", "print JSON")
    .option("--quiet", "no report on stderr");
}

/** How mels are read. */
export async function inputOptions(options: SynthesizeOptions): Promise<SynthesisInputOptions> {
  return {
    ...(options.melFormat === undefined ? {} : { assume: await melAssumptionFromOption(options.melFormat) }),
    ...(options.melLayout === undefined ? {} : { layout: options.melLayout }),
    ...(options.trustMel === undefined ? {} : { trust: options.trustMel }),
  };
}

/** How speech is made. */
export function streamOptions(options: SynthesizeOptions): StreamOptions {
  return { ...chosenSynthesis(options), ...(options.tile === undefined ? {} : { tile: options.tile }) };
}

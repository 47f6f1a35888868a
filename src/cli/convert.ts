// `vocode convert IN OUT --to FORMAT`: a mel of one format as one of another, and what that cost.
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { InputError } from "../errors.js";
import { encodeNpy } from "../formats/npy.js";
import { formatFromOption, melAssumptionFromOption, writeMel } from "../host/node/mel-files.js";
import { readWholeFile } from "../host/node/read-files.js";
import { requireTarget, writeAtomically } from "../host/node/write-files.js";
import { parseOwnMel } from "../mel/file.js";
import { describeFormat, type Mel } from "../mel/format.js";
import { type MelLayout, melLayouts, transposed } from "../mel/layout.js";
import { presetNameOf } from "../mel/presets.js";
import { reformatMel } from "../mel/reformat.js";
import { isNpyOutput } from "./mel-of-file.js";
import { type OutputOptions, printNote, printResult } from "./output.js";

interface ConvertOptions extends OutputOptions {
  readonly from?: string;
  readonly to: string;
  readonly melLayout?: MelLayout;
  readonly melTensor?: string;
}

/** The command `vocode convert <input> <output>`. */
export function convertCommand(): Command {
  return new Command("convert")
    .argument("<input>", "a .mel, .npy, .npz, .pt or .safetensors mel")
    .argument("<output>", "a .mel or .npy file")
    .option("--from <format>", "what the mel is, where its file does not state it")
    .requiredOption("--to <format>", "a preset, preset,field=value,… or a JSON file")
    .addOption(new Option("--mel-layout <order>", "the order of its axes").choices(melLayouts))
    .option("--mel-tensor <name>", "which tensor of a .npz, .pt or .safetensors file is the mel")
    .option("--json", "print JSON")
    .option("--quiet", "no notes on stderr")
    .addHelpText(
      "after",
      `
Examples:
  vocode convert a.npy b.mel --from f5-24k-100 --to hifigan-22k-80
  vocode convert speech.mel speech.npy --to bigvgan-24k-100     a .mel file states what it is

Where nothing need be lost, nothing is. Else each frame's bands become magnitudes over frequency, and those the other
format's bands; what that costs is said. 'vocode mel.npy speech.wav --mel-format f5-24k-100' does it on the way.`,
    )
    .action(run);
}

async function run(input: string, output: string, options: ConvertOptions): Promise<void> {
  const isNpy = isNpyOutput(output);
  const [to, assume] = [
    await formatFromOption(options.to),
    options.from === undefined ? undefined : await melAssumptionFromOption(options.from),
  ];
  if (resolve(input) === resolve(output))
    throw new InputError(`The mel would replace '${input}' itself. Name another output.`);
  await requireTarget(output);
  const read = parseOwnMel(await readWholeFile(input), {
    ...(assume && { assume }),
    ...(options.melLayout !== undefined && { layout: options.melLayout }),
    ...(options.melTensor !== undefined && { tensor: options.melTensor }),
  });
  const { mel, loss, leadingSamples, conversions } = reformatMel(read.mel, to);
  await (isNpy ? writeAtomically(output, npyOf(mel)) : writeMel(output, mel));
  const notes = [...read.conversions, ...read.remarks, ...conversions];
  if (leadingSamples > 0)
    notes.push(
      `The file cannot say where its frames are centred: speech made of it begins ${leadingSamples} samples late.`,
    );
  for (const note of notes) printNote(options, note);
  const preset = presetNameOf(to) ?? null;
  const result = { input, output, frames: mel.frames, loss, leadingSamples, notes, preset, format: to };
  printResult(
    options,
    result,
    () =>
      `${output}: ${mel.frames} frames of ${to.bands} bands\n${preset ?? "own format"}: ${describeFormat(to)}`,
  );
}

/** A float32 array [bands, frames], as HiFi-GAN and librosa keep mels. */
function npyOf({ frames, format: { bands }, values }: Mel): Uint8Array {
  return encodeNpy([bands, frames], transposed(values, frames, bands));
}

// The mel formats that public vocoders are trained with, by name. test/fixtures/mel holds librosa's values of each.
import { InputError } from "../errors.js";
import { formatsEqual, type MelFormat } from "./format.js";

/** The format that everything assumes where none is named, and that the shipped checkpoint was trained with. */
export const DEFAULT_PRESET = "hifigan-22k-80";

const hifigan: MelFormat = {
  sampleRate: 22050,
  fftSize: 1024,
  hopLength: 256,
  windowLength: 1024,
  bands: 80,
  minFrequency: 0,
  maxFrequency: 8000,
  scale: "slaney",
  norm: "slaney",
  padding: "same",
  magnitudeEpsilon: 1e-9,
  log: "ln",
  floor: 1e-5,
};

const bigvgan: MelFormat = { ...hifigan, sampleRate: 24000, bands: 100, maxFrequency: 12000 };

const presets: Readonly<Record<string, MelFormat>> = {
  /** HiFi-GAN, github.com/jik876/hifi-gan, meldataset.py with config_v1.json. */
  [DEFAULT_PRESET]: hifigan,
  /** Tacotron 2, github.com/NVIDIA/tacotron2, layers.py: as HiFi-GAN's, but frame i is centred on sample 256·i. */
  "tacotron2-22k-80": { ...hifigan, padding: "center", magnitudeEpsilon: 0 },
  /** BigVGAN, github.com/NVIDIA/BigVGAN, bigvgan_24khz_100band. */
  "bigvgan-24k-100": bigvgan,
  /** Vocos, github.com/gemelo-ai/vocos, feature_extractors.py: torchaudio's MelSpectrogram of power 1. */
  "vocos-24k-100": {
    ...bigvgan,
    scale: "htk",
    norm: "none",
    padding: "center",
    magnitudeEpsilon: 0,
    floor: 1e-7,
  },
  /** WaveGrad, Chen et al. 2020, section 4: windows of 50 ms, hops of 12.5 ms, 128 bands from 20 Hz to 12 kHz. */
  "wavegrad-24k-128": {
    ...bigvgan,
    fftSize: 2048,
    hopLength: 300,
    windowLength: 1200,
    bands: 128,
    minFrequency: 20,
    scale: "htk",
    norm: "none",
    padding: "center",
    magnitudeEpsilon: 0,
  },
};

/** No preset has this name. */
export class UnknownPresetError extends InputError {
  constructor(
    readonly preset: string,
    readonly known: readonly string[],
  ) {
    super(`There is no mel format named '${preset}'. The named ones are: ${known.join(", ")}.`);
  }
}

/** The names of all presets, the default first. */
export function presetNames(): string[] {
  return Object.keys(presets);
}

/**
 * The mel format of a preset.
 *
 * @throws UnknownPresetError, which lists the names there are
 */
export function findPreset(name: string): MelFormat {
  if (!Object.hasOwn(presets, name)) throw new UnknownPresetError(name, presetNames());
  return presets[name];
}

/** The name of the preset that has exactly this format, if there is one. */
export function presetNameOf(format: MelFormat): string | undefined {
  return presetNames().find((name) => formatsEqual(presets[name], format));
}

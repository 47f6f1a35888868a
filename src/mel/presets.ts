// The mel formats that public vocoders and acoustic models are trained with, by name. test/fixtures/mel holds librosa's
// values of each.
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

/** Vocos, github.com/gemelo-ai/vocos, feature_extractors.py: torchaudio's MelSpectrogram of power 1. */
const vocos: MelFormat = {
  ...bigvgan,
  scale: "htk",
  norm: "none",
  padding: "center",
  magnitudeEpsilon: 0,
  floor: 1e-7,
};

const cosyvoice: MelFormat = {
  ...hifigan,
  sampleRate: 24000,
  fftSize: 1920,
  hopLength: 480,
  windowLength: 1920,
};

const bigvgan44: MelFormat = {
  ...hifigan,
  sampleRate: 44100,
  fftSize: 2048,
  hopLength: 512,
  windowLength: 2048,
  bands: 128,
  maxFrequency: 22050,
};

const presets: Readonly<Record<string, MelFormat>> = {
  /** HiFi-GAN, github.com/jik876/hifi-gan, meldataset.py with config_v1.json. */
  [DEFAULT_PRESET]: hifigan,
  /** Tacotron 2, github.com/NVIDIA/tacotron2, layers.py: as HiFi-GAN's, but frame i is centred on sample 256·i. */
  "tacotron2-22k-80": { ...hifigan, padding: "center", magnitudeEpsilon: 0 },
  /** BigVGAN, github.com/NVIDIA/BigVGAN, bigvgan_24khz_100band. */
  "bigvgan-24k-100": bigvgan,
  "vocos-24k-100": vocos,
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
  /** BigVGAN v2, bigvgan_v2_22khz_80band_256x (fmax null); IndexTTS 2, github.com/index-tts/index-tts, infer_v2.py. */
  "bigvgan-22k-80-full": { ...hifigan, maxFrequency: 11025 },
  /** BigVGAN v2, bigvgan_v2_44khz_128band_512x: meldataset.py of github.com/NVIDIA/BigVGAN, fmax null. */
  "bigvgan-44k-128": bigvgan44,
  /** BigVGAN v2, bigvgan_v2_44khz_128band_256x. */
  "bigvgan-44k-128-256x": { ...bigvgan44, fftSize: 1024, hopLength: 256, windowLength: 1024 },
  /** CosyVoice 2, github.com/FunAudioLLM/CosyVoice, cosyvoice2.yaml; Chatterbox, models/s3gen/utils/mel.py. */
  "cosyvoice2-24k-80": cosyvoice,
  /** CosyVoice 3, the same repository, cosyvoice3.yaml: fmax null. */
  "cosyvoice3-24k-80": { ...cosyvoice, maxFrequency: 12000 },
  /** F5-TTS, github.com/SWivid/F5-TTS, model/modules.py, get_vocos_mel_spectrogram: clamped to 1e-5. */
  "f5-24k-100": { ...vocos, floor: 1e-5 },
  /** ZipVoice, github.com/k2-fsa/ZipVoice, utils/feature.py (VocosFbank), and feat_scale 0.1 of bin/infer_zipvoice.py. */
  "zipvoice-24k-100": { ...vocos, deviation: 10 },
  /**
   * GPT-SoVITS v4, github.com/RVC-Boss/GPT-SoVITS, mel_fn_v4 and norm_spec of TTS_infer_pack/TTS.py with
   * module/mel_processing.py: (x + 12)/14·2 − 1 is (x + 5)/7.
   */
  "gptsovits4-32k-100": {
    ...hifigan,
    sampleRate: 32000,
    fftSize: 1280,
    hopLength: 320,
    windowLength: 1280,
    bands: 100,
    maxFrequency: 16000,
    magnitudeEpsilon: 1e-8,
    mean: -5,
    deviation: 7,
  },
  /** DiffSinger, github.com/openvpi/DiffSinger, configs/acoustic.yaml and nvSTFT.py of the NSF-HiFiGAN: mel_base e. */
  "diffsinger-44k-128": { ...bigvgan44, minFrequency: 40, maxFrequency: 16000, magnitudeEpsilon: 0 },
  /**
   * StyleTTS 2, github.com/yl4579/StyleTTS2, meldataset.py: ln(1e-5 + x) of torchaudio's MelSpectrogram of power 2, which
   * is not told the rate and builds its bank for 16 kHz; then (x + 4)/4.
   */
  "styletts2-24k-80": {
    ...vocos,
    fftSize: 2048,
    hopLength: 300,
    windowLength: 1200,
    bands: 80,
    maxFrequency: 8000,
    floor: 1e-5,
    power: 2,
    logOffset: 1e-5,
    mean: -4,
    deviation: 4,
    bankRate: 16000,
  },
  /** SpeechT5, github.com/huggingface/transformers, feature_extraction_speecht5.py. */
  "speecht5-16k-80": {
    ...hifigan,
    sampleRate: 16000,
    minFrequency: 80,
    maxFrequency: 7600,
    padding: "center",
    magnitudeEpsilon: 0,
    log: "log10",
    floor: 1e-10,
  },
  /** Matcha-TTS, github.com/shivammehta25/Matcha-TTS, utils/audio.py with configs/data/ljspeech.yaml. */
  "matcha-22k-80": { ...hifigan, mean: -5.536622, deviation: 2.116101 },
  /** Matcha-TTS of VCTK, configs/data/vctk.yaml. */
  "matcha-vctk-22k-80": { ...hifigan, mean: -6.630575, deviation: 2.482914 },
};

/** Presets by the names of the models that write such mels. */
const aliases: Readonly<Record<string, string>> = {
  tacotron2: "tacotron2-22k-80",
  vocos: "vocos-24k-100",
  wavegrad: "wavegrad-24k-128",
  bigvgan_v2_22khz_80band_256x: "bigvgan-22k-80-full",
  bigvgan_v2_22khz_80band_fmax8k_256x: DEFAULT_PRESET,
  bigvgan_v2_24khz_100band_256x: "bigvgan-24k-100",
  bigvgan_v2_44khz_128band_256x: "bigvgan-44k-128-256x",
  bigvgan_v2_44khz_128band_512x: "bigvgan-44k-128",
  indextts2: "bigvgan-22k-80-full",
  cosyvoice2: "cosyvoice2-24k-80",
  chatterbox: "cosyvoice2-24k-80",
  cosyvoice3: "cosyvoice3-24k-80",
  "f5-tts": "f5-24k-100",
  zipvoice: "zipvoice-24k-100",
  "gpt-sovits-v4": "gptsovits4-32k-100",
  diffsinger: "diffsinger-44k-128",
  styletts2: "styletts2-24k-80",
  speecht5: "speecht5-16k-80",
  "matcha-tts": "matcha-22k-80",
  "matcha-tts-vctk": "matcha-vctk-22k-80",
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

/** The other names of presets, each with the preset's own. */
export function presetAliases(): [alias: string, preset: string][] {
  return Object.entries(aliases);
}

/**
 * The mel format of a preset.
 *
 * @param name its own or that of a model (`presetAliases`)
 * @throws UnknownPresetError, which lists the names there are
 */
export function findPreset(name: string): MelFormat {
  const own = Object.hasOwn(aliases, name) ? aliases[name] : name;
  if (!Object.hasOwn(presets, own)) throw new UnknownPresetError(name, presetNames());
  return presets[own];
}

/** The name of the preset that has exactly this format, if there is one. */
export function presetNameOf(format: MelFormat): string | undefined {
  return presetNames().find((name) => formatsEqual(presets[name], format));
}

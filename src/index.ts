// The public API: the vocoder, recordings and mels in and out of files, and the diffusion core. Everything else is
// internal.
export { FileError, InputError, VocodeError } from "./errors.js";

export {
  MelMismatchError,
  Vocoder,
  shippedCheckpoint,
  type SpeechIterator,
  type Synthesis,
  type VocoderOptions,
} from "./vocoder.js";
export {
  defaultSynthesis,
  type StreamOptions,
  type SynthesisOptions,
} from "./synthesis/synthesis-options.js";
export type { SynthesisReport } from "./synthesis/synthesis-report.js";
export { StartError } from "./synthesis/start-choice.js";
export { PieceError } from "./synthesis/harmonic-start.js";
export { RefinementError } from "./synthesis/mel-consistency.js";
export { MelFramesError } from "./synthesis/speech-stream.js";
export { NotCalibratedError, type Precision, PrecisionUnavailableError } from "./synthesis/precision.js";
export { CheckpointError, WeightsError } from "./checkpoint/errors.js";
export { EngineUnavailableError } from "./runtime/errors.js";
export { listEngines, type EngineStatus, type RuntimeOptions } from "./runtime/engines.js";

export { openRecording, type OpenRecording } from "./audio/recording/open-recording.js";
export { readRecording } from "./audio/recording/read-recording.js";
export type { Recording, RecordingSource, RecordingStream } from "./audio/recording/recording.js";
export { resample, Resampler } from "./audio/recording/resample.js";
export { writeWav, type WavOutputEncoding, type WrittenWav } from "./audio/wav/write-wav.js";

export type { Mel, MelFormat } from "./audio/mel-format/mel-format.js";
export { DEFAULT_PRESET, findPreset, presetNames } from "./audio/mel-format/mel-presets.js";
export { formatFromOption } from "./audio/mel-format/mel-format-option.js";
export { describeFormat, formatDifferences, formatsEqual } from "./audio/mel-format/mel-format-text.js";
export { MelAnalyzer } from "./audio/mel-analysis/mel-analyzer.js";
export { computeMel } from "./audio/mel-analysis/mel.js";
export { melPieces } from "./audio/mel-analysis/mel.js";
export { melOfRecording } from "./audio/mel-analysis/mel-of-recording.js";
export { readMel, writeMel, type MelFile, type ReadMelOptions } from "./audio/mel-file/mel-file.js";
export { type MelFrames, openMel, type OpenMel } from "./audio/mel-file/open-mel.js";

export type { NoiseSchedule } from "./diffusion/noise-schedule.js";
export {
  ScheduleError,
  scheduleFromBetas,
  scheduleFromLogSnrs,
  type ScheduleOrigin,
} from "./diffusion/schedules/build-schedule.js";
export { namedSchedules, scheduleByName } from "./diffusion/schedules/named-schedules.js";
export { respace } from "./diffusion/schedules/respace.js";
export { parseScheduleJson } from "./diffusion/schedules/schedule-json.js";
export { scheduleSteps, type ScheduleStep } from "./diffusion/schedules/schedule-steps.js";
export { diffuse, diffuseStep, posterior, posteriorMean } from "./diffusion/forward-process.js";
export { convert, type Parameterisation } from "./diffusion/parameterisation.js";
export { lossWeight, noisePredictionLoss } from "./diffusion/objective.js";
export {
  fillNormals,
  NoiseAddressError,
  parseSeed,
  SeedError,
  type NoiseAddress,
  type Seed,
} from "./diffusion/noise.js";
export {
  planFor,
  SamplerError,
  samplerNames,
  type SamplerName,
  type SamplerOptions,
} from "./diffusion/samplers/plan-for.js";
export type { PlanStep, SamplingPlan } from "./diffusion/samplers/sampling-plan.js";
export {
  DenoiserOutputError,
  runPlan,
  sample,
  seededNoise,
  type Denoiser,
  type NoiseSource,
  type SamplerState,
} from "./diffusion/samplers/run-plan.js";

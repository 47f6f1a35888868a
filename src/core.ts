// What every platform's API has: errors, options and reports, mels and recordings in memory, and the diffusion core.
export { FileError, InputError, VocodeError } from "./errors.js";

export { MelMismatchError } from "./mel/format.js";
export { MelFormatMismatchError } from "./mel/conversion.js";
export { MelValuesMismatchError } from "./mel/diagnosis.js";
export type { SpeechIterator, Synthesis, VocoderOptions } from "./vocoder.js";
export {
  defaultSynthesis,
  type StepView,
  type StreamOptions,
  SynthesisOptionError,
  type SynthesisOptions,
} from "./synthesis/settings.js";
export type { SynthesisReport } from "./synthesis/report.js";
export { StartError } from "./synthesis/start.js";
export { PieceError } from "./synthesis/start.js";
export { PitchFramesError, PitchValueError } from "./synthesis/given-pitch.js";
export { RefinementError } from "./mel/consistency.js";
export { MelFramesError, NonFiniteSpeechError } from "./synthesis/speech-stream.js";
export { DisposedError } from "./host/thread-pool.js";
export { NotCalibratedError, type Precision, PrecisionUnavailableError } from "./engine/engine.js";
export { CheckpointError, EngineUnavailableError, WeightsError } from "./errors.js";
export type { EngineSettings } from "./engine/engine.js";

export type { OpenRecording } from "./audio/open-recording.js";
export type { Recording, RecordingSource, RecordingStream } from "./audio/recording.js";
export { melOfRecording, resample, Resampler } from "./audio/resample.js";
export { PitchFileError } from "./audio/pitch-track.js";
export type { WavOutputEncoding, WrittenWav } from "./audio/write-wav.js";

export type { Mel, MelFormat } from "./mel/format.js";
export { DEFAULT_PRESET, findPreset, presetNames } from "./mel/presets.js";
export { LossyConversionError, type Reformatted, reformatMel } from "./mel/reformat.js";
export { describeFormat, formatDifferences, formatsEqual } from "./mel/format.js";
export { computeMel, MelAnalyzer, melPieces } from "./mel/analysis.js";
export type { MelFile, ReadMelOptions } from "./mel/file.js";
export type { MelFrames, OpenMel } from "./mel/open-mel.js";

export type { NoiseSchedule } from "./diffusion/schedules/build-schedule.js";
export {
  ScheduleError,
  scheduleFromBetas,
  scheduleFromLogSnrs,
  type ScheduleOrigin,
} from "./diffusion/schedules/build-schedule.js";
export { namedSchedules, scheduleByName } from "./diffusion/schedules/named-schedules.js";
export { respace } from "./diffusion/schedules/build-schedule.js";
export { parseScheduleJson } from "./formats/schedule-json.js";
export { scheduleSteps, type ScheduleStep } from "./diffusion/schedules/build-schedule.js";
export { diffuse, diffuseStep, posteriorMean } from "./diffusion/forward-process.js";
export { posterior } from "./diffusion/levels.js";
export { convert, type Parameterisation } from "./diffusion/parameterisation.js";
export { lossWeight, noisePredictionLoss } from "./diffusion/noise-prediction.js";
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
} from "./diffusion/samplers/sampling-plan.js";

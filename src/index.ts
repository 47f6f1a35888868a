// The public API for Node: the vocoder, recordings and mels in and out of files, and the diffusion core. Everything else is
// internal.
export * from "./core.js";
export { type NodeVocoderOptions, Vocoder } from "./node.js";
export {
  shippedCheckpoint,
  type ShippedVoice,
  shippedVoices,
  UnknownVoiceError,
} from "./host/node/voices.js";
export { DownloadError } from "./host/node/remote-checkpoints.js";
export { listEngines, type EngineStatus } from "./host/node/engines.js";
export { openRecording, readPitch, readRecording, writePitch, writeWav } from "./host/node/recordings.js";
export { formatFromOption, openMel, readMel, writeMel } from "./host/node/mel-files.js";

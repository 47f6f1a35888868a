// The seam for a web page: the core with a host to be given, and bytes in place of paths. Nothing here imports Node, which
// test/browser.test.ts makes sure of. Not exported by the package as long as no host for the web comes with it.
export * from "./core.js";
export type { Host } from "./host.js";
export { type Hosted, Vocoder } from "./vocoder.js";
export type { Engine } from "./engine/engine.js";
export type { Model, ModelOptions, ModelTensor, OpenModel } from "./engine/engine.js";
export { type GraphOpener, GraphEngine, type GraphTarget } from "./engine/graph-engine.js";

export { byteSource, type ByteSource, type Files } from "./formats/bytes.js";
export { parseMel } from "./mel/file.js";
export { openMelIn } from "./mel/open-mel.js";
export { parseFormatOption } from "./mel/format-option.js";
export { decodeRecording, openRecordingIn } from "./audio/open-recording.js";
export { WavFile } from "./audio/write-wav.js";

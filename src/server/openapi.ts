// What the server takes and gives, as an OpenAPI 3.1 document. The options are those of synthesis-request.ts; a test holds
// the two together.
import { samplerNames } from "../diffusion/samplers/plan-for.js";
import { WAV_OUTPUT_ENCODINGS } from "../audio/write-wav.js";
import { tunedStarts } from "../checkpoint/tunings.js";
import { melLayouts } from "../mel/layout.js";
import { limits } from "./synthesis-request.js";

/** An option, as a schema. */
const options = {
  voice: {
    type: "string",
    description:
      "A voice's name; without it the one that takes the mel's own format, or the first of /v1/voices.",
  },
  steps: {
    ...{ type: "integer", minimum: 1, maximum: limits.steps },
    description: "Calls of the denoiser; without it the voice's own number.",
  },
  seed: {
    type: "string",
    description: "Of the noise: a whole number. The same seed gives the same samples.",
  },
  refine: {
    ...{ type: "integer", minimum: 0, maximum: limits.refine },
    description: "Mel corrections after the last step.",
  },
  start: { type: "string", enum: tunedStarts, description: "Pulses of the voice's pitch, or white noise." },
  startLevel: { type: "number", description: "Log-SNR that a harmonic start is diffused to." },
  sampler: { type: "string", enum: samplerNames },
  schedule: { type: "string", description: "Noise levels by name, in place of those for `steps`." },
  pitchShift: {
    ...{ type: "number", minimum: -limits.pitchShift, maximum: limits.pitchShift },
    description: "Cents by which the start's pitch is raised.",
  },
  melFormat: {
    type: "string",
    description: "What an unlabelled mel is: a preset, fields, or how its values are written.",
  },
  melLayout: { type: "string", enum: melLayouts, description: "The order of an unlabelled mel's axes." },
  trustMel: { type: "boolean", description: "Takes the mel as it is, whatever it looks like." },
  output: { type: "string", enum: ["wav", "pcm"], default: "wav" },
  encoding: { type: "string", enum: Object.keys(WAV_OUTPUT_ENCODINGS), default: "16-bit" },
  stream: { type: "boolean", default: false, description: "Sends audio as it is made." },
} as const;

/** Of a whole mel alone. */
const ofWholeMels: readonly string[] = ["melFormat", "melLayout", "trustMel", "stream"];

const error = {
  description: "Why it was not done.",
  content: {
    "application/json": {
      schema: {
        type: "object",
        required: ["error"],
        properties: {
          error: {
            type: "object",
            required: ["type", "message"],
            properties: { type: { type: "string" }, message: { type: "string" } },
          },
        },
      },
    },
  },
};

const audio = {
  description: "The audio, mono, little-endian. Headers say its sample rate and encoding.",
  headers: Object.fromEntries(
    ["vocode-voice", "vocode-sample-rate", "vocode-encoding"].map((name) => [
      name,
      { schema: { type: "string" } },
    ]),
  ),
  content: { "audio/wav": {}, "application/octet-stream": {} },
};

const refusals = Object.fromEntries(
  [400, 401, 404, 405, 408, 413, 415, 429, 500, 503].map((status) => [String(status), error]),
);

/** @param voices their names */
export function openApiDocument(version: string, voices: readonly string[]): object {
  const named = { ...options, voice: { ...options.voice, enum: voices } };
  const parameters = (names: readonly string[]): object[] =>
    Object.entries(named)
      .filter(([name]) => names.includes(name))
      .map(([name, schema]) => ({ name, in: "query", schema }));
  const all = Object.keys(options);
  const binary = { schema: { type: "string", format: "binary" } };
  const json = { description: "As JSON.", content: { "application/json": {} } };
  return {
    openapi: "3.1.0",
    info: { title: "vocode", version, description: "Mel spectrograms to speech." },
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    paths: {
      "/v1/synthesize": {
        post: {
          summary: "A whole mel to speech",
          parameters: parameters(all),
          requestBody: {
            required: true,
            content: {
              "application/x-mel": binary,
              "application/octet-stream": {
                ...binary,
                description: "Frames alone: as many float32 each as the voice has bands.",
              },
              "application/json": {
                schema: {
                  type: "object",
                  required: ["mel"],
                  properties: { mel: { type: "string", contentEncoding: "base64" }, ...named },
                },
              },
            },
          },
          responses: { "200": audio, ...refusals, "504": error },
        },
      },
      "/v1/stream": {
        post: {
          summary: "Frames to audio as they come",
          parameters: parameters(all.filter((name) => !ofWholeMels.includes(name))),
          requestBody: { required: true, content: { "application/octet-stream": binary } },
          responses: { "200": audio, ...refusals },
        },
      },
      "/v1/voices": { get: { summary: "The voices and their mels", responses: { "200": json } } },
      "/healthz": { get: { summary: "Whether it lives", responses: { "200": json } } },
      "/readyz": { get: { summary: "Whether it takes requests", responses: { "200": json, "503": json } } },
      "/metrics": {
        get: {
          summary: "Counts for Prometheus",
          responses: { "200": { description: "Text.", content: { "text/plain": {} } } },
        },
      },
      "/openapi.json": { get: { summary: "This document", responses: { "200": json } } },
    },
  };
}

// What a reader of recordings must do with any bytes: a valid recording no larger than they justify, or a typed error.
import { expect } from "vitest";
import type { Recording } from "../../src/audio/recording.js";
import { InputError } from "../../src/errors.js";

/** FLAC's constant frames hold up to 65,535 samples in about a dozen bytes. */
const MOST_SAMPLES_A_BYTE = 65_536 / 8;

/** Reads bytes, damaged ones most likely, and checks that the answer is one of the two. */
export async function validOrRefused(
  bytes: Uint8Array,
  read: (bytes: Uint8Array) => Promise<Recording>,
): Promise<void> {
  let recording: Recording;
  try {
    recording = await read(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return;
  }
  expect(recording.samples.length).toBeGreaterThan(0);
  expect(recording.samples.length).toBeLessThanOrEqual(bytes.length * MOST_SAMPLES_A_BYTE);
  expect(recording.sampleRate).toBeGreaterThan(0);
}

// The small recordings in test/fixtures/audio, which make_audio_fixtures.py there wrote.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A fixture's path. */
export function audioFixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/audio/${name}`, import.meta.url));
}

/** A fixture's bytes. */
export function audioFixtureBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(audioFixture(name)));
}

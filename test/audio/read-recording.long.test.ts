// Ten thousand damaged files of each kind.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import wavefile from "wavefile";
import { decodeRecording } from "../../src/audio/open-recording.js";
import type { Recording } from "../../src/audio/recording.js";
import { InputError } from "../../src/errors.js";
import { audioFixtureBytes } from "../support/audio-fixtures.js";
import { mutated } from "../support/damaged-files.js";
import { flacBytes, joined } from "../support/flac-bytes.js";
import { validOrRefused } from "../support/valid-or-refused.js";
import { chunk, wave64Bytes, wavBytes } from "../support/wav-bytes.js";

const CASES = 10_000;
const TIMEOUT_MS = 20 * 60_000;

function surround(): Uint8Array {
  const wav = new wavefile.WaveFile();
  const channels = Array.from({ length: 6 }, () => [...Array(200).keys()]);
  wav.fromScratch(6, 48000, "24", channels);
  return wav.toBuffer();
}

function companded(): Uint8Array {
  const wav = new wavefile.WaveFile();
  wav.fromScratch(1, 8000, "16", [...Array(4000).keys()]);
  wav.toIMAADPCM();
  return wav.toBuffer();
}

/** Floats behind 64-bit sizes, the only ones that a WAV file can have. */
function wide(): Uint8Array {
  const data = new Uint8Array(Float32Array.from({ length: 300 }, (_, n) => Math.sin(n)).buffer);
  const sizes = new Uint8Array(28);
  new DataView(sizes.buffer).setBigUint64(8, BigInt(data.length), true);
  const before = chunk("ds64", sizes);
  return wavBytes({ magic: "RF64", format: 3, bits: 32, before, data, dataSize: 0xffffffff });
}

describe.each([
  ["16-bit WAV", audioFixtureBytes("speech.wav").subarray(0, 3000)],
  ["24-bit six-channel WAV", surround()],
  ["IMA ADPCM WAV", companded()],
  ["RF64 WAV", wide()],
  ["FLAC", audioFixtureBytes("speech.flac")],
  ["24-bit stereo FLAC", audioFixtureBytes("stereo-24-bit.flac")],
  ["IMA ADPCM stereo WAV", audioFixtureBytes("ima-adpcm-stereo.wav")],
  ["Microsoft ADPCM WAV", audioFixtureBytes("ms-adpcm-stereo.wav")],
  ["NIST SPHERE", audioFixtureBytes("mu-law-stereo.sph")],
  ["Wave64", wave64Bytes(new Uint8Array(2000))],
])("a damaged %s file", (_, bytes) => {
  it(
    "is read or refused with a typed error",
    async () => {
      const property = fc.asyncProperty(mutated([bytes]), (damaged) =>
        validOrRefused(damaged, decodeRecording),
      );
      await fc.assert(property, { numRuns: CASES });
    },
    TIMEOUT_MS,
  );
});

describe("a damaged FLAC file of unknown length", () => {
  it(
    "has all of its samples, or a remark, or is refused",
    async () => {
      const sound = Array.from({ length: 600 }, (_, n) => Math.round(9000 * Math.sin(n / 11)));
      const whole = flacBytes([sound], { promised: 0, blocks: [100, 250, 16] });
      const { samples } = await decodeRecording(whole);
      // from the first frame on, and not its end, since nothing says where that is
      const property = fc.asyncProperty(mutated([whole.subarray(42, -1)]), async (frames) => {
        const damaged = joined([whole.subarray(0, 42), frames, whole.subarray(-1)]);
        const result = await decodeRecording(damaged).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toBeInstanceOf(InputError);
        else if ((result as Recording).source.remarks.length === 0) expect(result).toMatchObject({ samples });
      });
      await fc.assert(property, { numRuns: CASES });
    },
    TIMEOUT_MS,
  );
});

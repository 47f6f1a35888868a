// What is brought as a recording and is none that is read: named as what it is, with a command for this very file.
import { describe, expect, it } from "vitest";
import { decodeRecording, openRecordingIn } from "../../src/audio/open-recording.js";
import { isRecording } from "../../src/audio/recording.js";
import { byteSource } from "../../src/formats/bytes.js";
import { wavBytes } from "../support/wav-bytes.js";

function bytes(text: string, length = Math.max(text.length, 100)): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i < text.length ? text.charCodeAt(i) : 7));
}

/** Frames of 128 kbit/s at 44.1 kHz, 417 bytes each. */
function mp3(start = "\xff\xfb\x90\x00"): Uint8Array {
  const file = new Uint8Array(3 * 417);
  for (const at of [0, 417, 834]) file.set(bytes(start, 4), at);
  return file;
}

const ogg = (codec: string): string => `OggS${"\0".repeat(24)}${codec}`;

const formats: [string, Uint8Array][] = [
  ["MPEG-4/AAC", bytes("\0\0\0\x1cftypM4A ")],
  ["MP3", mp3()],
  ["MP3", bytes("ID3\x04\0\0\0\0\0\x20")],
  [
    "AAC (ADTS)",
    Uint8Array.from([
      ...bytes("\xff\xf1\x50\x80\x02\x1f\xfc", 16),
      ...bytes("\xff\xf1\x50\x80\x02\x1f\xfc", 16),
    ]),
  ],
  ["Ogg Opus", bytes(ogg("OpusHead"))],
  ["Ogg Vorbis", bytes(ogg("\x01vorbis"))],
  ["Ogg FLAC", bytes(ogg("\x7fFLAC"))],
  ["AIFF", bytes("FORM\0\0\x10\0AIFF")],
  ["AIFF", bytes("FORM\0\0\x10\0AIFC")],
  ["Core Audio (CAF)", bytes("caff\0\x01\0\0")],
  ["AMR", bytes("#!AMR\n")],
  ["AMR", bytes("#!AMR-WB\n")],
  ["AU", bytes(".snd\0\0\0\x18")],
  ["Matroska/WebM", bytes("\x1aE\xdf\xa3")],
  ["Windows Media (WMA)", bytes("\x30\x26\xb2\x75\x8e\x66\xcf\x11")],
];

describe("sound in a format that is not read", () => {
  it.each(formats)("is refused as %s, with a command for this very file", async (name, file) => {
    expect(await isRecording(byteSource(file), "whatever")).toBe(true);
    for (const [path, command] of [
      ["a/b.wav", "ffmpeg -i a/b.wav a/b-pcm.wav"],
      ["a.b/c.m4a", "ffmpeg -i a.b/c.m4a a.b/c.wav"],
      ["no-ending", "ffmpeg -i no-ending no-ending.wav"],
      ["a voice's.mp3", "ffmpeg -i 'a voice'\\''s.mp3' 'a voice'\\''s.wav'"],
      ["-x.mp3", "ffmpeg -i ./-x.mp3 ./-x.wav"],
    ])
      await expect(openRecordingIn(byteSource(file), path)).rejects.toThrow(
        `'${path}' cannot be used as a recording. It is ${name}, which vocode does not read. Convert it: ${command}`,
      );
  });

  it.each([
    [49, "GSM 6.10"],
    [85, "MP3"],
    [0x40, "G.721 ADPCM"],
    [0x45, "G.726 ADPCM"],
    [0x161, "Windows Media Audio"],
    [0xf1ac, "FLAC"],
  ])("in a WAV file of format %i is refused as %s", async (format, name) => {
    await expect(openRecordingIn(byteSource(wavBytes({ format })), "call.wav")).rejects.toThrow(
      `encoded as ${name} (format ${format}), which vocode does not read. Convert it: ffmpeg -i call.wav call-pcm.wav`,
    );
  });

  it("in a WAV file of a format that nobody knows is refused by its number", async () => {
    await expect(decodeRecording(wavBytes({ format: 0x7777 }))).rejects.toThrow(/encoded in format 30583/);
  });
});

describe("a file that is no recording", () => {
  it.each([
    ["empty", new Uint8Array(0), /It is empty: it has 0 bytes\. (?!.*ffmpeg)/],
    [
      "a Git LFS pointer",
      bytes("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n"),
      /Git LFS pointer.*git lfs pull/,
    ],
    ["a web page", bytes("\n<!DOCTYPE html><html>"), /web page/],
    ["a web page without a type", bytes("<HTML><head>"), /web page/],
    ["a web page behind a byte order mark", bytes("\xef\xbb\xbf<html>"), /web page/],
    ["a storage's error", bytes("<?xml version='1.0'?><Error>"), /XML/],
    ["a ZIP archive", bytes("PK\x03\x04"), /ZIP archive/],
    ["compressed", bytes("\x1f\x8b\x08"), /gzip/],
    ["zeros", new Uint8Array(1000), /holds zeros/],
    ["anything else", bytes("what is this?"), /neither WAV nor FLAC\. Convert it/],
  ])("is named as what it is: %s", async (_, file, message) => {
    await expect(openRecordingIn(byteSource(file), "speech.wav")).rejects.toThrow(message);
    // every command that takes recordings tells it by its name then
    expect(await isRecording(byteSource(file), "speech.wav")).toBe(true);
    expect(await isRecording(byteSource(file), "speech.mel")).toBe(false);
  });

  it("is no recording where it holds a mel, whatever its name", async () => {
    expect(await isRecording(byteSource(bytes("\x93NUMPY\x01\0")), "speech.wav")).toBe(false);
    expect(await isRecording(byteSource(bytes("\x40\0\0\0\0\0\0\0{")), "speech.wav")).toBe(false);
  });

  it("is not taken for MP3 or AAC by two bytes alone", async () => {
    expect(await isRecording(byteSource(bytes("\xff\xfb\x90\x00", 2000)), "speech.mel")).toBe(false);
    expect(await isRecording(byteSource(bytes("\xff\xf1\x50\x80\x02\x1f\xfc", 2000)), "speech.mel")).toBe(
      false,
    );
  });
});

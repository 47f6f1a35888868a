import { describe, expect, it } from "vitest";
import { startRecord, summaryRecord, versionRecord } from "../../src/formats/tensorboard.js";

const bytesOf = (text: string): number[] => [...new TextEncoder().encode(text)];

describe("TensorBoard's records", () => {
  it("begin a file as TensorFlow's writer does", () => {
    const record = versionRecord(2);
    // length 24 and its masked CRC-32C, as they stand first in every event file
    expect([...record.subarray(0, 12)]).toEqual([24, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22]);
    // wall_time 2.0 in field 1, file_version in field 3
    const message = [0x09, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x1a, 13, ...bytesOf("brain.Event:2")];
    expect([...record.subarray(12, 36)]).toEqual(message);
    expect(record).toHaveLength(24 + 16);
  });

  it("say from which step on a continued run counts", () => {
    const message = [0x09, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x10, 0xac, 0x02, 0x3a, 2, 0x08, 1];
    expect([...startRecord(2, 300).subarray(12, -4)]).toEqual(message);
  });

  it("hold scalars in float32 under their tags", () => {
    const value = [0x0a, 4, ...bytesOf("loss"), 0x15, 0, 0, 0xc0, 0x3f];
    const summary = [0x0a, value.length, ...value];
    const message = [0x09, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x10, 7, 0x2a, summary.length, ...summary];
    expect([...summaryRecord(2, 7, [{ tag: "loss", scalar: 1.5 }]).subarray(12, -4)]).toEqual(message);
  });
});

// TensorBoard's event files: records of a protobuf `Event` each, framed as TFRecord (length, CRC-32C of it, bytes, CRC-32C
// of them). The messages' numbers are those of tensorflow/core/util/event.proto and framework/summary.proto.
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** One value of a step, under the tag by which TensorBoard shows it. */
export type SummaryValue = { readonly tag: string } & (
  | { readonly scalar: number }
  | { readonly text: string }
  | { readonly png: Uint8Array; readonly width: number; readonly height: number }
  | { readonly wav: Uint8Array; readonly sampleRate: number; readonly samples: number }
);

/** The record that an event file begins with. @param seconds since 1970 */
export function versionRecord(seconds: number): Uint8Array {
  return frameRecord(event(seconds).uint32(field(3)).string("brain.Event:2").finish());
}

/** Says that a program began here, so that what an earlier one noted of this step and later ones is dropped. */
export function startRecord(seconds: number, step: number): Uint8Array {
  const start = new BinaryWriter().uint32(field(1, WireType.Varint)).int32(1);
  return frameRecord(event(seconds, step).uint32(field(7)).bytes(start.finish()).finish());
}

/** The values of a step. */
export function summaryRecord(seconds: number, step: number, values: readonly SummaryValue[]): Uint8Array {
  const summary = new BinaryWriter();
  for (const value of values) summary.uint32(field(1)).bytes(valueBytes(value));
  return frameRecord(event(seconds, step).uint32(field(5)).bytes(summary.finish()).finish());
}

function event(seconds: number, step?: number): BinaryWriter {
  const writer = new BinaryWriter().uint32(field(1, WireType.Bit64)).double(seconds);
  return step === undefined ? writer : writer.uint32(field(2, WireType.Varint)).int64(step);
}

function valueBytes(value: SummaryValue): Uint8Array {
  const writer = new BinaryWriter().uint32(field(1)).string(value.tag);
  if ("scalar" in value) writer.uint32(field(2, WireType.Bit32)).float(value.scalar);
  else if ("png" in value) {
    const { png, width, height } = value;
    const image = new BinaryWriter()
      .uint32(field(1, WireType.Varint))
      .int32(height)
      .uint32(field(2, WireType.Varint))
      .int32(width)
      // three colours
      .uint32(field(3, WireType.Varint))
      .int32(3)
      .uint32(field(4))
      .bytes(png);
    writer.uint32(field(4)).bytes(image.finish());
  } else if ("wav" in value) {
    const { wav, sampleRate, samples } = value;
    const audio = new BinaryWriter()
      .uint32(field(1, WireType.Bit32))
      .float(sampleRate)
      .uint32(field(2, WireType.Varint))
      .int64(1)
      .uint32(field(3, WireType.Varint))
      .int64(samples)
      .uint32(field(4))
      .bytes(wav)
      .uint32(field(5))
      .string("audio/wav");
    writer.uint32(field(6)).bytes(audio.finish());
  } else {
    const tensor = new BinaryWriter()
      .uint32(field(1, WireType.Varint))
      // DT_STRING
      .int32(7)
      .uint32(field(2))
      .bytes(new Uint8Array(0))
      .uint32(field(8))
      .bytes(new TextEncoder().encode(value.text));
    const plugin = new BinaryWriter().uint32(field(1)).string("text");
    const metadata = new BinaryWriter().uint32(field(1)).bytes(plugin.finish());
    writer.uint32(field(8)).bytes(tensor.finish()).uint32(field(9)).bytes(metadata.finish());
  }
  return writer.finish();
}

/** A field's tag in protobuf. */
function field(number: number, type = WireType.LengthDelimited): number {
  return (number << 3) | type;
}

function frameRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setUint32(0, data.length, true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return record;
}

/** TFRecord's checksum: a CRC-32C (Castagnoli), rotated and shifted so that checksums of checksums differ. */
function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  crc = ~crc;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

// ZIP archives in memory, as numpy.savez and torch.save write them: the directory at the end, and the files it lists, stored
// or deflated. Sizes are checked before anything is allocated, and each file against its checksum.
// Source: PKWARE's APPNOTE.TXT 6.3.
import { inflateSync } from "fflate";
import { InputError } from "../errors.js";

/** An archive that is damaged, or packed in a way that is not read here. */
export class ZipError extends InputError {}

/** A file of an archive. */
export interface ZipEntry {
  /** Its path in the archive. */
  readonly name: string;
  /** Unpacked. */
  readonly length: number;
  /**
   * Its bytes; those of a stored one share the archive's.
   *
   * @throws ZipError where they are damaged
   */
  readonly read: () => Uint8Array;
}

const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const LONGEST_COMMENT = 65_535;
const IN_ZIP64 = 0xffffffff;
/** The most that DEFLATE makes of a byte. */
const MOST_A_BYTE = 1032;

/** Whether a file's first bytes are those of a ZIP archive. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

/**
 * The files of an archive, folders left out.
 *
 * @throws ZipError
 */
export function parseZip(bytes: Uint8Array): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { count, start } = findDirectory(view);
  const entries: ZipEntry[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_BYTES > bytes.length || view.getUint32(at, true) !== 0x02014b50)
      throw new ZipError(`The ZIP archive's directory is damaged at entry ${i + 1} of ${count}.`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
      view.getUint16(at + offset, true),
    );
    const end = at + ENTRY_BYTES + nameLength + extraLength + commentLength;
    if (end > bytes.length) throw new ZipError("The ZIP archive's directory is damaged: it was cut off.");
    const name = new TextDecoder().decode(bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameLength));
    if (!name.endsWith("/")) entries.push(readEntry(bytes, view, at, name));
    at = end;
  }
  // files may share their bytes; unpacking all of them must not take more than the archive can hold
  const total = entries.reduce((sum, { length }) => sum + length, 0);
  if (total > MOST_A_BYTE * bytes.length)
    throw new ZipError(`The ZIP archive of ${bytes.length} bytes claims to hold ${total}: it is damaged.`);
  return entries;
}

function findDirectory(view: DataView): { count: number; start: number } {
  const first = Math.max(0, view.byteLength - END_BYTES - LONGEST_COMMENT);
  for (let at = view.byteLength - END_BYTES; at >= first; at--) {
    if (view.getUint32(at, true) !== 0x06054b50) continue;
    const [count, start] = [view.getUint16(at + 10, true), view.getUint32(at + 16, true)];
    if (count !== 0xffff && start !== IN_ZIP64) return { count, start };
    return findDirectory64(view, at);
  }
  throw new ZipError("The ZIP archive has no directory at its end: it was cut off.");
}

/** The directory of an archive with more files or bytes than the end record has room for. */
function findDirectory64(view: DataView, end: number): { count: number; start: number } {
  const locator = end - 20;
  if (locator >= 0 && view.getUint32(locator, true) === 0x07064b50) {
    const at = wholeNumber(view, locator + 8);
    if (at + 56 <= view.byteLength && view.getUint32(at, true) === 0x06064b50)
      return { count: wholeNumber(view, at + 32), start: wholeNumber(view, at + 48) };
  }
  throw new ZipError("The ZIP archive's directory is damaged: its end record for large archives is missing.");
}

function wholeNumber(view: DataView, at: number): number {
  if (at + 8 > view.byteLength) throw new ZipError("The ZIP archive's directory is damaged: it was cut off.");
  return Number(view.getBigUint64(at, true));
}

function readEntry(bytes: Uint8Array, view: DataView, at: number, name: string): ZipEntry {
  const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
  const checksum = view.getUint32(at + 16, true);
  const [packed, length, place] = largeFields(view, at, [
    view.getUint32(at + 20, true),
    view.getUint32(at + 24, true),
    view.getUint32(at + 42, true),
  ]);
  const fail = (problem: string): never => {
    throw new ZipError(`The file '${name.slice(0, 60)}' in the ZIP archive ${problem}.`);
  };
  const read = (): Uint8Array => {
    if (flags & 1) fail("is encrypted");
    if (method !== 0 && method !== 8)
      fail(`is packed by method ${method}, and stored or deflated ones are read`);
    if (place + LOCAL_BYTES > bytes.length || view.getUint32(place, true) !== 0x04034b50)
      fail("is not where the directory says: the archive is damaged");
    const start = place + LOCAL_BYTES + view.getUint16(place + 26, true) + view.getUint16(place + 28, true);
    if (start + packed > bytes.length) fail("was cut off");
    const stored = bytes.subarray(start, start + packed);
    if (method === 0 ? length !== packed : length > MOST_A_BYTE * (packed + 1))
      fail(`claims ${length} bytes, and is packed in ${packed}: the archive is damaged`);
    const content = method === 0 ? stored : inflate(stored, length);
    if (content?.length !== length || crc32(content) !== checksum)
      return fail("is damaged: its checksum does not fit");
    return content;
  };
  return { name, length, read };
}

/** Sizes and the place, from the extra field for those that 32 bits do not hold. */
function largeFields(view: DataView, entry: number, fields: readonly number[]): number[] {
  if (!fields.includes(IN_ZIP64)) return [...fields];
  const [nameLength, extraLength] = [view.getUint16(entry + 28, true), view.getUint16(entry + 30, true)];
  let at = entry + ENTRY_BYTES + nameLength;
  const end = at + extraLength;
  while (at + 4 <= end && view.getUint16(at, true) !== 1) at += 4 + view.getUint16(at + 2, true);
  let next = at + 4;
  // in this order: unpacked, packed, place; only those that are not above
  const wide = (field: number): number => {
    if (field !== IN_ZIP64) return field;
    if (next + 8 > Math.min(end, view.byteLength))
      throw new ZipError("The ZIP archive's directory is damaged: a size is missing.");
    next += 8;
    return wholeNumber(view, next - 8);
  };
  const length = wide(fields[1]);
  return [wide(fields[0]), length, wide(fields[2])];
}

function inflate(stored: Uint8Array, length: number): Uint8Array | undefined {
  try {
    return inflateSync(stored, { out: new Uint8Array(length) });
  } catch {
    return undefined;
  }
}

let crcTable: Uint32Array | undefined;

/** The checksum of ZIP, gzip and PNG. */
function crc32(bytes: Uint8Array): number {
  crcTable ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    return value;
  });
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = crcTable[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

// What is inside: NumPy's archives are of .npy files, torch's of one pickle and of the tensors' values.

/** Whether an archive is one of torch.save. */
export function isTorchArchive(entries: readonly ZipEntry[]): boolean {
  return entries.some(({ name }) => name.endsWith("data.pkl"));
}

/** The .npy files of an archive of numpy.savez, by their names without the ending. */
export function npyEntries(entries: readonly ZipEntry[]): ZipEntry[] {
  return entries
    .filter(({ name }) => name.endsWith(".npy"))
    .map(({ name, length, read }) => ({ name: name.slice(0, -".npy".length), length, read }));
}

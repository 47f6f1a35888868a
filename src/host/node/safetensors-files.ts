// Safetensors files on disk: a header, then the tensors' values one after the other.
import { encodeFloats } from "../../formats/bytes.js";
import { encodeSafetensors, rowsHeader, type StoredTensor } from "../../formats/safetensors.js";
import { streamAtomically } from "./write-files.js";

/**
 * Writes a safetensors file, whole or not at all.
 *
 * @throws FileError where the file system refuses
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly StoredTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const pieces = encodeSafetensors(tensors, metadata);
  await streamAtomically(path, async (file) => {
    for (const piece of pieces) await file.writeFile(piece);
  });
}

/**
 * Writes a file of one float32 tensor [rows, columns] whose number of rows is known only at the end, so that memory
 * does not grow with it. Whole or not at all, also where `pieces` throws.
 *
 * @param pieces the values in order, each a whole number of rows
 * @returns rows written
 * @throws FileError where the file system refuses, and what `pieces` throws
 */
export async function writeSafetensorsRows(
  path: string,
  name: string,
  columns: number,
  pieces: AsyncIterable<Float32Array> | Iterable<Float32Array>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<number> {
  const headerOf = rowsHeader(name, columns, metadata);
  return streamAtomically(path, async (file) => {
    let values = 0;
    await file.writeFile(headerOf(0));
    for await (const piece of pieces) {
      if (piece.length % columns !== 0)
        throw new RangeError(`a piece of ${piece.length} values is no whole number of rows of ${columns}`);
      values += piece.length;
      await file.writeFile(encodeFloats(piece));
    }
    const header = headerOf(values / columns);
    await file.write(header, 0, header.length, 0);
    return values / columns;
  });
}

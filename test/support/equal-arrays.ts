// Set up in every worker: `toEqual` compares typed arrays number by number, as it would by itself (NaN is NaN, and
// 0 is not −0), in a loop of its own: vitest's walks over the names of their elements, a second for a hundred thousand.
import { expect } from "vitest";

expect.addEqualityTesters([
  (a: unknown, b: unknown): boolean | undefined => {
    if (!isNumbers(a) || !isNumbers(b)) return undefined;
    // a Buffer may equal a Uint8Array: what differs in kind is left to vitest, as is the report of what differs in length
    if (a.constructor !== b.constructor || a.length !== b.length) return undefined;
    for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
    return true;
  },
]);

function isNumbers(value: unknown): value is Float32Array | Uint8Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

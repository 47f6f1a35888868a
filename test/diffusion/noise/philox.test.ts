import { describe, expect, it } from "vitest";
import { philox4x32 } from "../../../src/diffusion/noise/normals.js";

// philox4x32, 10 rounds: the lines of kat_vectors in the Random123 distribution (counter, key, result)
const knownAnswers = [
  ["00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
  ["ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"],
  ["243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"],
] as const;

const words = (text: string): number[] => text.split(" ").map((word) => Number.parseInt(word, 16));

describe("Philox-4x32-10", () => {
  it.each(knownAnswers)("maps counter %s under key %s to %s", (counter, key, result) => {
    const state = Uint32Array.from(words(counter));
    const [key0, key1] = words(key);
    philox4x32(state, key0, key1);
    expect([...state]).toEqual(words(result));
  });
});

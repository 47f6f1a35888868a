// A few hundred damaged .npy, safetensors and mel files; mel-mutations.long.test.ts takes 10,000 of each.
import { describe, expect, it } from "vitest";
import { parseMutations, parsersUnderMutation } from "../support/mel-mutations.js";

describe("damaged files", () => {
  it.each(Object.keys(parsersUnderMutation))(
    "of kind %s are refused with a typed error or are valid",
    (parser) => {
      const refused = parseMutations(parser, 500);
      expect(refused).toBeGreaterThan(250);
      expect(refused).toBeLessThan(500);
    },
  );
});

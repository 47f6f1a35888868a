import { describe, expect, it } from "vitest";
import { parseMutations, parsersUnderMutation } from "../support/mel-mutations.js";

describe("10,000 damaged files", () => {
  it.each(Object.keys(parsersUnderMutation))(
    "of kind %s are refused with a typed error or are valid",
    (parser) => {
      const refused = parseMutations(parser, 10_000);
      expect(refused).toBeGreaterThan(5_000);
      expect(refused).toBeLessThan(10_000);
    },
  );
});

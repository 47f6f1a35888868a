import { describe, expect, it } from "vitest";
import { scheduleByName } from "../../src/diffusion/schedules/named-schedules.js";
import { parseScheduleJson } from "../../src/formats/schedule-json.js";

describe("schedules in JSON", () => {
  it("read betas, with a name and a source", () => {
    const text = `{"name": "mine", "source": "by ear", "betas": [7e-6, 1.4e-4, 2.1e-3, 2.8e-2, 0.35, 0.7]}`;
    const schedule = parseScheduleJson(text, "mine.json");
    expect(schedule).toEqual({ ...scheduleByName("wg-6"), name: "mine", source: "by ear" });
  });

  it("read levels, and are called after their file where they say nothing", () => {
    const schedule = parseScheduleJson(`{"logSnrs": [-6, 0, 6]}`, "levels.json");
    expect(schedule).toEqual({
      name: "levels.json",
      source: "the file levels.json",
      logSnrs: Float64Array.of(-6, 0, 6),
      startsFromNoise: true,
    });
  });

  it("read a file that begins with a byte order mark", () => {
    expect([...parseScheduleJson(`\uFEFF{"logSnrs": [-6, 6]}`, "x.json").logSnrs]).toEqual([-6, 6]);
  });

  it.each([
    ["{", /'x.json' is not JSON/],
    ["[0.1, 0.2]", /has to be an object with one list/],
    ["null", /has to be an object/],
    ["{}", /needs exactly one of the lists betas, logSnrs, alphaBars, sqrtAlphaBars, and has none/],
    [`{"betas": [0.1], "logSnrs": [1]}`, /has betas and logSnrs/],
    [`{"beta": [0.1]}`, /unknown key 'beta'. It may have: name, source, betas/],
    [`{"betas": 0.1}`, /needs a list of numbers as 'betas'/],
    [`{"betas": [0.1], "name": 7}`, /needs a text as 'name'/],
    [`{"betas": [0.1], "source": null}`, /needs a text as 'source', not null/],
    [`{"betas": [0.1, 2]}`, /Entry 2 of the 2 betas of the schedule 'x.json' is 2/],
  ])("refuse %s", (text, message) => {
    expect(() => parseScheduleJson(text, "x.json")).toThrow(message);
  });
});

// Means that leave out what says nothing, and the table for spreadsheets.
import { describe, expect, it } from "vitest";
import { evaluationCsv, meanMetrics } from "../../src/evaluation/evaluate.js";
import { type ClipMetrics, metricNames } from "../../src/evaluation/metrics/clip-metrics.js";

function metricsOf(value: number, f0: number): ClipMetrics {
  return { ...(Object.fromEntries(metricNames.map((name) => [name, value])) as ClipMetrics), f0 };
}

describe("meanMetrics", () => {
  it("is taken over the clips that a metric says something about", () => {
    const mean = meanMetrics([{ metrics: metricsOf(1, NaN) }, { metrics: metricsOf(3, 7) }]);
    expect(mean).toMatchObject({ mel: 2, f0: 7 });
    expect(meanMetrics([{ metrics: metricsOf(1, NaN) }]).f0).toBeNaN();
  });
});

describe("evaluationCsv", () => {
  it("quotes names and leaves empty what there is not", () => {
    const csv = evaluationCsv([
      { name: 'a,"b"', seconds: 1.5, excessSeconds: 0, metrics: metricsOf(0.25, NaN) },
    ]);
    const [head, row, end] = csv.split("\n");
    expect(head).toBe(`clip,seconds,${metricNames.join(",")}`);
    expect(row.startsWith('"a,""b""",1.500,0.25,0.25')).toBe(true);
    expect(row.split(",").at(-1 - metricNames.length + metricNames.indexOf("f0") + 1)).toBe("");
    expect(end).toBe("");
  });
});

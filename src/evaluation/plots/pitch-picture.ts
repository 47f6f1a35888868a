// The pitch of a voice as a picture: on the mel that it belongs to, on an axis of its own, and how periodic each band is.
import * as Plot from "@observablehq/plot";
import { VOICING_EDGES } from "../../audio/pitch/band-voicing.js";
import type { Pitch } from "../../audio/pitch/pitch.js";
import type { Mel } from "../../audio/mel-format/mel-format.js";
import { bandCentres } from "../../audio/mel-analysis/mel-bank.js";
import { drawFigure, type Figure, type Panel } from "./figure.js";
import { heatmapPanel } from "./heatmap.js";
import { bandPosition, melPanel, melSeconds } from "./mel-picture.js";

const CURVE = "#4fe3ff";

/** A picture of a mel's pitch. The title says where it comes from. */
export function drawPitch(title: string, mel: Mel, pitch: Pitch): Figure {
  return drawFigure([pitchPanel(title, mel, pitch), curvePanel(mel, pitch), voicingPanel(mel, pitch)]);
}

function pitchPanel(title: string, mel: Mel, { hertz }: Pitch): Panel {
  const centres = bandCentres(mel.format);
  const place = (value: number): number => bandPosition(centres, value);
  return melPanel(`${title}: the mel and F0`, mel, [curve(mel, hertz, place, CURVE)]);
}

function curvePanel(mel: Mel, { hertz }: Pitch): Panel {
  const highest = hertz.reduce((most, value) => Math.max(most, value), 200);
  return {
    title: "F0",
    options: {
      height: 200,
      grid: true,
      x: { domain: melSeconds(mel), label: "time (s) →" },
      y: { domain: [50, 1.1 * highest], label: "↑ Hz" },
      marks: [curve(mel, hertz, (value) => value, "#1f4e9c")],
    },
  };
}

function voicingPanel(mel: Mel, { bandVoicing }: Pitch): Panel {
  const bands = VOICING_EDGES.length - 1;
  return heatmapPanel(
    "voicing: how periodic each band is, dark 0, bright 1",
    {
      columns: mel.frames,
      rows: bands,
      value: (frame, band) => bandVoicing[frame * bands + band] ?? 0,
      x: melSeconds(mel),
      y: [0, bands],
      range: [0, 1],
    },
    { x: "time (s) →", y: "↑ band edge (Hz)" },
    {
      height: 160,
      y: {
        ticks: VOICING_EDGES.map((_, edge) => edge),
        tickFormat: (edge: number) => VOICING_EDGES[edge].toLocaleString("en"),
      },
    },
  );
}

/** F0 over time; it breaks off where there is no voice. */
function curve(
  mel: Mel,
  hertz: Float32Array,
  place: (hertz: number) => number,
  stroke: string,
): Plot.Markish {
  const [left, right] = melSeconds(mel);
  const hop = (right - left) / mel.frames;
  const points = Array.from(hertz.subarray(0, mel.frames), (value, frame) => ({
    x: left + (frame + 0.5) * hop,
    y: value > 0 ? place(value) : NaN,
  }));
  return Plot.line(points, { x: "x", y: "y", stroke, strokeWidth: 1.8 });
}

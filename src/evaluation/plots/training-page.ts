// A training's report: one HTML file that needs no other, with its curves, and for a few held-out clips how they were
// spoken after more and more steps, to see and to hear.
import { clipSpectrogram } from "./clip-spectrogram.js";
import { escapeXml } from "./figure.js";
import { type TrainingCurves, trainingFigure } from "./training-figure.js";

/** A clip at one moment of the training. */
export interface ClipTake {
  /** "recording", or how many steps were done. */
  readonly label: string;
  readonly samples: Float32Array;
  /** The same as a WAV file. */
  readonly wav: Uint8Array;
}

/** What a report shows. */
export interface TrainingReport {
  readonly title: string;
  /** Names and values, for the table at the top. */
  readonly facts: readonly (readonly [string, string])[];
  readonly curves: TrainingCurves;
  readonly clips: readonly { readonly name: string; readonly takes: readonly ClipTake[] }[];
}

const STYLE = `
  body { font: 15px/1.5 "DejaVu Sans", system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; } h3 { font-size: 1rem; }
  table { border-collapse: collapse; } th { text-align: left; font-weight: normal; color: #666; padding-right: 1.5rem; vertical-align: top; }
  svg { max-width: 100%; height: auto; }
  .takes { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem; }
  figure { margin: 0; } figcaption { color: #444; }
  img { display: block; width: 100%; height: 8rem; image-rendering: auto; background: #000; } audio { width: 100%; height: 2rem; }
`;

/** The report's HTML. */
export function trainingPage({ title, facts, curves, clips }: TrainingReport): string {
  const hasCurves = curves.losses.length + curves.errors.length > 0;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeXml(title)}</h1>
<table>
${facts.map(([name, value]) => `<tr><th>${escapeXml(name)}</th><td>${escapeXml(value)}</td></tr>`).join("\n")}
</table>
<h2>Curves</h2>
${hasCurves ? trainingFigure(curves).toSvg() : "<p>Nothing was measured yet.</p>"}
<h2>Clips</h2>
${
  clips.length > 0
    ? `<p>Held-out recordings, spoken from their mels with the weights after some steps. Frequency from 0 to half the sample rate.</p>
${clips.map(clipSection).join("\n")}`
    : "<p>No clip was spoken yet.</p>"
}
</body>
</html>
`;
}

function clipSection({ name, takes }: TrainingReport["clips"][number]): string {
  return `<h3>${escapeXml(name)}</h3>
<div class="takes">
${takes.map((take) => takeFigure(name, take)).join("\n")}
</div>`;
}

function takeFigure(name: string, { label, samples, wav }: ClipTake): string {
  const picture = dataUri("image/png", clipSpectrogram(samples));
  const words = escapeXml(`${name}, ${label}`);
  return (
    `<figure><figcaption>${escapeXml(label)}</figcaption><img src="${picture}" alt="Spectrogram: ${words}">` +
    `<audio controls preload="none" src="${dataUri("audio/wav", wav)}" aria-label="${words}"></audio></figure>`
  );
}

function dataUri(type: string, bytes: Uint8Array): string {
  return `data:${type};base64,${Buffer.from(bytes).toString("base64")}`;
}

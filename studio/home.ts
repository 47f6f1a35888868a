// The front door's figure: a word that was drawn with harmonics, at any level between noise and signal.
import { mixWithNoise } from "../src/diffusion/forward-process.js";
import { alphaBarFromLogSnr } from "../src/diffusion/levels.js";
import { fillNormals } from "../src/diffusion/noise.js";
import { scheduleByName } from "../src/diffusion/schedules/named-schedules.js";
import { place } from "./parts/dom.js";
import { figure } from "./parts/figure.js";
import { player } from "./parts/player.js";
import { Plot } from "./parts/plot.js";

const SAMPLES = 1400;
const word = spokenShape();
const noise = fillNormals(new Float32Array(SAMPLES), { seed: 27, step: 0 });
const { logSnrs } = scheduleByName("cosine-100");
const sampleNumbers = Float64Array.from({ length: SAMPLES }, (_, i) => i);

/** Two syllables of harmonics below an envelope, of about unit power. */
function spokenShape(): Float32Array {
  let phase = 0;
  return Float32Array.from({ length: SAMPLES }, (_, i) => {
    const t = i / SAMPLES;
    phase += (2 * Math.PI * (26 - 9 * t)) / SAMPLES;
    const loudness = bump(t, 0.27, 0.13) + 0.8 * bump(t, 0.68, 0.17);
    return 2.2 * loudness * (Math.sin(phase) + 0.7 * Math.sin(2 * phase + 1) + 0.5 * Math.sin(5 * phase));
  });
}

function bump(t: number, centre: number, width: number): number {
  return Math.exp(-(((t - centre) / width) ** 2) * 2);
}

const picture = figure({
  description: "A waveform: noise at the left end of the slider, a word at the right end.",
  height: (width) => Math.min(width * 0.42, 300),
  draw: (pen) => {
    const { colours, width, height } = pen;
    const plot = new Plot(
      pen,
      { left: 4, right: width - 4, top: 4, bottom: height - 4 },
      { from: 0, to: SAMPLES },
      { from: -4.5, to: 4.5 },
    );
    const share = alphaBarFromLogSnr(levelAt(time.position));
    plot.line(sampleNumbers, mixWithNoise(word, noise, levelAt(time.position)), colours.noise, {
      width: 1.25,
    });
    plot.line(sampleNumbers, word, colours.signal, { width: 1.75, alpha: share ** 2 });
  },
});

function levelAt(position: number): number {
  return position >= logSnrs.length ? 80 : logSnrs[position];
}

function show(position: number): void {
  const share = alphaBarFromLogSnr(levelAt(position));
  place("reading").textContent =
    `${Math.round(100 * share)} % of the power is signal, ${Math.round(100 * (1 - share))} % is noise.` +
    (position === 0 ? " No ear would find a word in it." : "");
  picture.redraw();
}

const time = player({
  label: "From noise to signal",
  name: "level",
  last: logSnrs.length,
  position: 30,
  perSecond: 25,
  format: (position) => `${position} of ${logSnrs.length}`,
  onPosition: show,
});
place("figure").append(picture.element);
place("player").append(time.element);
show(time.position);

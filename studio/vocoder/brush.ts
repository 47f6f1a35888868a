// Painting on the mel: louder, softer or silent where the brush has been.
import type { Mel } from "../../src/mel/format.js";
import { button, buttonGroup, choice, slider } from "../parts/controls.js";
import { place } from "../parts/dom.js";
import type { MelPicture } from "./mel-picture.js";

/** What a touch changes, in e-folds at its middle; silence for the last one. */
const brushes = { none: 0, louder: 0.5, softer: -0.5, erase: -Infinity } as const;

/** What the rest of the page gives. */
export interface BrushPage {
  readonly picture: MelPicture;
  /** The mel that is shown, and the same before it was painted on. */
  readonly mel: () => { readonly shown: Mel; readonly untouched: Mel } | undefined;
  /** Takes the painted mel while the brush moves. */
  readonly paint: (mel: Mel) => void;
  /** The brush was lifted. */
  readonly lifted: () => void;
  readonly undo: () => void;
  /** A click without a brush. */
  readonly seek: (seconds: number) => void;
}

/** Puts the brush's controls into the page and listens to the picture; returns the button that waits for a mel. */
export function addBrush({ picture, mel, paint, lifted, undo, seek }: BrushPage): HTMLButtonElement {
  const { canvas } = picture;
  const brush = choice({
    label: "Paint on the mel",
    name: "brush",
    value: "none",
    options: [
      ["none", "no brush"],
      ["louder", "louder"],
      ["softer", "softer"],
      ["erase", "silence"],
    ],
    hint: "Take a brush and drag it over the picture: it speaks when you let go. Without one a click goes to that place.",
    onChange: (value) => {
      canvas.classList.toggle("brush", value !== "none");
    },
  });
  const size = slider({
    label: "Size of the brush",
    name: "brush-size",
    min: 2,
    max: 30,
    step: 1,
    value: 8,
    format: (bands) => `${bands} bands`,
    onInput: () => undefined,
  });
  const undoButton = button("Undo the painting", undo);
  place("paint").append(brush.element, size.element, buttonGroup("Painted too much?", [undoButton]));

  const touch = ({ frame, band }: { frame: number; band: number }): void => {
    const found = mel();
    if (!found) return;
    const { shown, untouched } = found;
    const { bands, floor } = shown.format;
    const [amount, silence, reach] = [brushes[brush.value], Math.log(floor), size.value];
    const values = shown === untouched ? shown.values.slice() : shown.values;
    for (let f = Math.max(0, Math.ceil(frame - reach)); f < Math.min(shown.frames, frame + reach); f++) {
      for (let b = Math.max(0, Math.ceil(band - reach)); b < Math.min(bands, band + reach); b++) {
        const away = ((f - frame) ** 2 + (b - band) ** 2) / reach ** 2;
        if (away > 1) continue;
        const i = f * bands + b;
        values[i] = amount === -Infinity ? silence : Math.max(silence, values[i] + amount * (1 - away));
      }
    }
    paint({ ...shown, values });
  };
  canvas.addEventListener("pointerdown", (event) => {
    const at = picture.placeOf(event);
    if (!at) return;
    if (brush.value === "none") {
      seek(at.seconds);
      return;
    }
    canvas.setPointerCapture(event.pointerId);
    touch(at);
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = picture.placeOf(event);
    if (at && brush.value !== "none" && canvas.hasPointerCapture(event.pointerId)) touch(at);
  });
  canvas.addEventListener("pointerup", (event) => {
    if (brush.value !== "none" && canvas.hasPointerCapture(event.pointerId)) lifted();
  });
  return undoButton;
}

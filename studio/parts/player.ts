// Time that a reader can play, stop, step through and drag: buttons, a slider, and keys for the whole page.
import { make, reducedMotion } from "./dom.js";
import { slider } from "./controls.js";

/** A position from 0 to `last` that plays by itself. */
export interface Player {
  readonly element: HTMLElement;
  /** The present position; setting it calls onPosition. */
  position: number;
  readonly playing: boolean;
  play(): void;
  pause(): void;
  /** How many positions there are, and which is the present one (kept within where it is left out). */
  setLast(last: number, position?: number): void;
}

export interface PlayerOptions {
  /** What moves, as the slider's label: "Step t". */
  readonly label: string;
  /** The slider's name, by which it is found. */
  readonly name: string;
  readonly last: number;
  readonly position?: number;
  /** Positions a second. */
  readonly perSecond: number;
  /** The position in words. */
  readonly format?: (position: number) => string;
  readonly onPosition: (position: number) => void;
  /** Called when playing begins or ends. */
  readonly onPlaying?: (playing: boolean) => void;
}

const icons = {
  start: "M5 4h3v16H5zM20 4v16L9 12z",
  back: "M17 4v16L5 12zM18 4h2v16h-2z",
  play: "M6 3v18l15-9z",
  pause: "M6 4h4v16H6zM14 4h4v16h-4z",
  forward: "M7 4v16l12-8zM4 4h2v16H4z",
};

/** With little motion asked for, playing shows this many positions a second and leaves the others out. */
const CALM_FRAMES_A_SECOND = 2;

/** Makes a player. The page's space bar plays and pauses it, its arrow keys step. */
export function player(options: PlayerOptions): Player {
  const { label, name, perSecond, format = String, onPosition, onPlaying } = options;
  let { last, position = 0 } = options;
  let playing = false;
  let frame = 0;

  const scrubber = slider({
    label,
    name,
    min: 0,
    max: last,
    step: 1,
    value: position,
    format: (value) => format(value),
    onInput: (value) => {
      pause();
      position = value;
      onPosition(position);
    },
  });
  const start = iconButton("start", "Back to the start");
  const back = iconButton("back", "One step back");
  const toggle = make("button", { type: "button", class: "primary" });
  const forward = iconButton("forward", "One step forward");
  start.addEventListener("click", () => {
    go(0);
  });
  back.addEventListener("click", () => {
    go(position - 1);
  });
  forward.addEventListener("click", () => {
    go(position + 1);
  });
  toggle.addEventListener("click", () => {
    if (playing) pause();
    else play();
  });

  function move(to: number): void {
    position = Math.min(Math.max(Math.round(to), 0), last);
    scrubber.value = position;
    onPosition(position);
  }
  function go(to: number): void {
    pause();
    move(to);
  }
  function showToggle(): void {
    toggle.innerHTML = `${icon(playing ? "pause" : "play")}<span>${playing ? "Pause" : "Play"}</span>`;
  }
  function play(): void {
    if (playing) return;
    if (position >= last) move(0);
    playing = true;
    showToggle();
    onPlaying?.(true);
    let before = performance.now();
    let due = 0;
    const tick = (now: number): void => {
      const calm = reducedMotion() ? 1000 / CALM_FRAMES_A_SECOND : 0;
      if (now - before >= calm) {
        // a page that was in the background does not jump to the end
        due += (Math.min(now - before, 1000) / 1000) * perSecond;
        before = now;
        const whole = Math.floor(due);
        due -= whole;
        if (whole > 0) move(position + whole);
      }
      if (position >= last) pause();
      if (playing) frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
  }
  function pause(): void {
    if (!playing) return;
    playing = false;
    cancelAnimationFrame(frame);
    showToggle();
    onPlaying?.(false);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof Element ? event.target : document.body;
    const isRange = target.matches("input[type=range]");
    if (!isRange && target.closest("input, button, select, textarea, summary, a, audio, [tabindex]") !== null)
      return;
    if (event.key === " ") {
      if (playing) pause();
      else play();
    } else if (isRange) return;
    else if (event.key === "ArrowRight") go(position + 1);
    else if (event.key === "ArrowLeft") go(position - 1);
    else return;
    event.preventDefault();
  });

  showToggle();
  const keys = make("p", { class: "keys" });
  keys.innerHTML = "<kbd>Space</kbd> plays and pauses, <kbd>←</kbd> and <kbd>→</kbd> step.";
  return {
    element: make(
      "div",
      { class: "player", role: "group", "aria-label": "Play" },
      make("div", { class: "buttons" }, start, back, toggle, forward),
      scrubber.element,
      keys,
    ),
    get position() {
      return position;
    },
    set position(to) {
      move(to);
    },
    get playing() {
      return playing;
    },
    play,
    pause,
    setLast(to, at = position) {
      last = to;
      scrubber.setRange(0, last);
      move(at);
    },
  };
}

function icon(name: keyof typeof icons): string {
  return `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${icons[name]}"/></svg>`;
}

function iconButton(name: keyof typeof icons, words: string): HTMLButtonElement {
  const element = make("button", { type: "button", "aria-label": words, title: words });
  element.innerHTML = icon(name);
  return element;
}

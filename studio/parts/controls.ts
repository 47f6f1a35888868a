// What a reader sets: sliders, choices and buttons. Each has a label, and a slider shows its value; all are the browser's
// own inputs, so that keyboard, touch and screen readers work as everywhere.
import { freshId, make } from "./dom.js";

/** A slider with its label and value. */
export interface Slider {
  readonly element: HTMLElement;
  /** Setting it moves the slider without a call of onInput. */
  value: number;
  /** Changes how far it goes; the value is kept within. */
  setRange(min: number, max: number): void;
}

export interface SliderOptions {
  readonly label: string;
  /** The input's name, by which it is found. */
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly value: number;
  /** The value in words, with its unit. */
  readonly format?: (value: number) => string;
  /** What moving it does, in a few words. */
  readonly hint?: string;
  readonly onInput: (value: number) => void;
}

/** Makes a slider. */
export function slider({
  label,
  name,
  min,
  max,
  step,
  value,
  format = String,
  hint,
  onInput,
}: SliderOptions): Slider {
  const id = freshId(name);
  const input = make("input", { type: "range", id, name, min, max, step, value });
  const output = make("output", { for: id });
  const show = (): void => {
    const words = format(input.valueAsNumber);
    output.textContent = words;
    input.setAttribute("aria-valuetext", words);
  };
  input.addEventListener("input", () => {
    show();
    onInput(input.valueAsNumber);
  });
  show();
  const element = make(
    "div",
    { class: "control" },
    make("div", { class: "head" }, make("label", { for: id }, label), output),
    input,
  );
  if (hint !== undefined) {
    const hintId = freshId("hint");
    input.setAttribute("aria-describedby", hintId);
    element.append(make("span", { class: "hint", id: hintId }, hint));
  }
  return {
    element,
    get value() {
      return input.valueAsNumber;
    },
    set value(next) {
      input.valueAsNumber = next;
      show();
    },
    setRange(low, high) {
      input.min = String(low);
      input.max = String(high);
      show();
    },
  };
}

/** One of several. */
export interface Choice<Value extends string> {
  readonly element: HTMLElement;
  /** Setting it does not call onChange. */
  value: Value;
}

export interface ChoiceOptions<Value extends string> {
  readonly label: string;
  /** The inputs' name, by which they are found. */
  readonly name: string;
  readonly options: readonly (readonly [value: Value, text: string])[];
  readonly value: Value;
  readonly hint?: string;
  readonly onChange: (value: Value) => void;
}

/** Makes a row of buttons of which one is pressed. */
export function choice<Value extends string>(options: ChoiceOptions<Value>): Choice<Value> {
  const { label, name, hint, onChange } = options;
  let current = options.value;
  const inputs = options.options.map(([value]) => {
    const input = make("input", { type: "radio", name, value });
    input.checked = value === current;
    input.addEventListener("change", () => {
      if (!input.checked) return;
      current = value;
      onChange(value);
    });
    return input;
  });
  const element = make(
    "fieldset",
    { class: "control" },
    make("legend", { class: "head" }, label),
    make(
      "div",
      { class: "choices" },
      ...options.options.map(([, text], index) => make("label", {}, inputs[index], text)),
    ),
    ...(hint === undefined ? [] : [make("span", { class: "hint" }, hint)]),
  );
  return {
    element,
    get value() {
      return current;
    },
    set value(next) {
      current = next;
      inputs.forEach((input) => {
        input.checked = input.value === next;
      });
    },
  };
}

/** Makes a button. */
export function button(
  text: string,
  onClick: () => void,
  { primary = false, name }: { readonly primary?: boolean; readonly name?: string } = {},
): HTMLButtonElement {
  const element = make("button", { type: "button", class: primary ? "primary" : undefined, name }, text);
  element.addEventListener("click", onClick);
  return element;
}

/** Buttons with a heading of their own, to stand among sliders. */
export function buttonGroup(label: string, buttons: readonly HTMLElement[], hint?: string): HTMLElement {
  return make(
    "div",
    { class: "control", role: "group", "aria-label": label },
    make("div", { class: "head", "aria-hidden": "true" }, label),
    make("div", { class: "buttons" }, ...buttons),
    ...(hint === undefined ? [] : [make("span", { class: "hint" }, hint)]),
  );
}

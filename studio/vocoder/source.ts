// Where a mel comes from: the clip that is there, a file that is chosen or dropped, the microphone, and the present mel as
// other programs write it. What a file is refused for may name a way out: then there is a button for it.
import type { Mel } from "../../src/mel/format.js";
import { InputError, type ReadFile, type ReadFileOptions, type Vocoder } from "../../src/web.js";
import { button, buttonGroup } from "../parts/controls.js";
import { make, place } from "../parts/dom.js";
import type { Sound } from "./sound.js";
import { type WrongKind, wrongKinds, wrongMel } from "./wrong-mels.js";

/** What the rest of the page gives. */
export interface SourcePage {
  /** Known when the voice is there. */
  readonly vocoder: () => Vocoder;
  readonly sound: Sound;
  /** The mel as it was taken. */
  readonly mel: () => Mel | undefined;
  /** Takes what was read. @param name for the reader */
  readonly take: (read: ReadFile, name: string) => void;
  /** Does what a reader asked for, and shows what it throws. */
  readonly attempt: (work: () => Promise<void>) => void;
  /** The same where it ends in a mel, with ways out of what it throws. */
  readonly attemptToTake: (work: () => Promise<void>, waysOut?: (error: unknown) => HTMLElement[]) => void;
}

/** The controls of the first part, which wait until the voice is there. */
export class Source {
  readonly #page: SourcePage;
  readonly #file = make("input", { type: "file", id: "file", class: "unseen", disabled: "" });
  readonly #recorder: HTMLButtonElement;
  readonly #clip: HTMLButtonElement;
  readonly #written: readonly HTMLButtonElement[];
  #recording: MediaRecorder | undefined;

  constructor(page: SourcePage) {
    this.#page = page;
    this.#clip = button("The clip that is here", () => {
      page.attemptToTake(() => this.takeClip());
    });
    this.#recorder = button("Record your voice", () => {
      page.attempt(() => this.#record());
    });
    this.#file.addEventListener("change", () => {
      const [chosen] = this.#file.files ?? [];
      if (chosen) this.#takeFile(chosen);
      // the same file may be chosen again
      this.#file.value = "";
    });
    this.#written = wrongKinds.map((kind) =>
      button(kind, () => {
        const mel = page.mel();
        if (mel) this.#takeFile(new File([wrongMel(mel, kind)], `${kind}.npy`), kind);
      }),
    );
    place("source").append(
      make(
        "label",
        { class: "drop", for: "file" },
        this.#file,
        make("strong", {}, "Choose a file"),
        make("span", {}, "or drop it anywhere on the page"),
        make(
          "span",
          { class: "hint" },
          "A recording (WAV, FLAC, or what your browser plays), or a mel (.mel, .npy, .npz, .pt, .safetensors). It stays on " +
            "your machine.",
        ),
      ),
      buttonGroup(
        "Without a file",
        [this.#clip, this.#recorder],
        "The clip is a sentence with its recording. A recording of yours ends when you press the button again.",
      ),
      buttonGroup(
        "This mel, as other programs may write it",
        this.#written,
        "Three of them are refused, with the reason and a way out. The transposed one is recognised and taken.",
      ),
    );
    this.#listenForDrops();
    for (const each of [this.#clip, this.#recorder, ...this.#written]) each.disabled = true;
  }

  /** The voice is there. */
  enable(): void {
    for (const each of [this.#clip, this.#recorder, ...this.#written]) each.disabled = false;
    this.#file.disabled = false;
  }

  /** The clip's own mel, and the recording that it was made of. */
  async takeClip(): Promise<void> {
    const fetched = async (name: string): Promise<ReadFile> =>
      this.#page.vocoder().read(await (await fetch(`clip/${name}`)).arrayBuffer(), name);
    const [{ mel, notes }, { samples }] = await Promise.all([fetched("speech.mel"), fetched("speech.flac")]);
    this.#page.take({ mel, notes, ...(samples && { samples }) }, "the clip");
  }

  /** @param kind of the present mel's copy that the file is, if it is one: the recording is still its own */
  #takeFile(blob: File, kind?: WrongKind, options: ReadFileOptions = {}): void {
    const read = async (): Promise<void> => {
      const found = await this.#page
        .vocoder()
        .read(blob, blob.name, options)
        .catch((error: unknown) => this.#decoded(blob, error));
      const samples = kind === undefined ? undefined : this.#page.sound.get("recording");
      this.#page.take(
        { ...found, ...(samples && { samples }) },
        kind === undefined ? blob.name : `the ${kind} mel`,
      );
    };
    this.#page.attemptToTake(read, (error) => this.#waysOut(error, blob, kind));
  }

  /** What the browser makes of a recording that vocode does not read, such as MP3. @throws `refusal` */
  async #decoded(blob: File, refusal: unknown): Promise<ReadFile> {
    if (!/^(audio|video)\//.test(blob.type)) throw refusal;
    const decoded = await this.#page.sound.decode(await blob.arrayBuffer()).catch(() => {
      throw refusal;
    });
    return this.#page.vocoder().analyse(decoded.samples, decoded.rate);
  }

  /** A button for each option that a refusal names and that needs nothing else: the command line's, in the page. */
  #waysOut(error: unknown, blob: File, kind: WrongKind | undefined): HTMLElement[] {
    if (!(error instanceof InputError)) return [];
    const way = (text: string, options: ReadFileOptions): HTMLElement =>
      button(text, () => {
        this.#takeFile(blob, kind, options);
      });
    // "mean=M" is a place for a number that only its writer knows
    const formats = [...error.message.matchAll(/--mel-format ([\w,]+)(?![\w,=])/g)].map(
      ([, format]) => format,
    );
    return [
      ...[...new Set(formats)].map((format) => way(`Read it as “${format}”`, { melFormat: format })),
      ...(error.message.includes("--trust-mel") ? [way("Take it as it is", { trust: true })] : []),
    ];
  }

  /** Records from the microphone until it is asked again. */
  async #record(): Promise<void> {
    if (this.#recording) {
      this.#recording.stop();
      return;
    }
    const { sound, take, attemptToTake, vocoder } = this.#page;
    sound.stop();
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } }).catch(() => {
      throw new InputError(
        "There is no microphone, or this page may not use it. Allow it beside the page's address, and try again.",
      );
    });
    const pieces: Blob[] = [];
    const recording = new MediaRecorder(stream);
    recording.ondataavailable = ({ data }) => pieces.push(data);
    recording.onstop = () => {
      this.#recording = undefined;
      this.#recorder.textContent = "Record your voice";
      for (const track of stream.getTracks()) track.stop();
      attemptToTake(async () => {
        const { samples, rate } = await sound.decode(await new Blob(pieces).arrayBuffer());
        take(await vocoder().analyse(samples, rate), "your recording");
      });
    };
    recording.start();
    this.#recording = recording;
    this.#recorder.textContent = "Stop recording";
  }

  #listenForDrops(): void {
    const main = place("main");
    let inside = 0;
    const show = (change: number): void => {
      inside += change;
      main.classList.toggle("dropping", inside > 0);
    };
    document.addEventListener("dragenter", () => {
      show(1);
    });
    document.addEventListener("dragleave", () => {
      show(-1);
    });
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
    });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      show(-inside);
      const [dropped] = event.dataTransfer?.files ?? [];
      if (dropped && !this.#file.disabled) this.#takeFile(dropped);
    });
  }
}

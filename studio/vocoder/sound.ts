// Sound with a place in time: waveforms that are compared at the same spot, and speech that sounds while it is computed.

/** Ahead of the clock by so much, in seconds: a piece that comes later is heard later. */
const LEAD = 0.08;

/** Plays one of several waveforms of the same time; of the page there is one. */
export class Sound {
  readonly #waveforms = new Map<string, { samples: Float32Array<ArrayBuffer>; rate: number }>();
  readonly #onChange: () => void;
  #context: AudioContext | undefined;
  #sources: AudioBufferSourceNode[] = [];
  #name: string | undefined;
  /** On the context's clock, when second 0 sounded or would have. */
  #began = 0;
  #place = 0;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** What sounds; undefined in silence. */
  get playing(): string | undefined {
    return this.#name;
  }

  /** Seconds from the beginning. */
  get place(): number {
    return this.#name === undefined ? this.#place : Math.max(0, this.#clock.currentTime - this.#began);
  }

  /** Opens the way to the loudspeaker, which takes a while, ahead of the first sound. */
  prepare(): void {
    this.#context ??= new AudioContext();
  }

  has(name: string): boolean {
    return this.#waveforms.has(name);
  }

  /** The samples of a waveform. */
  get(name: string): Float32Array<ArrayBuffer> | undefined {
    return this.#waveforms.get(name)?.samples;
  }

  /** Keeps a waveform; undefined forgets it. */
  set(name: string, samples: Float32Array<ArrayBuffer> | undefined, rate: number): void {
    if (samples === undefined || samples.length === 0) this.#waveforms.delete(name);
    else this.#waveforms.set(name, { samples, rate });
    this.#onChange();
  }

  /** Plays a waveform from a place on; at its end from the beginning. */
  play(name: string, from = this.place): void {
    const found = this.#waveforms.get(name);
    this.stop();
    if (!found) return;
    const { samples, rate } = found;
    const begin = from < samples.length / rate - 0.05 ? from : 0;
    const source = this.#source(samples, rate);
    this.#name = name;
    this.#began = this.#clock.currentTime + 0.01 - begin;
    source.onended = () => {
      if (this.#sources.at(-1) !== source) return;
      this.stop();
      this.seek(0);
    };
    source.start(this.#clock.currentTime + 0.01, begin);
    this.#onChange();
  }

  /** Stays where it is. */
  stop(): void {
    this.#place = this.place;
    this.#name = undefined;
    for (const source of this.#sources.splice(0)) source.stop();
    this.#onChange();
  }

  seek(seconds: number): void {
    const name = this.#name;
    this.stop();
    this.#place = seconds;
    if (name !== undefined) this.play(name, seconds);
    this.#onChange();
  }

  /** Plays pieces as they come, each after the one before it. */
  live(name: string, rate: number): { push(samples: Float32Array<ArrayBuffer>): void } {
    this.stop();
    this.#place = 0;
    let next = 0;
    return {
      push: (samples) => {
        const { currentTime } = this.#clock;
        if (next === 0) {
          next = currentTime + LEAD;
          this.#began = next;
          this.#name = name;
        } else if (next < currentTime) {
          // it was not computed in time
          this.#began += currentTime + LEAD - next;
          next = currentTime + LEAD;
        } else if (this.#name !== name) return;
        const source = this.#source(samples, rate);
        source.onended = () => {
          if (this.#name !== name || this.#sources.at(-1) !== source) return;
          this.stop();
          this.seek(0);
        };
        source.start(next);
        next += samples.length / rate;
        this.#onChange();
      },
    };
  }

  /** Decodes what the browser knows, such as its own recordings; channels are averaged. */
  async decode(bytes: ArrayBuffer): Promise<{ samples: Float32Array<ArrayBuffer>; rate: number }> {
    const buffer = await this.#clock.decodeAudioData(bytes);
    const samples = new Float32Array(buffer.length);
    for (let channel = 0; channel < buffer.numberOfChannels; channel++) {
      const one = buffer.getChannelData(channel);
      for (let n = 0; n < one.length; n++) samples[n] += one[n] / buffer.numberOfChannels;
    }
    return { samples, rate: buffer.sampleRate };
  }

  get #clock(): AudioContext {
    this.#context ??= new AudioContext();
    // browsers let a page sound after a click only
    if (this.#context.state === "suspended") void this.#context.resume();
    return this.#context;
  }

  #source(samples: Float32Array<ArrayBuffer>, rate: number): AudioBufferSourceNode {
    const buffer = this.#clock.createBuffer(1, samples.length, rate);
    buffer.copyToChannel(samples, 0);
    const source = this.#clock.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#clock.destination);
    this.#sources.push(source);
    return source;
  }
}

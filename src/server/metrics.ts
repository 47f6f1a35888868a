// What a server counts, as Prometheus reads it (text format 0.0.4).
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Admission } from "./admission.js";

/** The numbers of one server. */
export class ServerMetrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: "vocode_requests_total",
    help: "Requests by route and status.",
    labelNames: ["route", "status"],
    registers: [this.#registry],
  });
  readonly #cut = new Counter({
    name: "vocode_answers_cut_total",
    help: "Answers that ended within their audio, by route.",
    labelNames: ["route"],
    registers: [this.#registry],
  });
  readonly #audio = new Counter({
    name: "vocode_audio_seconds_total",
    help: "Seconds of audio made.",
    labelNames: ["voice"],
    registers: [this.#registry],
  });
  readonly #realTimeFactor = new Histogram({
    name: "vocode_real_time_factor",
    help: "Seconds of computing for a second of audio.",
    labelNames: ["voice"],
    buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2],
    registers: [this.#registry],
  });
  readonly #firstSound = new Histogram({
    name: "vocode_first_sound_seconds",
    help: "Seconds from a request's first byte to its first samples, waiting included.",
    buckets: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
    registers: [this.#registry],
  });

  /** @param admissions whose places are shown, by name */
  constructor(admissions: Readonly<Record<string, Admission>>) {
    collectDefaultMetrics({ register: this.#registry });
    new Gauge({
      name: "vocode_requests_in",
      help: "Requests at work and waiting.",
      labelNames: ["kind", "state"],
      registers: [this.#registry],
      collect() {
        for (const [kind, admission] of Object.entries(admissions)) {
          this.set({ kind, state: "working" }, admission.atWork);
          this.set({ kind, state: "waiting" }, admission.waiting);
        }
      },
    });
  }

  answered(route: string, status: number): void {
    this.#requests.inc({ route, status });
  }

  cut(route: string): void {
    this.#cut.inc({ route });
  }

  firstSound(seconds: number): void {
    this.#firstSound.observe(seconds);
  }

  spoken(voice: string, audioSeconds: number, realTimeFactor: number): void {
    this.#audio.inc({ voice }, audioSeconds);
    this.#realTimeFactor.observe({ voice }, realTimeFactor);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    return this.#registry.metrics();
  }
}

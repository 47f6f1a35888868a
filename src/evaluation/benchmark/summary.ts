// What the lines of a benchmark say together: one row a setting, its speed as the median and the spread of its rounds.
import { type MetricName, metricNames } from "../metrics/clip-metrics.js";
import { type BenchmarkLine, type BenchmarkSetting, type CarriedOut, settingKey } from "./lines.js";

/** Median and quartiles. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** A setting's row. What was not measured is undefined. */
export interface BenchmarkRow {
  readonly setting: BenchmarkSetting;
  readonly carriedOut?: CarriedOut;
  /** Timed syntheses. */
  readonly rounds: number;
  readonly realTimeFactor?: Spread;
  readonly firstSoundSeconds?: Spread;
  readonly peakMegabytes?: number;
  readonly metrics: Readonly<Partial<Record<MetricName, number>>>;
}

/** The rows of settings, in their order. */
export function benchmarkRows(
  settings: readonly BenchmarkSetting[],
  lines: readonly BenchmarkLine[],
): BenchmarkRow[] {
  const byKey = new Map<string, BenchmarkLine[]>();
  for (const line of lines) {
    const key = settingKey(line.setting);
    byKey.set(key, [...(byKey.get(key) ?? []), line]);
  }
  return settings.map((setting) => {
    const own = byKey.get(settingKey(setting)) ?? [];
    const quality = own.find((line) => line.kind === "quality");
    const memory = own.find((line) => line.kind === "memory");
    const speeds = own.filter((line) => line.kind === "speed");
    const sounds = speeds.flatMap(({ firstSoundSeconds }) => firstSoundSeconds ?? []);
    return {
      setting,
      ...(quality && { carriedOut: carriedOutOf(quality) }),
      rounds: speeds.length,
      ...(speeds.length > 0 && {
        realTimeFactor: spreadOf(speeds.map(({ realTimeFactor }) => realTimeFactor)),
      }),
      ...(sounds.length > 0 && { firstSoundSeconds: spreadOf(sounds) }),
      ...(memory && { peakMegabytes: memory.peakMegabytes }),
      metrics: quality?.metrics ?? {},
    };
  });
}

/** The median share of the machine that others took during the timed syntheses; NaN without any. */
export function othersShare(lines: readonly BenchmarkLine[]): number {
  const shares = lines.flatMap((line) => (line.kind === "speed" ? [line.others] : []));
  return spreadOf(shares.filter((share) => Number.isFinite(share))).median;
}

/** Median and quartiles of values, interpolated between neighbours; NaN for none. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  };
  if (sorted.length === 0) return { median: NaN, low: NaN, high: NaN };
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}

/**
 * Which rows no other row beats in speed and quality at once: the settings worth choosing from.
 *
 * @param quality lower is better
 */
export function bestTradeOffs<Row>(
  rows: readonly Row[],
  speed: (row: Row) => number,
  quality: (row: Row) => number,
): Row[] {
  return rows.filter(
    (row) =>
      Number.isFinite(speed(row)) &&
      Number.isFinite(quality(row)) &&
      !rows.some(
        (other) =>
          speed(other) >= speed(row) &&
          quality(other) <= quality(row) &&
          (speed(other) > speed(row) || quality(other) < quality(row)),
      ),
  );
}

/** The rows as a CSV document; what was not measured is left empty. */
export function benchmarkCsv(rows: readonly BenchmarkRow[]): string {
  const columns: readonly (readonly [string, (row: BenchmarkRow) => string | number | undefined])[] = [
    ["engine", ({ setting, carriedOut }) => carriedOut?.engine ?? setting.engine],
    ["device", ({ carriedOut }) => carriedOut?.device],
    ["precision", ({ setting }) => setting.precision],
    ["start", ({ setting }) => setting.start],
    ["sampler", ({ setting }) => setting.sampler],
    ["schedule", ({ setting, carriedOut }) => carriedOut?.schedule ?? setting.schedule],
    ["steps", ({ setting }) => setting.steps],
    ["refine", ({ setting, carriedOut }) => carriedOut?.refine ?? setting.refine],
    ["rounds", ({ rounds }) => rounds],
    ["rtf", ({ realTimeFactor }) => realTimeFactor?.median],
    ["rtf_low", ({ realTimeFactor }) => realTimeFactor?.low],
    ["rtf_high", ({ realTimeFactor }) => realTimeFactor?.high],
    ["first_sound_s", ({ firstSoundSeconds }) => firstSoundSeconds?.median],
    ["peak_mb", ({ peakMegabytes }) => peakMegabytes],
    ...metricNames.map((name) => [name, ({ metrics }: BenchmarkRow) => metrics[name]] as const),
  ];
  const cell = (value: string | number | undefined): string =>
    value === undefined || Number.isNaN(value) ? "" : String(value);
  const lines = [columns.map(([name]) => name), ...rows.map((row) => columns.map(([, of]) => cell(of(row))))];
  return lines.map((line) => `${line.join(",")}\n`).join("");
}

function carriedOutOf({ schedule, steps, refine, engine, device }: CarriedOut): CarriedOut {
  return { schedule, steps, refine, engine, device };
}

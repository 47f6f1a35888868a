// A duration as a person says it, for time left and for lengths of audio.

/** "45 s", "12 min", "3 h 20 min"; "some time" where it is not known. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "some time";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

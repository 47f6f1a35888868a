// What a thread does for a corpus: it prepares recordings into parts of the cache, and finds the pitch of those that are
// in it, one after the other.
import type { ThreadScript } from "../../host.js";
import type { MelFormat } from "../../mel/format.js";
import { PartWriter } from "./cache-part.js";
import { PitchLabeller } from "./pitch-labels.js";
import {
  type Copy,
  prepareRecording,
  type PreparationJob,
  type PreparationSettings,
  type Prepared,
} from "./prepare-recording.js";

/** What a thread can be asked. */
export type RecordingTasks = Readonly<{
  /** Prepares a recording into a part that nobody else writes. @throws FileError */
  prepare: (given: {
    readonly folder: string;
    readonly part: string;
    readonly settings: PreparationSettings;
    readonly job: PreparationJob;
  }) => Promise<Prepared>;
  /** Brings what was prepared to the disk. @throws FileError */
  flush: (nothing: undefined) => void;
  /** Finds the pitch of a recording in the cache. @throws FileError */
  label: (given: {
    readonly folder: string;
    readonly format: MelFormat;
    readonly copy: Copy;
  }) => Promise<void>;
}>;

/** The tasks of one thread, which has one part and one cache. */
export function recordingsScript(): ThreadScript<RecordingTasks> {
  let writer: PartWriter | undefined;
  let labeller: PitchLabeller | undefined;
  return {
    tasks: {
      prepare: ({ folder, part, settings, job }) => {
        writer ??= new PartWriter(folder, part, settings.format);
        return prepareRecording(job, settings, writer, part);
      },
      flush: () => writer?.flush(),
      label: async ({ folder, format, copy }) => {
        labeller ??= await PitchLabeller.create(folder, format);
        labeller.label(copy);
      },
    },
  };
}

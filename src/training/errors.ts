// What can go wrong with a training run, through no fault of ours.
import { InputError } from "../errors.js";

/** No recording is as long as a crop. */
export class NothingToTrainOnError extends InputError {
  constructor(readonly cropFrames: number) {
    super(
      `None of the recordings to train on has ${cropFrames} mel frames. ` +
        "Take longer recordings, or a smaller 'cropFrames'.",
    );
  }
}

/** The loss stayed no number, whatever batch it was computed of. */
export class DivergedError extends InputError {
  constructor(
    readonly step: number,
    readonly faults: number,
  ) {
    super(
      `Training went wrong: the loss was no number in ${faults} steps up to step ${step}. ` +
        "Begin again with lower rates, such as --set muonRate=0.005 --set adamWRate=0.0003.",
    );
  }
}

/** A value for a setting that the setting cannot take, or no such setting. */
export class TrainConfigError extends InputError {}

/** A folder holds no run, or one that cannot be continued. */
export class RunError extends InputError {}

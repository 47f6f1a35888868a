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

/** A value for a setting that the setting cannot take, or no such setting. */
export class TrainConfigError extends InputError {}

/** A folder holds no run, or one that cannot be continued. */
export class RunError extends InputError {}

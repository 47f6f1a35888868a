// @ts-check
// The one way in which a step of the build ends early.

/** A step cannot be done on this machine; the message says what was found and the way out. */
export class NativeBuildFailure extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "NativeBuildFailure";
  }
}

// Set up before every test file: the event loop turns after each test. Most mathematics here never waits, and a worker
// that the test runner does not hear from for a minute, on a busy machine, counts as lost.
import { setImmediate } from "node:timers/promises";
import { afterEach } from "vitest";
// once a worker, also where test files share one
import "./equal-arrays.js";

afterEach(() => setImmediate());

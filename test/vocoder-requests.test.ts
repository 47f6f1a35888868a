import { it } from "vitest";
import { randomRequests } from "./support/random-requests.js";

const check = randomRequests();

it("50 random requests become a waveform or a clear error", () => check(50, 1));

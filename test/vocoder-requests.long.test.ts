import { it } from "vitest";
import { randomRequests } from "./support/random-requests.js";

const check = randomRequests();

it("300 random requests become a waveform or a clear error", () => check(300, 2));

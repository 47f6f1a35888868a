// Loaded into a worker before its program: faults of a machine that a test cannot have otherwise.
//   TEST_FULL_DISK=PATH  as long as that file is there, writes to files fail as on a full disk
//   TEST_CLOCK=MS        the clock jumps by so much after four seconds, and back after eight
import { existsSync } from "node:fs";
import { open } from "node:fs/promises";

const { TEST_FULL_DISK: flag, TEST_CLOCK: jump } = process.env;
if (flag) {
  const file = await open("/dev/null");
  const prototype = Object.getPrototypeOf(file);
  await file.close();
  const { writeFile } = prototype;
  prototype.writeFile = async function (...args) {
    if (existsSync(flag))
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    return writeFile.apply(this, args);
  };
}
if (jump) {
  const real = Date.now;
  const begun = performance.now();
  Date.now = () => {
    const seconds = (performance.now() - begun) / 1000;
    return real() + (seconds > 4 && seconds < 8 ? Number(jump) : 0);
  };
}

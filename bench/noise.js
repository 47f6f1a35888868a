// How many standard normals fillNormals makes a second on one core, with the SIMD kernel and without it.
//   npm run build && node bench/noise.js
import { cpus } from "node:os";
import { performance } from "node:perf_hooks";
import { fillNormals, fillNormalsPlainly } from "../dist/diffusion/noise.js";

const PER_ROUND = 4_194_304;

/** Millions a second, the best of several rounds: other work on the machine can only slow a round down. */
function rate(fill, length) {
  const out = new Float32Array(length);
  let best = 0;
  for (let round = 0; round < 10; round++) {
    const started = performance.now();
    for (let start = 0; start < PER_ROUND; start += length) fill(out, start);
    best = Math.max(best, PER_ROUND / (performance.now() - started) / 1000);
  }
  return best;
}

const simd = (out, start) => fillNormals(out, { seed: 1, step: 0, start });
const plain = (out, start) => fillNormalsPlainly(out, start, { key0: 1, key1: 0, step: 0 });

console.log(`${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.versions.node}, one thread`);
for (const length of [256, 4096, 65_536, PER_ROUND]) {
  console.log(`SIMD kernel, ${length} normals a call: ${rate(simd, length).toFixed(0)} M normals/s`);
}
console.log(`plain TypeScript, 65536 normals a call: ${rate(plain, 65_536).toFixed(1)} M normals/s`);

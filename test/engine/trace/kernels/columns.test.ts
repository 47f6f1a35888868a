// Convolutions over the columns of a grid, in groups or not, with zeros on either side.
import { columnFilter, convolveColumns } from "../../../../src/models/layers/hop-grid.js";
import { columnKernels } from "../../../../src/engine/trace/kernels/convolution.js";
import { describeKernels, type KernelCase } from "./compare.js";

const cases: KernelCase[] = [
  { groups: 1, before: 0, after: 0 },
  { groups: 2, before: 1, after: 2 },
].map(({ groups, before, after }) => {
  const filter = columnFilter(
    { outputs: 8, inputs: 4 / groups, taps: 3, groups, before, after },
    (output, input, tap) => Math.sin(5 * output + 3 * input + tap),
  );
  return {
    kernel: "ColumnConvolution",
    note: `${groups} groups, ${before} and ${after} columns of zeros`,
    fn: (x) => convolveColumns(x, filter),
    inputs: [[2, 4, 1, 7]],
    gradient: false,
  };
});

describeKernels("convolutions over columns", columnKernels, cases);

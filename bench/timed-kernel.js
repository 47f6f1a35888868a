// The signal path's kernel with its functions timed.
import { Kernel } from "../dist/kernel/kernel.js";

/**
 * Opens something whose kernels tell what their functions take.
 *
 * @param open makes it
 * @param told is called with a function's name and milliseconds, each time that one has run
 */
export async function withTimedKernels(open, told) {
  const create = Kernel.create;
  Kernel.create = async () => {
    const kernel = await create.call(Kernel);
    const timed = Object.entries(kernel.functions).map(([name, run]) => [
      name,
      typeof run !== "function"
        ? run
        : (...values) => {
            const start = performance.now();
            run(...values);
            told(name, performance.now() - start);
          },
    ]);
    kernel.functions = Object.fromEntries(timed);
    return kernel;
  };
  try {
    return await open();
  } finally {
    Kernel.create = create;
  }
}

// The gradients of tfjs's kernels. In Node only the whole package brings them, and it takes a second to load: so only
// training loads it, and only when it begins.

/** Makes gradients of all kernels available. */
export async function registerGradients(): Promise<void> {
  await import("@tensorflow/tfjs");
}

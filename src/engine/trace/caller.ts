// Where in the caller's code a tfjs op was called: the first stack frame outside tfjs and outside the tracer.

const tracerFolder = decodeURI(new URL(".", import.meta.url).pathname);

/** The caller's frame as "function (file:line:column)"; "an unknown place" if the stack has none. */
export function callerFrame(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = limit;
  const frame = stack
    .split("\n")
    .filter((line) => line.startsWith("    at "))
    .map((line) => line.slice("    at ".length))
    .find(
      (line) =>
        !/[\\/](@tensorflow|tfjs-core)[\\/]/.test(line) &&
        !readable(line).includes(tracerFolder) &&
        !line.includes("node:"),
    );
  return frame ?? "an unknown place";
}

/** A frame with its file's address as it is written in a path. */
function readable(line: string): string {
  try {
    return decodeURI(line);
  } catch {
    return line;
  }
}

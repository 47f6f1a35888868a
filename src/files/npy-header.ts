// The header of a .npy file is a Python literal: {'descr': '<f4', 'fortran_order': False, 'shape': (80, 312), }. This
// reads the part of Python's grammar that NumPy can write there: dictionaries, tuples, lists, strings, integers,
// True, False and None. Source: numpy.lib.format.

/** A value of a Python literal; a dictionary is a Map, tuples and lists are arrays, integers are bigints. */
export type PythonLiteral =
  string | bigint | boolean | null | readonly PythonLiteral[] | ReadonlyMap<string, PythonLiteral>;

// structured dtypes nest a few levels; more is no header, and would exhaust the stack
const MAX_DEPTH = 32;

/**
 * Reads one Python literal that fills the whole text but for white space around it.
 *
 * @throws SyntaxError with what was expected and where
 */
export function parsePythonLiteral(text: string): PythonLiteral {
  let position = 0;

  const fail = (expected: string): never => {
    const found = position < text.length ? `'${text.slice(position, position + 12)}'` : "the end";
    throw new SyntaxError(`expected ${expected} at character ${position}, found ${found}`);
  };
  const skipSpace = (): void => {
    while (position < text.length && " \t\n\r\f".includes(text[position])) position++;
  };
  /** Whether the next character is the one given, which is then passed over. */
  const take = (character: string): boolean => {
    skipSpace();
    if (text[position] !== character) return false;
    position++;
    return true;
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) position += found.length;
    return found;
  };

  const string = (quote: string): string => {
    let value = "";
    while (!text.startsWith(quote, position)) {
      if (position >= text.length || text[position] === "\n") fail("the end of a string");
      if (text[position] === "\\") {
        position++;
        if (!"\\'\"".includes(text[position] ?? " ")) fail("an escaped quote or backslash");
      }
      value += text[position++];
    }
    position++;
    return value;
  };

  const items = (close: string, depth: number): { values: PythonLiteral[]; commas: number } => {
    const values: PythonLiteral[] = [];
    let commas = 0;
    while (!take(close)) {
      if (commas < values.length) fail(`',' or '${close}'`);
      values.push(value(depth + 1));
      if (take(",")) commas++;
    }
    return { values, commas };
  };

  const dictionary = (depth: number): ReadonlyMap<string, PythonLiteral> => {
    const entries = new Map<string, PythonLiteral>();
    let mayContinue = true;
    while (!take("}")) {
      if (!mayContinue) fail("',' or '}'");
      const key = value(depth + 1);
      if (typeof key !== "string") return fail("a string as key");
      if (entries.has(key)) fail(`the key '${key}' only once`);
      if (!take(":")) fail("':'");
      entries.set(key, value(depth + 1));
      mayContinue = take(",");
    }
    return entries;
  };

  const value = (depth: number): PythonLiteral => {
    if (depth > MAX_DEPTH) fail(`at most ${MAX_DEPTH} nested brackets`);
    if (take("'")) return string("'");
    if (take('"')) return string('"');
    if (take("{")) return dictionary(depth);
    if (take("[")) return items("]", depth).values;
    if (take("(")) {
      const { values, commas } = items(")", depth);
      // (80) is the number 80 in brackets; (80,) is a tuple
      return values.length === 1 && commas === 0 ? values[0] : values;
    }
    // Python 2 wrote long integers with an L; twenty digits hold 2⁶⁴
    const integer = match(/[+-]?\d{1,20}(?![\w.])|[+-]?\d{1,20}(?=L(?!\w))/y);
    if (integer !== undefined) {
      match(/L/y);
      return BigInt(integer);
    }
    const word = match(/(?:True|False|None)(?!\w)/y);
    if (word === undefined) return fail("a Python literal");
    return word === "None" ? null : word === "True";
  };

  const result = value(0);
  skipSpace();
  if (position < text.length) fail("the end");
  return result;
}

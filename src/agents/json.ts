// Typed accessors for agents' output. Every line goes through them, so they are cheap, and they never throw: a value
// of another type than expected counts as absent.

export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object, or an empty one. */
export function objectIn(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The elements of an array, or none. */
export function itemsIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The text, or an empty one. */
export function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A finite number of 0 or more, or 0. */
export function countIn(value: unknown): number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : 0;
}

/** A larger token count is not credible: no run uses that many, and sums would not stay exact. */
const MOST_TOKENS = 1e10;

/** A count of tokens, or 0. */
export function tokenCount(value: unknown): number {
  const count = countIn(value);
  return count <= MOST_TOKENS ? count : 0;
}

/** A finite number, or undefined. */
export function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The object that a text holds as JSON, or undefined. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The objects on a line that is not one JSON object: several that were joined because a newline was lost. Empty when
 * any of it is something else: a message that was cut looks like many other things.
 */
export function joinedObjects(line: string): JsonObject[] {
  const found: JsonObject[] = [];
  let depth = 0;
  let from = 0;
  let inText = false;
  for (let at = 0; at < line.length; at++) {
    const char = line[at];
    if (inText) {
      if (char === '\\') at++;
      else if (char === '"') inText = false;
    } else if (char === '"') inText = true;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) {
      const object = parseObject(line.slice(from, at + 1));
      if (!object) return [];
      found.push(object);
      from = at + 1;
    }
  }
  return line.slice(from).trim() === '' ? found : [];
}

/** The deepest nesting that is stored. */
const DEEPEST = 100;

/**
 * Why a value would not come back from JSON as it is, as the end of a sentence that names the place; undefined if it
 * would (R1.3).
 */
export function whyNotJson(value: unknown, place: string, depth = 0): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${place} is ${value}`;
  if (typeof value !== 'object') return `${place} is ${value === undefined ? 'undefined' : `a ${typeof value}`}`;
  if (depth > DEEPEST) return `${place} is nested too deeply, or contains itself`;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const why = whyNotJson(value[index], `${place}[${index}]`, depth + 1);
      if (why !== undefined) return why;
    }
    return undefined;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    return `${place} is a ${value.constructor?.name ?? 'class instance'}`;
  if (Object.getOwnPropertySymbols(value).length > 0) return `${place} has a symbol as a key`;
  for (const [key, item] of Object.entries(value)) {
    const why = whyNotJson(item, `${place}.${key}`, depth + 1);
    if (why !== undefined) return why;
  }
  return undefined;
}

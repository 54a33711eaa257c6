/**
 * A deep copy of plain objects and arrays; strings are shared, and anything else is taken as it is. Reads each property
 * once, so that a caller who changes the original later, or answers differently each time, changes nothing (R1.3).
 */
export function copyOf<T>(value: T): T {
  return copy(value, (made) => made, new Map()) as T;
}

/** A deep, frozen copy: what callers are handed (R1.3). */
export function frozenCopy<T>(value: T): T {
  return copy(value, Object.freeze, new Map()) as T;
}

function copy(value: unknown, seal: <O extends object>(made: O) => O, seen: Map<object, object>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = seen.get(value);
  if (known) return known;
  if (Array.isArray(value)) {
    const made: unknown[] = [];
    seen.set(value, made);
    for (const item of value) made.push(copy(item, seal, seen));
    return seal(made);
  }
  if (!isPlain(value)) return value;
  const made: { [key: string]: unknown } = {};
  seen.set(value, made);
  for (const [key, item] of Object.entries(value)) {
    const copied = copy(item, seal, seen);
    if (key === '__proto__') define(made, key, copied);
    else made[key] = copied;
  }
  return seal(made);
}

/** Made by a literal or by `JSON.parse`, in whatever realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** For a key that cannot be set. It takes much longer than setting one. */
function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

import * as z from 'zod/mini';
import { $ZodObjectJIT } from 'zod/v4/core';
import type { Json } from '../../core/model/agentEvent.ts';

/**
 * Reads a row by its columns; others are left out. It is `z.object` with zod's own compiled parser, which `zod/mini` leaves aside: whole lists are
 * read several times as fast. It is imported by itself: `z.core` would bring all of zod into the bundle.
 */
export function columns<S extends z.core.$ZodLooseShape>(shape: S): z.core.$ZodObject<S, z.core.$strip> {
  return new $ZodObjectJIT({ type: 'object', shape }) as z.core.$ZodObject<S, z.core.$strip>;
}

/** A yes or no, stored as 1 or 0. */
export const flag = z.pipe(
  z.literal([0, 1]),
  z.transform((value) => value === 1),
);

/** A JSON column, as what `schema` reads from it. */
export function json<T extends z.core.$ZodType>(schema: T) {
  return z.pipe(z.pipe(z.string(), z.transform(parsed)), schema);
}

/** One of the names of a union, all of which must be given: the compiler counts them. */
export function oneOf<T extends string>(names: { readonly [name in T]: 0 }) {
  return z.enum(Object.keys(names) as T[]);
}

/** JSON of any form, handed back as it was stored. */
export const anyJson = z.custom<Json>(() => true);

/** A JSON object of any form. It is not copied key by key: a key such as `__proto__` must come back as it was. */
export const jsonObject = z.custom<{ readonly [key: string]: Json }>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

export function asFlag(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}

export function asJson(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** Text for a text column: older versions of Node cut it at a NUL character when they read it. */
export function asText(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
}

function parsed(text: string, context: z.core.ParsePayload): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    context.issues.push({ code: 'custom', message: `is not JSON: ${String(error)}`, input: text });
    return z.NEVER;
  }
}

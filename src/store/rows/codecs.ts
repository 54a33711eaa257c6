import * as z from 'zod/mini';
import type { Json } from '../../core/model/agentEvent.ts';

/** What a store binds to a parameter. */
export type SqlValue = string | number | null;

/**
 * How one kind of value is stored in a column. `T` includes `undefined` where the value may be absent: the column is
 * then null.
 */
export interface Codec<T> {
  /** Reads the column. */
  readonly schema: z.core.$ZodType;
  readonly isOptional: boolean;
  encode(value: T): SqlValue;
  /** Turns what `schema` returned into the value, where that differs. */
  decode?(read: unknown): T;
}

const parsedText = z.pipe(z.string(), z.transform(parsed));

/** A boolean, stored as 1 or 0. */
export const flagSchema = z.pipe(
  z.literal([0, 1]),
  z.transform((value) => value === 1),
);

export const int: Codec<number> = { schema: z.int(), isOptional: false, encode: (value) => value };
export const real: Codec<number> = { schema: z.number(), isOptional: false, encode: (value) => value };
export const flag: Codec<boolean> = { schema: flagSchema, isOptional: false, encode: asFlag };
/** Text as it is. */
export const text: Codec<string> = { schema: z.string(), isOptional: false, encode: (value) => value };
/** Text of others, which may hold any character. */
export const freeText: Codec<string> = { schema: z.string(), isOptional: false, encode: asText };

export function jsonOf<T>(schema: z.core.$ZodType<T>): Codec<T> {
  return { schema: json(schema), isOptional: false, encode: (value) => JSON.stringify(value) };
}

/** A list that is null in the database while it is empty. */
export function listOf<T>(item: z.core.$ZodType<T>): Codec<readonly T[]> {
  return {
    schema: z.nullable(json(z.array(item))),
    isOptional: false,
    encode: (list) => (list.length === 0 ? null : JSON.stringify(list)),
    decode: (list) => (list ?? []) as readonly T[],
  };
}

export function nameOf<T extends string>(names: { readonly [name in T]: 0 }): Codec<T> {
  return { schema: oneOf(names), isOptional: false, encode: (value) => value };
}

/** A value that may be absent. */
export function optional<T>({ schema, encode, decode }: Codec<T>): Codec<T | undefined> {
  return {
    schema: z.nullable(schema),
    isOptional: true,
    encode: (value) => (value === undefined ? null : encode(value)),
    ...(decode && { decode }),
  };
}

/** JSON of any shape that may be absent. It is wrapped while it is read, because `null` is a value of its own. */
export const optionalJson: Codec<Json | undefined> = {
  schema: z.nullable(
    z.pipe(
      json(z.custom<Json>(() => true)),
      z.transform((value) => ({ value })),
    ),
  ),
  isOptional: true,
  encode: (value) => (value === undefined ? null : JSON.stringify(value)),
  decode: (read) => (read as { readonly value: Json }).value,
};

/** A JSON object of any shape. It is not copied key by key, so that a key such as `__proto__` survives. */
export const jsonObject = z.custom<{ readonly [key: string]: Json }>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

/** A JSON column, read through `schema`. */
export function json<T extends z.core.$ZodType>(schema: T) {
  return z.pipe(parsedText, schema);
}

/** One name of a union. The compiler checks that every name is listed. */
export function oneOf<T extends string>(names: { readonly [name in T]: 0 }) {
  return z.enum(Object.keys(names) as T[]);
}

export function asFlag(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}

/** Older versions of Node cut text at a NUL character when they read it, and PostgreSQL refuses one. */
export function asText(value: string): string {
  return value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value;
}

function parsed(value: string, context: z.core.ParsePayload): unknown {
  try {
    return JSON.parse(value);
  } catch (error) {
    context.issues.push({ code: 'custom', message: `is not JSON: ${String(error)}`, input: value });
    return z.NEVER;
  }
}

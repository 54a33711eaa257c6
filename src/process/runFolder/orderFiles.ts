import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StopBy } from '../../core/model/attempt.ts';
import { type Look, lookAt, lookOf, there } from '../../core/model/looks.ts';
import { FILE_MODE, lookAtJson, readJson, writeJson } from './atomicFile.ts';
import { ORDER, type Order, type OrderResult, RESULT } from './records.ts';
import { NotRegularError, readHead } from './regularFile.ts';
import type { RunFiles } from './runFiles.ts';
import { STOPS } from './stoppers.ts';

/** More orders than this (bytes) are never left. */
const LONGEST_BOX_BYTES = 1024 * 1024;

/**
 * Leaves an order for a guardian under `name`: in a file, and in the box that the guardian holds open. One of them is
 * enough.
 *
 * @throws the error of the file system when it could be left in neither.
 */
export function putOrder(files: RunFiles, name: string, order: Order): void {
  let failure: unknown;
  try {
    writeJson(join(files.orders, name), order);
  } catch (error) {
    failure = error;
  }
  try {
    appendFileSync(files.box, boxLine(name, order), { mode: FILE_MODE });
  } catch (error) {
    if (failure) throw error;
  }
}

/** An entry of the box: an order, or what became of one. */
export function boxLine(name: string, value: Order | OrderResult): string {
  return `${name}\t${JSON.stringify(value)}\n`;
}

/** What became of an order, once its guardian has said it; undefined before. */
export function resultOf(files: RunFiles, name: string): OrderResult | undefined {
  const result = readJson(join(files.orders, name + RESULT)) ?? jsonOf(textInBox(files, name + RESULT));
  const { delivered } = (result ?? {}) as { readonly delivered?: unknown };
  return typeof delivered === 'boolean' ? { delivered } : undefined;
}

/**
 * All orders that were ever left for a run, oldest first; those that make no sense are left out.
 *
 * @throws Error when some cannot be read: one of them may be a stop.
 */
export function allOrders(files: RunFiles): readonly Order[] {
  const orders = ordersInBox(found(lookAtBox(files)) ?? '');
  for (const name of found(lookAt(() => readdirSync(files.orders))) ?? [])
    if (name.endsWith(ORDER)) orders.set(name, found(lookAtOrder(join(files.orders, name))));
  const sorted = [...orders].sort(([one], [other]) => (one < other ? -1 : 1));
  return sorted.flatMap(([, order]) => order ?? []);
}

/** Looks at an order in a file of its own. The value is undefined where it is none. */
export function lookAtOrder(path: string): Look<Order | undefined> {
  const look = lookAtJson(path);
  return look.state === 'there' ? there(parseOrder(look.value)) : look;
}

/** The orders in the text of a box, by their names; undefined for one that makes no sense. */
export function ordersInBox(text: string): Map<string, Order | undefined> {
  const orders = new Map<string, Order | undefined>();
  for (const line of text.split('\n')) {
    const [name = '', order] = line.split('\t', 2);
    if (name.endsWith(ORDER)) orders.set(name, parseOrder(jsonOf(order)));
  }
  return orders;
}

/** Reads an order; undefined when it is none. */
export function parseOrder(value: unknown): Order | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, by, graceMs, signal, stopAfterMs, mine } = value as { [key: string]: unknown };
  const isSpan = (one: unknown): one is number => typeof one === 'number' && one >= 0;
  const isStopper = (one: unknown): one is StopBy => STOPS.includes(one as StopBy);
  if (kind === 'stop') return isStopper(by) && isSpan(graceMs) ? (value as Order) : undefined;
  if (kind === 'signal')
    return typeof signal === 'string' && (by === undefined || isStopper(by)) ? (value as Order) : undefined;
  if (kind === 'leave') return stopAfterMs === undefined || isSpan(stopAfterMs) ? (value as Order) : undefined;
  if (kind === 'adopted') return typeof mine === 'boolean' ? (value as Order) : undefined;
  return kind === 'keepWaiting' ? { kind } : undefined;
}

function lookAtBox(files: RunFiles): Look<string> {
  try {
    return there(readHead(files.box, LONGEST_BOX_BYTES).toString('utf8'));
  } catch (error) {
    return error instanceof NotRegularError ? there('') : lookOf(error);
  }
}

/** What a look has found, if anything is there. @throws Error when the look failed. */
function found<T>(look: Look<T>): T | undefined {
  if (look.state === 'unknown') throw new Error(`The orders of a run cannot be read: ${look.why}`);
  return look.state === 'there' ? look.value : undefined;
}

function textInBox(files: RunFiles, name: string): string | undefined {
  const box = lookAtBox(files);
  const lines = box.state === 'there' ? box.value.split('\n') : [];
  return lines.find((one) => one.startsWith(`${name}\t`))?.slice(name.length + 1);
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StopBy } from '../../core/model/loop.ts';
import { readJson, writeJson } from '../runFolder/atomicFile.ts';
import { ORDER, type Order, type OrderResult, RESULT } from '../runFolder/records.ts';

/** An order that was not seen before. */
export interface NewOrder {
  readonly order: Order;
  /** Writes down whether a signal was delivered, for the window that waits for it. */
  answer(delivered: boolean): void;
}

/** The orders that windows leave in the run folder. The files stay: that of a stop is the record that it was asked for. */
export class Orders {
  readonly #folder: string;
  readonly #log: (message: string, error?: unknown) => void;
  readonly #seen = new Set<string>();

  constructor(folder: string, log: (message: string, error?: unknown) => void) {
    this.#folder = folder;
    this.#log = log;
  }

  /** The new ones, oldest first. */
  take(): NewOrder[] {
    // Their names begin with a time, so the order of the names is theirs.
    const names = this.#names().filter((name) => !this.#seen.has(name));
    return names.sort().flatMap((name) => {
      this.#seen.add(name);
      const order = parseOrder(readJson(join(this.#folder, name)));
      if (!order) {
        this.#log(`The order ${name} can not be read and was skipped.`);
        return [];
      }
      return { order, answer: (delivered) => this.#answer(name, { delivered }) };
    });
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder).filter((name) => name.endsWith(ORDER));
    } catch {
      // Somebody removed the folder; a window that has an order makes it again.
      return [];
    }
  }

  #answer(name: string, result: OrderResult): void {
    const path = join(this.#folder, name + RESULT);
    if (!existsSync(path)) writeJson(path, result);
  }
}

const STOPPED_BY: { readonly [by in StopBy]: true } = {
  ...{
    user: true,
    shutdown: true,
    budget: true,
    cap: true,
    restart: true,
    timeout: true,
    hung: true,
    'output-limit': true,
    unattended: true,
  },
};

/** Reads an order; undefined when it is none. Shared with the window that takes the place of a lost guardian. */
export function parseOrder(value: unknown): Order | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, by, graceMs, signal, stopAfterMs, mine } = value as { [key: string]: unknown };
  const isSpan = (one: unknown): one is number => typeof one === 'number' && one >= 0;
  const isStopper = (one: unknown): one is StopBy => typeof one === 'string' && Object.hasOwn(STOPPED_BY, one);
  if (kind === 'stop') return isStopper(by) && isSpan(graceMs) ? (value as Order) : undefined;
  if (kind === 'signal')
    return typeof signal === 'string' && (by === undefined || isStopper(by)) ? (value as Order) : undefined;
  if (kind === 'leave') return stopAfterMs === undefined || isSpan(stopAfterMs) ? (value as Order) : undefined;
  if (kind === 'adopted') return typeof mine === 'boolean' ? (value as Order) : undefined;
  return kind === 'keepWaiting' ? { kind } : undefined;
}

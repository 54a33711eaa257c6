import { closeSync, constants, existsSync, fstatSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Look, there } from '../../core/model/looks.ts';
import { writeJson } from '../runFolder/atomicFile.ts';
import { boxLine, lookAtOrder, ordersInBox } from '../runFolder/orderFiles.ts';
import { ORDER, type Order, type OrderResult, RESULT } from '../runFolder/records.ts';
import { openRegular } from '../runFolder/regularFile.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';

/** An order that was not seen before. */
export interface NewOrder {
  readonly order: Order;
  /** Records whether a signal was delivered, for the window that waits for it. */
  answer(delivered: boolean): void;
}

const BOX_BYTES = 64 * 1024;

/**
 * The orders that windows leave in the run folder: a file each, and all of them in the box, which is held open so that
 * orders arrive even when there is no free descriptor. The files stay: that of a stop is the record that it was asked
 * for.
 */
export class Orders {
  readonly #files: Pick<RunFiles, 'orders' | 'box'>;
  readonly #log: (message: string, error?: unknown) => void;
  readonly #seen = new Set<string>();
  readonly #buffer = Buffer.allocUnsafe(BOX_BYTES);
  #box: number | undefined;
  #boxRead = 0;

  constructor(files: Pick<RunFiles, 'orders' | 'box'>, log: (message: string, error?: unknown) => void) {
    this.#files = files;
    this.#log = log;
    this.#openBox();
  }

  /** The new ones, oldest first. */
  take(): NewOrder[] {
    const found = new Map<string, () => Look<Order | undefined>>();
    for (const [name, order] of this.#inBox()) if (!this.#seen.has(name)) found.set(name, () => there(order));
    for (const name of this.#names())
      if (!this.#seen.has(name) && !found.has(name)) found.set(name, () => lookAtOrder(join(this.#files.orders, name)));
    // Their names begin with a time, so the order of the names is theirs.
    return [...found]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([name, read]) => this.#take(name, read));
  }

  close(): void {
    if (this.#box !== undefined) closeSync(this.#box);
    this.#box = undefined;
  }

  #take(name: string, read: () => Look<Order | undefined>): NewOrder[] {
    const look = read();
    // One that cannot be read now, for want of a descriptor, may be a stop: it is read at the next look.
    if (look.state !== 'there') return [];
    this.#seen.add(name);
    const order = look.value;
    if (order) return [{ order, answer: (delivered) => this.#answer(name, { delivered }) }];
    this.#log(`The order ${name} cannot be read and was skipped.`);
    return [];
  }

  #names(): string[] {
    try {
      return readdirSync(this.#files.orders).filter((name) => name.endsWith(ORDER));
    } catch {
      // The folder was removed, and a window with an order will recreate it; or there is no descriptor.
      return [];
    }
  }

  #openBox(): void {
    try {
      this.#box = openRegular(this.#files.box, constants.O_RDWR | constants.O_APPEND);
    } catch (error) {
      // A window of the first edition makes none.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#log('The order box cannot be opened.', error);
    }
  }

  #inBox(): ReadonlyMap<string, Order | undefined> {
    if (this.#box === undefined) return new Map();
    try {
      const { size } = fstatSync(this.#box);
      // Orders that were seen are not taken again.
      if (size < this.#boxRead) this.#boxRead = 0;
      if (size === this.#boxRead) return new Map();
      const bytes = readSync(this.#box, this.#buffer, 0, BOX_BYTES, this.#boxRead);
      const whole = this.#buffer.subarray(0, this.#buffer.lastIndexOf('\n', bytes - 1) + 1);
      this.#boxRead += whole.length === 0 && bytes === BOX_BYTES ? bytes : whole.length;
      return ordersInBox(whole.toString('utf8'));
    } catch (error) {
      this.#log('The order box cannot be read.', error);
      return new Map();
    }
  }

  #answer(name: string, result: OrderResult): void {
    const path = join(this.#files.orders, name + RESULT);
    try {
      if (!existsSync(path)) writeJson(path, result);
    } catch (error) {
      // There is no descriptor, or something stands where the folder of orders was.
      if (this.#box === undefined) throw error;
      writeSync(this.#box, boxLine(name + RESULT, result));
    }
  }
}

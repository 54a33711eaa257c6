import { CLAIM_MS } from '../rows/claimRow.ts';
import type { Connection, Query } from './connection.ts';

/** What hosts have claimed, so that one of them does it for all (R10.2). */
export class ClaimTable {
  readonly #has: Query;
  readonly #add: Query;
  readonly #trim: Query;

  constructor(connection: Connection) {
    this.#has = connection.prepare('SELECT 1 FROM claims WHERE key = ? AND at > ?');
    this.#add = connection.prepare('INSERT OR REPLACE INTO claims (key, at) VALUES (?, ?)');
    this.#trim = connection.prepare('DELETE FROM claims WHERE at <= ?');
  }

  has(key: string, now: number): boolean {
    return this.#has.get(key, now - CLAIM_MS) !== undefined;
  }

  add(key: string, now: number): void {
    this.#trim.run(now - CLAIM_MS);
    this.#add.run(key, now);
  }
}

import type { Connection, Query } from './connection.ts';

/** Work that goes from one machine to another, in pieces (R16.7). */
export class PieceTable {
  readonly #insert: Query;
  readonly #get: Query;
  readonly #remove: Query;

  constructor(connection: Connection) {
    this.#insert = connection.prepare('INSERT OR REPLACE INTO pieces (transfer, n, content) VALUES (?, ?, ?)');
    this.#get = connection.prepare('SELECT content FROM pieces WHERE transfer = ? AND n = ?');
    this.#remove = connection.prepare('DELETE FROM pieces WHERE transfer = ?');
  }

  add(transfer: string, n: number, content: string): void {
    this.#insert.run(transfer, n, content);
  }

  get(transfer: string, n: number): string | undefined {
    const content = this.#get.get(transfer, n)?.content;
    return typeof content === 'string' ? content : undefined;
  }

  remove(transfer: string): void {
    this.#remove.run(transfer);
  }
}

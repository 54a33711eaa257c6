import type { Connection, Query } from './connection.ts';

/** Removes finished loops with all that belongs to them. What was spent on a day stays in the sums of that day. */
export class Removal {
  readonly #loop: Query;
  readonly #tokens: Query;
  readonly #parts: readonly Query[];

  constructor(connection: Connection) {
    this.#loop = connection.prepare('DELETE FROM loops WHERE seq = ? AND finished_at IS NOT NULL');
    this.#tokens = connection.prepare('SELECT token FROM attempts WHERE seq = ?');
    this.#parts = ['attempts', 'history', 'ledger', 'prompts'].map((table) => connection.prepare(`DELETE FROM ${table} WHERE seq = ?`));
  }

  /** Removes a loop if it is finished; answers the tokens of its runs. */
  remove(seq: number): string[] {
    if (this.#loop.run(seq) === 0) return [];
    const tokens = this.#tokens.all(seq).map(({ token }) => String(token));
    for (const part of this.#parts) part.run(seq);
    return tokens;
  }
}

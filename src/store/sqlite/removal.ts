import { idsOf } from './attemptTable.ts';
import type { Connection, Query } from './connection.ts';
import type { Counted } from './loopTable.ts';

/** Removes finished loops with everything that belongs to them. Their spend stays in the sums of its day. */
export class Removal {
  readonly #loop: Query;
  readonly #tokens: Query;
  readonly #attempts: Query;
  readonly #parts: readonly Query[];
  readonly #oldAttempts: Query;
  readonly #oldHistory: Query;

  constructor(connection: Connection) {
    this.#loop = connection.prepare(
      `DELETE FROM loops WHERE seq = ? AND finished_at IS NOT NULL
       RETURNING 1 AS finished, state = 'failed' AND cleared IS 0 AS failed`,
    );
    this.#tokens = connection.prepare(`SELECT token FROM attempts WHERE seq = ? AND id IN (${idsOf('= ?')})`);
    this.#attempts = connection.prepare(`DELETE FROM attempts WHERE seq = ? AND id IN (${idsOf('= ?')})`);
    this.#oldAttempts = connection.prepare(
      `DELETE FROM attempts WHERE seq = ? AND ended_at IS NOT NULL
         AND id IN (SELECT attempt FROM history WHERE seq = ? AND attempt < ?)`,
    );
    this.#oldHistory = connection.prepare('DELETE FROM history WHERE seq = ? AND n < ?');
    this.#parts = ['history', 'checks', 'ledger', 'prompts'].map((table) =>
      connection.prepare(`DELETE FROM ${table} WHERE seq = ?`),
    );
  }

  /** Removes a loop if it is finished. Returns the tokens of its runs and what it counted as. */
  remove(seq: number): { readonly tokens: string[]; readonly counted: Counted } | undefined {
    const counted = this.#loop.get(seq);
    if (!counted) return undefined;
    const tokens = this.#tokens.all(seq, seq).map(({ token }) => String(token));
    this.#attempts.run(seq, seq);
    for (const part of this.#parts) part.run(seq);
    return { tokens, counted: counted as unknown as Counted };
  }

  /** Removes the settled attempts of a loop from before that one, and the rows of history from before it began. */
  forgetAttempts(seq: number, before: number): void {
    this.#oldAttempts.run(seq, seq, before);
    this.#oldHistory.run(seq, before);
  }
}

import type { NanoUsd } from '../../core/model/money.ts';
import type { SettledToken } from '../../core/ports/historyQueries.ts';
import { ESTIMATED_FROM, medianOf } from '../rows/median.ts';
import type { Connection, Query } from './connection.ts';

/** How many finished loops of an agent count for its median. */
const LOOKED_AT = 1_000;

/** Small queries over many loops, each served by an index. */
export class Summaries {
  readonly #costs: Query;
  readonly #failed: Query;
  readonly #tokens: Query;
  readonly #known: Query;

  constructor(connection: Connection) {
    // Loops that did not work cost nothing, and guesses must not feed on themselves (R6.2). For an agent with few loops
    // this walks the whole index: 1 ms at 10,000 loops.
    this.#costs = connection.prepare(
      `SELECT cost FROM (
         SELECT cost, cost_unknown, cost_at_least FROM loops
         WHERE finished_at IS NOT NULL AND agent = ? AND state IN ('completed', 'failed')
         ORDER BY finished_at DESC, seq DESC LIMIT ${LOOKED_AT}
       ) WHERE cost > 0 AND cost_unknown = 0 AND cost_at_least = 0 LIMIT ${ESTIMATED_FROM}`,
    );
    this.#failed = connection.prepare(
      "SELECT loop_id FROM loops WHERE state = 'failed' AND cleared = 0 ORDER BY finished_at DESC, seq DESC LIMIT ?",
    );
    this.#tokens = connection.prepare(
      `SELECT a.seq, a.token, a.ended_at AS at
       FROM loops AS l CROSS JOIN history AS h USING (seq)
       CROSS JOIN attempts AS a ON a.id = h.attempt AND a.seq = l.seq
       WHERE l.finished_at IS NOT NULL AND a.ended_at IS NOT NULL ORDER BY l.finished_at, l.seq, a.id LIMIT ?`,
    );
    this.#known = connection.prepare(
      'SELECT token FROM attempts JOIN loops USING (seq) WHERE token IN (SELECT value FROM json_each(?))',
    );
  }

  /** Those of these tokens that belong to an attempt of a loop. */
  knownTokens(tokens: readonly string[]): ReadonlySet<string> {
    return new Set(this.#known.all(JSON.stringify(tokens)).map(({ token }) => String(token)));
  }

  medianCost(agent: string): NanoUsd | undefined {
    return medianOf(this.#costs.all(agent).map(({ cost }) => Number(cost)));
  }

  permanentlyFailed(limit: number): string[] {
    return this.#failed.all(limit).map(({ loop_id }) => String(loop_id));
  }

  settledTokens(limit: number): SettledToken[] {
    return this.#tokens
      .all(limit)
      .map(({ seq, token, at }) => ({ seq: Number(seq), token: String(token), at: Number(at) }));
  }
}

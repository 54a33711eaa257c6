import * as z from 'zod/mini';
import type { CostSource } from '../../core/model/agentEvent.ts';
import type { LedgerRow } from '../../core/model/history.ts';
import type { DaySpend } from '../../core/ports/store.ts';
import { int, nameOf, optional, text } from './codecs.ts';
import { ColumnTable, columns, written } from './columnTable.ts';

const once = written('once');

/** The columns of `ledger`, apart from `n`, which orders it. */
const table = new ColumnTable<LedgerRow, 'once'>({
  seq: once('seq', int),
  key: once('key', text),
  attemptId: once('attempt_id', optional(int)),
  agent: once('agent', text),
  day: once('day', text),
  at: once('at', int),
  cost: once('cost', int),
  source: once('source', nameOf<CostSource>({ reported: 0, estimated: 0, unknown: 0 })),
  estimated: once('estimated', optional(int)),
});
const inserted = table.group();

export const LEDGER_COLUMNS = table.names.join(', ');
export const ledgerInserted = {
  names: inserted.names,
  values: (row: LedgerRow) => inserted.values({ ...row, estimated: estimatedPart(row) }),
};
/** Reads a row of `ledger`. */
export const ledgerSchema = z.lazy(() =>
  z.pipe(
    columns(table.shape),
    z.transform((row) => {
      const { estimated, ...facts } = table.record(row);
      return estimated === estimatedPart(facts) ? facts : ({ ...facts, estimated } as LedgerRow);
    }),
  ),
);

/** How much of a row is an estimate. A row that does not say is wholly one, or not at all. */
export function estimatedPart({ cost, source, estimated }: Pick<LedgerRow, 'cost' | 'source' | 'estimated'>): number {
  return estimated ?? (source === 'reported' ? 0 : cost);
}

/** How much of a row is a guess (R6.6). */
export function unknownPart({ cost, source }: Pick<LedgerRow, 'cost' | 'source'>): number {
  return source === 'unknown' ? cost : 0;
}

/** Reads the spend of one day and agent. */
export const spendSchema = z.lazy(() =>
  columns({
    ...{ day: z.string(), agent: z.string(), cost: z.int(), estimated: z.int(), unknown: z.int() },
  }),
);

/** Reads the spend of one account on a day. */
export const accountSpendSchema = z.lazy(() =>
  columns({
    ...{ account: z.string(), cost: z.int(), estimated: z.int(), unknown: z.int() },
  }),
);

/** Reads the spend of one loop on a day. */
export const loopSpendSchema = z.lazy(() =>
  columns({
    ...{ loopId: z.string(), title: z.string(), agent: z.string(), cost: z.int(), estimated: z.int() },
    unknown: z.int(),
  }),
);

/** Reads the sum and the marks of one day. */
export const daySchema = z.pipe(
  z.object({ spent: z.int(), unknown: z.int(), warned: z.nullable(z.int()), exceeded: z.nullable(z.int()) }),
  z.transform(
    ({ spent, unknown, warned, exceeded }): Omit<DaySpend, 'day'> => ({
      ...{ spent, unknown, warned: warned === 1, exceeded: exceeded === 1 },
    }),
  ),
);

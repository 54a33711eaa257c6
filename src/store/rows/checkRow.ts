import * as z from 'zod/mini';
import type { Check, CheckOutcome, CheckResult, ScoreSpec } from '../../core/model/check.ts';
import type { Rounds } from '../../core/model/loop.ts';
import { freeText, int, nameOf, oneOf, optional, real, text } from './codecs.ts';
import { ColumnTable, columns, written } from './columnTable.ts';

const score = z.object({ pattern: z.string(), better: oneOf<ScoreSpec['better']>({ higher: 0, lower: 0 }) });

/** The check of a loop, as its row holds it. */
export const checkSchema: z.core.$ZodType<Check> = z.lazy(() =>
  z.object({
    command: z.string(),
    timeoutMs: z.int(),
    maxRounds: z.int(),
    maxMs: z.int(),
    context: oneOf<Check['context']>({ resume: 0, fresh: 0 }),
    checkFirst: z.boolean(),
    score: z.exactOptional(score),
  }),
);

/** Where its rounds stand, as the loop's row holds it. */
export const roundsSchema: z.core.$ZodType<Rounds> = z.lazy(() =>
  z.object({
    phase: oneOf<Rounds['phase']>({ before: 0, work: 0, check: 0 }),
    round: z.int(),
    maxRounds: z.int(),
    until: z.exactOptional(z.int()),
    seen: z.int(),
    first: z.exactOptional(z.int()),
  }),
);

const once = written('once');

/** The columns of `checks`, apart from `seq` and `n`, which lead to the loop and order its rows. */
const table = new ColumnTable<CheckResult, 'once'>({
  round: once('round', int),
  outcome: once('outcome', nameOf<CheckOutcome>({ passed: 0, failed: 0, timeout: 0, unstartable: 0 })),
  exitCode: once('exit_code', optional(int)),
  startedAt: once('started_at', int),
  endedAt: once('ended_at', int),
  token: once('token', text),
  digest: once('digest', text),
  tree: once('tree', optional(text)),
  score: once('score', optional(real)),
  report: once('report', freeText),
});

export const CHECK_COLUMNS = table.names.join(', ');
export const checkInserted = table.group();
/** Reads a row of `checks`. */
export const checkRowSchema = z.pipe(
  columns(table.shape),
  z.transform((row) => table.record(row)),
);

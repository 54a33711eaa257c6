import * as z from 'zod/mini';
import type { TimelineAttempt } from '../../core/ports/historyQueries.ts';
import { outcome } from './attemptRow.ts';
import { columns } from './columnTable.ts';
import { loopState } from './historyRow.ts';

const row = columns({
  id: z.int(),
  seq: z.int(),
  loopId: z.string(),
  title: z.string(),
  agent: z.string(),
  number: z.int(),
  isCheck: z.nullable(z.int()),
  isSetup: z.nullable(z.int()),
  round: z.nullable(z.int()),
  startedAt: z.int(),
  endedAt: z.nullable(z.int()),
  outcome: z.nullable(outcome),
  cost: z.int(),
  costEstimated: z.int(),
  state: loopState,
});

/** Reads an attempt with its loop, as a timeline shows it. */
export const timelineSchema = z.pipe(
  row,
  z.transform(
    ({ isCheck, isSetup, round, endedAt, outcome, ...row }): TimelineAttempt => ({
      ...row,
      ...(isCheck && { isCheck: true }),
      ...(isSetup && { isSetup: true }),
      ...(round !== null && { round }),
      ...(endedAt !== null && { endedAt }),
      ...(outcome !== null && { outcome }),
    }),
  ),
);

import * as z from 'zod/mini';
import type { Transition } from '../../core/model/history.ts';
import type { LoopState } from '../../core/model/loop.ts';
import { freeText, int, nameOf, oneOf } from './codecs.ts';
import { ColumnTable, columns, written } from './columnTable.ts';

const STATES = {
  queued: 0,
  preparing: 0,
  running: 0,
  stopping: 0,
  checking: 0,
  backingOff: 0,
  waiting: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
} as const;
/** Every state of a loop. */
export const loopState = oneOf<LoopState>(STATES);

const once = written('once');

/** The columns of `history`, apart from those that order it and lead to its loop and attempt: `seq`, `n`, `attempt`. */
const table = new ColumnTable<Transition, 'once'>({
  at: once('at', int),
  from: once('from_state', nameOf<LoopState | 'new'>({ ...STATES, new: 0 })),
  to: once('to_state', nameOf<LoopState>(STATES)),
  why: once('why', freeText),
});

export const HISTORY_COLUMNS = table.names.join(', ');
export const historyInserted = table.group();
/** Reads a row of `history`. */
export const historySchema = z.pipe(
  columns(table.shape),
  z.transform((row) => table.record(row)),
);

import * as z from 'zod/mini';
import type { WindowLease } from '../../core/ports/store.ts';
import { processIdentity } from './attemptRow.ts';
import { flag, int, jsonOf, optional, text } from './codecs.ts';
import { ColumnTable, columns, written } from './columnTable.ts';

const lease = written('lease');

/** The columns of `windows`. */
const table = new ColumnTable<WindowLease, 'lease'>({
  id: lease('id', text),
  process: lease('process', jsonOf(processIdentity)),
  folders: lease('folders', jsonOf(z.array(z.string()))),
  openedAt: lease('opened_at', int),
  headless: lease('headless', optional(flag)),
  machine: lease('machine', optional(text)),
});

export const WINDOW_COLUMNS = table.names.join(', ');
export const windowSaved = table.group();
/** Reads a row of `windows`. */
export const windowSchema = z.pipe(
  columns(table.shape),
  z.transform((row) => table.record(row)),
);

import * as z from 'zod/mini';
import type { LoopPhase } from '../../core/model/loop.ts';
import { int, jsonOf, optional, text } from './codecs.ts';
import { ColumnTable, columns, written } from './columnTable.ts';
import { timedWait, userDecision } from './loopRow.ts';

/** What a loop has only in its state, where it is live and has no process. */
export type IdlePhase = Extract<LoopPhase, { state: 'queued' | 'backingOff' | 'waiting' }>;

/** A loop that was moved to another store: its row here is cancelled. */
export interface Departure {
  readonly seq: number;
  /** Unique and growing: a loop that came back and leaves again has another one. */
  readonly n: number;
  /** The store that it was moved to, by its permanent name. */
  readonly target: string;
  /** What it was here, until it is known to have arrived. */
  readonly phase?: IdlePhase;
}

/** A loop that came from another store. */
export interface Arrival {
  /** Its `seq` there. */
  readonly seq: number;
  /** Its `seq` here; absent in rows from before that was recorded. */
  readonly here?: number;
  /** The departure by which it came last; 0 if it was copied. */
  readonly departure: number;
}

const waiting = { state: z.literal('waiting'), why: z.string() };
const phase: z.core.$ZodType<IdlePhase> = z.lazy(() =>
  z.discriminatedUnion('state', [
    z.object({ state: z.literal('queued'), fresh: z.boolean(), wasParked: z.exactOptional(z.literal(true)) }),
    z.object({ state: z.literal('backingOff'), until: z.int() }),
    z.discriminatedUnion('for', [
      z.object({ ...waiting, for: timedWait, until: z.int() }),
      z.object({ ...waiting, for: z.literal('you'), need: userDecision }),
    ]),
  ]),
);

const once = written('once');

const departures = new ColumnTable<Departure, 'once'>({
  seq: once('seq', int),
  n: once('n', int),
  target: once('target', text),
  phase: once('phase', optional(jsonOf(phase))),
});
const arrivals = new ColumnTable<Arrival, 'once'>({
  seq: once('seq', int),
  here: once('here', optional(int)),
  departure: once('departure', int),
});

export const DEPARTURE_COLUMNS = departures.names.join(', ');
export const departureSaved = departures.group();
/** Reads a row of `departures`. */
export const departureSchema = z.pipe(
  columns(departures.shape),
  z.transform((row) => departures.record(row)),
);

export const ARRIVAL_COLUMNS = arrivals.names.join(', ');
export const arrivalSaved = arrivals.group();
/** Reads a row of `imports`. */
export const arrivalSchema = z.pipe(
  columns(arrivals.shape),
  z.transform((row) => arrivals.record(row)),
);

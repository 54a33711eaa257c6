import * as z from 'zod/mini';
import { type CircuitState, CLOSED_CIRCUIT } from '../../core/model/circuit.ts';
import type { CircuitChange } from '../../core/ports/historyQueries.ts';
import type { Control } from '../../core/ports/store.ts';
import { asFlag, json, oneOf, type SqlValue } from './codecs.ts';
import type { RowReader } from './rowReader.ts';

const circuitState = oneOf<CircuitState>({ closed: 0, open: 0, 'half-open': 0 });
const circuit = json(
  z.object({
    state: circuitState,
    generation: z.int(),
    consecutiveFailures: z.int(),
    openedAt: z.exactOptional(z.int()),
    lastFailureAt: z.exactOptional(z.int()),
    reasons: z.array(z.string()),
  }),
);
const hold = z.object({ until: z.int(), reason: z.string() });
/** Stored as entries, because an agent may have any name. */
const holds = json(
  z.pipe(
    z.array(z.tuple([z.string(), hold])),
    z.transform((entries) => Object.fromEntries(entries)),
  ),
);

/** The last good values of the settings. */
const settings = json(z.record(z.string(), z.union([z.number(), z.string(), z.array(z.string())])));

/** The columns of `head` that hold the control record. `circuit_state` repeats a part of `circuit`, for SQL. */
const COLUMNS: { readonly [column: string]: (control: Control) => SqlValue } = {
  circuit: ({ circuit }) => JSON.stringify(circuit),
  circuit_state: ({ circuit }) => circuit.state,
  paused: ({ paused }) => asFlag(paused),
  holds: (control) => {
    const entries = Object.entries(control.holds);
    return entries.length === 0 ? null : JSON.stringify(entries);
  },
  settings: (control) => (control.settings ? JSON.stringify(control.settings) : null),
};

export const CONTROL_COLUMNS = Object.keys(COLUMNS).join(', ');
export const controlSaved = {
  names: Object.keys(COLUMNS),
  values: (control: Control): SqlValue[] => Object.values(COLUMNS).map((value) => value(control)),
};

/** Reads the control record. A part that cannot be read counts as new: closed, not paused, nothing on hold. */
export function readControl(reader: RowReader, row: { readonly [column: string]: unknown } | undefined): Control {
  const part = <S extends z.ZodMiniType>(schema: S, raw: unknown, what: string): z.output<S> | undefined =>
    raw === null || raw === undefined ? undefined : reader.read(schema, raw, () => `the ${what}`);
  const stored = part(settings, row?.settings, 'record of the last good settings');
  return {
    circuit: part(circuit, row?.circuit, 'circuit breaker') ?? CLOSED_CIRCUIT,
    paused: row?.paused === 1,
    holds: part(holds, row?.holds, 'list of agents on hold') ?? {},
    ...(stored && { settings: stored }),
  };
}

export const CIRCUIT_CHANGE_COLUMNS = 'at, from_state, to_state';
/** Reads a row of `circuit_changes`. */
export const circuitChangeSchema = z.pipe(
  z.object({ at: z.int(), from_state: circuitState, to_state: circuitState }),
  z.transform(({ at, from_state, to_state }): CircuitChange => ({ at, from: from_state, to: to_state })),
);

/** The changes since `from`, oldest first, and the last one before them. */
export function changesSince(changes: readonly CircuitChange[], from: number): CircuitChange[] {
  const first = changes.findIndex(({ at }) => at >= from);
  return changes.slice(Math.max(0, (first < 0 ? changes.length : first) - 1));
}

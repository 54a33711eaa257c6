import * as z from 'zod/mini';
import type { CircuitState } from '../../core/model/circuit.ts';
import { type Gates, type HoldReason, storedGateKey } from '../../core/model/gate.ts';
import type { CircuitChange } from '../../core/ports/historyQueries.ts';
import type { Control } from '../../core/ports/store.ts';
import { asFlag, json, oneOf, type SqlValue } from './codecs.ts';
import type { RowReader } from './rowReader.ts';
import { logRequestsSchema, transfersSchema } from './transferRow.ts';

const circuitState = oneOf<CircuitState>({ closed: 0, open: 0, 'half-open': 0 });
const circuit = z.object({
  state: circuitState,
  generation: z.int(),
  consecutiveFailures: z.int(),
  openedAt: z.exactOptional(z.int()),
  lastFailureAt: z.exactOptional(z.int()),
  lastFailed: z.exactOptional(z.int()),
  guessedLimits: z.exactOptional(z.int()),
  reasons: z.array(z.string()),
});
/** Stored as entries, because an account may have any name. */
const circuits = z.lazy(() =>
  json(
    z.pipe(
      z.array(z.tuple([z.string(), circuit])),
      z.transform((entries) => Object.fromEntries(entries)),
    ),
  ),
);

const gateOf = z.union([
  z.object({
    ...{ kind: z.enum(['account', 'profile']), name: z.string(), folder: z.exactOptional(z.string()) },
    machine: z.exactOptional(z.string()),
  }),
  z.object({ kind: z.enum(['machine', 'absence']), machine: z.exactOptional(z.string()) }),
]);
const gateFacts = {
  of: gateOf,
  reason: oneOf<HoldReason>({
    ...{ usageLimit: 0, login: 0, billing: 0, program: 0, config: 0, machine: 0, user: 0, absence: 0 },
  }),
  why: z.string(),
  since: z.int(),
  tries: z.int(),
};
const gate = z.discriminatedUnion('state', [
  z.object({
    ...gateFacts,
    state: z.literal('held'),
    until: z.exactOptional(z.int()),
    guessed: z.exactOptional(z.literal(true)),
    lastSeq: z.exactOptional(z.int()),
  }),
  z.object({ ...gateFacts, state: z.literal('trial'), lastAttempt: z.int() }),
]);
const gates = z.lazy(() =>
  json(
    z.pipe(
      z.array(gate),
      z.transform((list): Gates => Object.fromEntries(list.map((record) => [storedGateKey(record.of), record]))),
    ),
  ),
);

/** The last good values of the settings. */
const setting = z.lazy(() => z.union([z.number(), z.string(), z.array(z.string()), z.record(z.string(), z.number())]));
const settings = z.lazy(() => json(z.record(z.string(), setting)));

const machines = z.lazy(() =>
  json(
    z.record(
      z.string(),
      z.object({
        name: z.string(),
        epoch: z.int(),
        takes: z.exactOptional(z.array(z.string())),
        lease: z.exactOptional(
          z.object({ renewedAt: z.int(), bootId: z.exactOptional(z.string()), lapsesAfterMs: z.int() }),
        ),
      }),
    ),
  ),
);

/** Stored as entries, because an account may have any name. */
const usageWindow = z.object({
  name: z.string(),
  used: z.number(),
  resetsAt: z.exactOptional(z.number()),
  at: z.int(),
});
const usage = z.lazy(() =>
  json(
    z.pipe(
      z.array(z.tuple([z.string(), z.array(usageWindow)])),
      z.transform((entries) => Object.fromEntries(entries)),
    ),
  ),
);

/** A list as JSON; null while it is empty. */
const asList = (list: readonly unknown[]): SqlValue => (list.length === 0 ? null : JSON.stringify(list));

const seen = z.lazy(() =>
  json(z.object({ at: z.int(), old: z.exactOptional(z.array(z.object({ at: z.int(), before: z.int() }))) })),
);

/** The columns of `head` that hold the control record. */
const COLUMNS: { readonly [column: string]: (control: Control) => SqlValue } = {
  circuits: (control) => asList(Object.entries(control.circuits)),
  gates: (control) => asList(Object.values(control.gates)),
  paused: ({ paused }) => asFlag(paused),
  seen: (control) => (control.seen ? JSON.stringify(control.seen) : null),
  machines: (control) => (control.machines ? JSON.stringify(control.machines) : null),
  transfers: (control) => (control.transfers ? JSON.stringify(control.transfers) : null),
  log_requests: (control) => (control.logRequests ? JSON.stringify(control.logRequests) : null),
  usage: (control) => asList(Object.entries(control.usage ?? {})),
  settings: (control) => (control.settings ? JSON.stringify(control.settings) : null),
};

export const CONTROL_COLUMNS = Object.keys(COLUMNS).join(', ');
export const controlSaved = {
  names: Object.keys(COLUMNS),
  values: (control: Control): SqlValue[] => Object.values(COLUMNS).map((value) => value(control)),
};

/**
 * Reads the control record. A part that cannot be read counts as new: all circuits closed, not paused, nothing held.
 */
export function readControl(reader: RowReader, row: { readonly [column: string]: unknown } | undefined): Control {
  const part = <S extends z.ZodMiniType>(schema: S, raw: unknown, what: string): z.output<S> | undefined =>
    raw === null || raw === undefined ? undefined : reader.read(schema, raw, () => `the ${what}`);
  const lastSeen = part(seen, row?.seen, 'record of when a host was last alive');
  const stored = part(settings, row?.settings, 'record of the last good settings');
  const windows = part(usage, row?.usage, 'record of usage windows');
  const known = part(machines, row?.machines, 'record of the machines');
  const transfers = part(transfersSchema, row?.transfers, 'list of work that goes from one machine to another');
  const logs = part(logRequestsSchema, row?.log_requests, 'list of output that goes from one machine to another');
  return {
    circuits: part(circuits, row?.circuits, 'list of circuit breakers') ?? {},
    gates: part(gates, row?.gates, 'list of what is held') ?? {},
    paused: row?.paused === 1,
    ...(known && { machines: known }),
    ...(transfers && { transfers }),
    ...(logs && { logRequests: logs }),
    ...(windows && { usage: windows }),
    ...(stored && { settings: stored }),
    ...(lastSeen && { seen: lastSeen }),
  };
}

export const CIRCUIT_CHANGE_COLUMNS = 'at, account, from_state, to_state';
/** Reads a row of `circuit_changes`. */
export const circuitChangeSchema = z.pipe(
  z.object({ at: z.int(), account: z.string(), from_state: circuitState, to_state: circuitState }),
  z.transform(
    ({ at, account, from_state, to_state }): CircuitChange => ({
      ...{ at, account, from: from_state, to: to_state },
    }),
  ),
);

/** Changes of the circuits from one control record to the next, as rows. */
export function circuitChangesBetween(before: Control, after: Control, at: number): SqlValue[][] {
  return Object.entries(after.circuits).flatMap(([account, { state }]) => {
    const was = before.circuits[account]?.state ?? 'closed';
    return was === state ? [] : [[at, account, was, state]];
  });
}

/** The changes since `from`, oldest first, and the last one before them. */
export function changesSince(changes: readonly CircuitChange[], from: number): CircuitChange[] {
  const first = changes.findIndex(({ at }) => at >= from);
  return changes.slice(Math.max(0, (first < 0 ? changes.length : first) - 1));
}

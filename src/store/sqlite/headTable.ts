import * as z from 'zod/mini';
import { type CircuitState, CLOSED_CIRCUIT } from '../../core/model/circuit.ts';
import type { CircuitChange } from '../../core/ports/historyQueries.ts';
import type { Control } from '../../core/ports/store.ts';
import { asFlag, asJson, json, oneOf } from '../rows/columns.ts';
import type { Connection, Query } from './connection.ts';
import type { RowReader } from './rowReader.ts';

/** So many changes of the circuit are kept. */
const KEPT_CHANGES = 1_000;

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
const fileLock = z.object({ until: z.int(), reason: z.string() });
/** By entries, since an agent may have any name. */
const holds = json(
  z.pipe(
    z.array(z.tuple([z.string(), fileLock])),
    z.transform((entries) => Object.fromEntries(entries)),
  ),
);
/** The last good values of the settings. */
const settings = json(z.record(z.string(), z.union([z.number(), z.string(), z.array(z.string())])));
const change = z.pipe(
  z.object({ at: z.int(), from_state: circuitState, to_state: circuitState }),
  z.transform(({ at, from_state, to_state }): CircuitChange => ({ at, from: from_state, to: to_state })),
);

/** The one row of what is kept once: the control record; with the changes of the circuit. */
export class HeadTable {
  readonly #rowReader: RowReader;
  readonly #control: Query;
  readonly #setControl: Query;
  readonly #noteChange: Query;
  readonly #dropChanges: Query;
  readonly #changes: Query;

  constructor(connection: Connection, rowReader: RowReader) {
    this.#rowReader = rowReader;
    this.#control = connection.prepare('SELECT circuit, paused, holds, settings FROM head');
    this.#setControl = connection.prepare(
      'UPDATE head SET circuit = ?, circuit_state = ?, paused = ?, holds = ?, settings = ?',
    );
    this.#noteChange = connection.prepare(
      'INSERT INTO circuit_changes (at, from_state, to_state) SELECT ?, circuit_state, ? FROM head WHERE circuit_state <> ?',
    );
    this.#dropChanges = connection.prepare(
      `DELETE FROM circuit_changes WHERE id <= (SELECT max(id) FROM circuit_changes) - ${KEPT_CHANGES}`,
    );
    this.#changes = connection.prepare('SELECT at, from_state, to_state FROM circuit_changes ORDER BY id');
  }

  /** The control record. A part of it that can not be read counts as new: closed, not paused, nothing held. */
  control(): Control {
    const row = this.#control.get();
    const stored = this.#part(settings, row?.settings, 'record of the last good settings');
    return {
      circuit: this.#part(circuit, row?.circuit, 'circuit breaker') ?? CLOSED_CIRCUIT,
      paused: row?.paused === 1,
      holds: this.#part(holds, row?.holds, 'list of agents on hold') ?? {},
      ...(stored && { settings: stored }),
    };
  }

  /** Writes the control record; notes when the circuit's state is another than before. `at`: wall time, ms. */
  saveControl(control: Control, at: number): void {
    const { state } = control.circuit;
    if (this.#noteChange.run(at, state, state) > 0) this.#dropChanges.run();
    const held = Object.entries(control.holds);
    this.#setControl.run(
      JSON.stringify(control.circuit),
      state,
      asFlag(control.paused),
      held.length === 0 ? null : JSON.stringify(held),
      asJson(control.settings),
    );
  }

  /** Changes of the circuit since `from`, oldest first, and the last one before them. */
  circuitChanges(from: number): CircuitChange[] {
    const changes = this.#rowReader.readAll(change, this.#changes.all(), () => 'a change of the circuit');
    const first = changes.findIndex(({ at }) => at >= from);
    return changes.slice(Math.max(0, (first < 0 ? changes.length : first) - 1));
  }

  #part<S extends z.ZodMiniType>(schema: S, raw: unknown, what: string): z.output<S> | undefined {
    return raw === null || raw === undefined ? undefined : this.#rowReader.read(schema, raw, () => `the ${what}`);
  }
}

import type { CircuitChange } from '../../core/ports/historyQueries.ts';
import type { Control } from '../../core/ports/store.ts';
import {
  CIRCUIT_CHANGE_COLUMNS,
  CONTROL_COLUMNS,
  changesSince,
  circuitChangeSchema,
  circuitChangesBetween,
  controlSaved,
  readControl,
} from '../rows/controlRow.ts';
import type { RowReader } from '../rows/rowReader.ts';
import { type Connection, type Query, setting } from './connection.ts';

/** How many changes of the circuit are kept. */
const KEPT_CHANGES = 1_000;

/** The one row of `head`, which holds the control record, and the changes of the circuit. */
export class HeadTable {
  readonly #rowReader: RowReader;
  readonly #control: Query;
  readonly #setControl: Query;
  readonly #noteChange: Query;
  readonly #dropChanges: Query;
  readonly #changes: Query;

  constructor(connection: Connection, rowReader: RowReader) {
    this.#rowReader = rowReader;
    this.#control = connection.prepare(`SELECT ${CONTROL_COLUMNS} FROM head`);
    this.#setControl = connection.prepare(`UPDATE head SET ${setting(controlSaved.names)}`);
    this.#noteChange = connection.prepare(
      `INSERT INTO circuit_changes (${CIRCUIT_CHANGE_COLUMNS}) VALUES (?, ?, ?, ?)`,
    );
    this.#dropChanges = connection.prepare(
      `DELETE FROM circuit_changes WHERE id <= (SELECT max(id) FROM circuit_changes) - ${KEPT_CHANGES}`,
    );
    this.#changes = connection.prepare(`SELECT ${CIRCUIT_CHANGE_COLUMNS} FROM circuit_changes ORDER BY id`);
  }

  control(): Control {
    return readControl(this.#rowReader, this.#control.get());
  }

  /** Writes the control record, and notes which circuits differ from before. `at`: wall time, ms. */
  saveControl(control: Control, at: number): void {
    const changes = circuitChangesBetween(this.control(), control, at);
    for (const change of changes) this.#noteChange.run(...change);
    if (changes.length > 0) this.#dropChanges.run();
    this.#setControl.run(...controlSaved.values(control));
  }

  /** Changes of the circuit since `from`, oldest first, and the last one before them. */
  circuitChanges(from: number): CircuitChange[] {
    const rows = this.#rowReader.readAll(circuitChangeSchema, this.#changes.all(), () => 'a change of the circuit');
    return changesSince(rows, from);
  }
}

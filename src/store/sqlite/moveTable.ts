import type { Loop } from '../../core/model/loop.ts';
import {
  ARRIVAL_COLUMNS,
  type Arrival,
  arrivalSaved,
  arrivalSchema,
  DEPARTURE_COLUMNS,
  type Departure,
  departureSaved,
  departureSchema,
} from '../rows/departureRow.ts';
import { loopWhole } from '../rows/loopRow.ts';
import type { RawRow, RowReader } from '../rows/rowReader.ts';
import { type Connection, parameters, setting } from './connection.ts';

const SELECT_ARRIVALS = `SELECT ${ARRIVAL_COLUMNS} FROM imports`;

/**
 * Loops that came from other stores, and those that went there (R16.1). Its statements are prepared when they are
 * used, which is seldom.
 */
export class MoveTable {
  readonly #connection: Connection;
  readonly #rowReader: RowReader;

  constructor(connection: Connection, rowReader: RowReader) {
    this.#connection = connection;
    this.#rowReader = rowReader;
  }

  arrivals(source: string): Arrival[] {
    return this.#arrivals(this.#connection.query(`${SELECT_ARRIVALS} WHERE source = ?`).all(source));
  }

  arrivalsOf(source: string, seqs: readonly number[]): ReadonlyMap<number, Arrival> {
    const query = `${SELECT_ARRIVALS} WHERE source = ? AND seq IN (SELECT value FROM json_each(?))`;
    const rows = this.#connection.query(query).all(source, JSON.stringify(seqs));
    return new Map(this.#arrivals(rows).map((arrival) => [arrival.seq, arrival]));
  }

  #arrivals(rows: readonly RawRow[]): Arrival[] {
    return this.#rowReader.readAll(arrivalSchema, rows, ({ seq }) => `the arrival of the loop ${String(seq)}`);
  }

  departures(): Departure[] {
    const rows = this.#connection.query(`SELECT ${DEPARTURE_COLUMNS} FROM departures`).all();
    return this.#rowReader.readAll(departureSchema, rows, ({ seq }) => `the departure of the loop ${String(seq)}`);
  }

  /** Writes all of a loop, in a new row or over the one that it has. */
  put(loop: Loop, isNew: boolean): void {
    const { names, values } = loopWhole;
    const sql = isNew
      ? `INSERT INTO loops (${names.join(', ')}) VALUES (${parameters(names.length)})`
      : `UPDATE loops SET ${setting(names)} WHERE seq = ?`;
    this.#connection.query(sql).run(...values(loop), ...(isNew ? [] : [loop.seq]));
  }

  noteArrival(source: string, arrival: Arrival): void {
    const values = [source, ...arrivalSaved.values(arrival)];
    const columns = `(source, ${ARRIVAL_COLUMNS}) VALUES (${parameters(values.length)})`;
    this.#connection.query(`INSERT OR REPLACE INTO imports ${columns}`).run(...values);
  }

  noteDeparture(departure: Departure): void {
    const values = departureSaved.values(departure);
    const columns = `(${DEPARTURE_COLUMNS}) VALUES (${parameters(values.length)})`;
    this.#connection.query(`INSERT OR REPLACE INTO departures ${columns}`).run(...values);
  }

  noteArrived(seq: number): void {
    this.#connection.query('UPDATE departures SET phase = NULL WHERE seq = ?').run(seq);
  }

  forgetDeparture(seq: number): void {
    this.#connection.query('DELETE FROM departures WHERE seq = ?').run(seq);
  }
}

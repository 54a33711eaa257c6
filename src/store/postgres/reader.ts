import type { Disposable } from '../../core/model/disposable.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { RawRow } from '../rows/rowReader.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { identifier } from './sql.ts';
import { channelOf } from './writer.ts';

/** How often (ms) the connection is checked, and changes are queried that no notification announced. */
const LOOK_EVERY_MS = 5_000;

export interface ReaderParts {
  readonly connecting: ConnectionOptions;
  readonly clock: Clock;
  /** Notifications with this payload are our own. */
  readonly name: string;
  /** Others may have changed something. */
  onNews(): void;
}

/**
 * The connection for queries. It also listens for changes of others; writes have a connection of their own and do not
 * hold it up.
 */
export class Reader {
  readonly #parts: ReaderParts;
  #connection: Promise<Connection> | undefined;
  #next: Disposable | undefined;
  #isClosed = false;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  /** Connects and begins to listen. */
  async begin(): Promise<void> {
    await this.#connect();
    this.#look();
  }

  /** Runs statements that only read. If the connection has broken, they run once more on a new one. */
  async query(batch: string): Promise<RawRow[][]> {
    const connection = await this.#connect();
    try {
      return await connection.run(batch);
    } catch (error) {
      if (!connection.isBroken || this.#isClosed) throw error;
      return (await this.#connect()).run(batch);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#next?.dispose();
    void this.#connection?.then(
      (connection) => connection.close(),
      () => {},
    );
  }

  async #connect(): Promise<Connection> {
    const attempt = this.#connection;
    const present = await attempt?.catch(() => undefined);
    if (present && !present.isBroken) return present;
    // Another caller may have begun to connect meanwhile.
    if (this.#connection === attempt) this.#connection = this.#open();
    return this.#connection as Promise<Connection>;
  }

  async #open(): Promise<Connection> {
    const { connecting, name, onNews } = this.#parts;
    const connection = await Connection.open(connecting);
    if (this.#isClosed) connection.close();
    connection.onNotification((payload) => {
      if (payload !== name) onNews();
    });
    await connection.run(`LISTEN ${identifier(channelOf(connecting.address.schema))}`);
    // Notifications of the time without a connection are lost.
    onNews();
    return connection;
  }

  #look(): void {
    this.#next = this.#parts.clock.after(LOOK_EVERY_MS, () => {
      if (this.#isClosed) return;
      this.#connect().catch(() => undefined);
      this.#parts.onNews();
      this.#look();
    });
  }
}

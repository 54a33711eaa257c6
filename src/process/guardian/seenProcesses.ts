import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import { FORMAT } from '../runFolder/records.ts';
import { identityOf, keyOf, type ProcessInfo } from '../tables/processTable.ts';
import type { RunRecords } from './runRecords.ts';

/** How many of the processes that were seen are recorded. */
const SEEN_AT_MOST = 200;

/**
 * Processes of the run that were ever seen. Whoever has to end the run in our place would not find those that have left
 * the tree and carry no marker.
 */
export class SeenProcesses {
  readonly #records: RunRecords;
  readonly #seen = new Map<string, ProcessIdentity>();

  constructor(records: RunRecords) {
    this.#records = records;
  }

  note(processes: readonly ProcessInfo[]): void {
    const before = this.#seen.size;
    for (const process of processes) this.#seen.set(keyOf(process), identityOf(process));
    // A signal may be about to go out, and does not wait for the disk.
    if (this.#seen.size > before) setImmediate(() => this.#record());
  }

  #record(): void {
    const processes = [...this.#seen.values()].slice(-SEEN_AT_MOST);
    this.#records.seen({ format: FORMAT, processes });
  }
}

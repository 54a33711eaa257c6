import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ProcessIdentity } from '../../core/model/loop.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { readJson, writeJson } from '../runFolder/atomicFile.ts';
import { lookAtClaim, lookAtStarted } from '../runFolder/recordSchemas.ts';
import { ORDER, type Order, RESULT } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import type { ProcessTable } from '../tables/processTable.ts';

/** How long (ms) a guardian may take to answer before the window signals by itself. */
const ANSWER_MS = 3_000;

/** Brings orders to guardians: a file each, and a signal that wakes them. */
export class Messenger {
  readonly #table: ProcessTable;
  readonly #clock: Clock;
  readonly #log: (message: string, error?: unknown) => void;
  #sent = 0;

  constructor(table: ProcessTable, clock: Clock, log: (message: string, error?: unknown) => void) {
    this.#table = table;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Leaves an order and wakes the guardian. Answers the path of the order, or undefined when the order could not be written, for the disk is full; then a
   * guardian that is to stop its run is told so by SIGTERM. `known`: the guardian, for when its claim can not be read any more.
   */
  send(files: RunFiles, order: Order, known?: ProcessIdentity): string | undefined {
    this.#sent += 1;
    // The guardian takes them by name: by time, and those of one moment as they were sent.
    const name = `${String(this.#clock.now()).padStart(15, '0')}-${String(this.#sent).padStart(9, '0')}-${randomBytes(4).toString('hex')}${ORDER}`;
    const path = join(files.orders, name);
    try {
      writeJson(path, order);
    } catch (error) {
      this.#log(`An order could not be written to ${files.orders}.`, error);
      if (order.kind === 'stop') void this.#signalGuardian(files, 'SIGTERM', known);
      return undefined;
    }
    void this.#signalGuardian(files, 'SIGUSR2', known);
    return path;
  }

  /** Sends a signal through the guardian; answers whether the group got it. Where the guardian does not answer, the window signals by itself. */
  async signal(files: RunFiles, order: Extract<Order, { kind: 'signal' }>, known?: ProcessIdentity): Promise<boolean> {
    const path = this.send(files, order, known);
    const patience = performance.now() + ANSWER_MS;
    for (let pause = 1; path && performance.now() < patience; pause = Math.min(pause * 1.5, 50)) {
      await new Promise<void>((resolve) => this.#clock.after(Math.ceil(pause), resolve));
      const result = readJson(path + RESULT) as { readonly delivered?: unknown } | undefined;
      if (result) return result.delivered === true;
      if (!(await this.#guardianLives(files, known))) break;
    }
    const started = lookAtStarted(files);
    const leader = started.state === 'there' ? started.value.leader : undefined;
    const [here] = leader ? (await this.#table.look([leader])).there : [];
    return here !== undefined && this.#table.signalGroup(here, order.signal);
  }

  async #guardianLives(files: RunFiles, known: ProcessIdentity | undefined): Promise<boolean> {
    const guardian = guardianOf(files, known);
    if (guardian === undefined) return false;
    const { there, unknown } = await this.#table.look([guardian]);
    return there.length > 0 || unknown.length > 0;
  }

  async #signalGuardian(files: RunFiles, signal: string, known: ProcessIdentity | undefined): Promise<void> {
    if (process.platform === 'win32') return;
    const guardian = guardianOf(files, known);
    if (!guardian) return;
    await this.#table.signal([guardian], signal);
    // Somebody may have stopped it.
    await this.#table.signal([guardian], 'SIGCONT');
  }
}

/** The guardian of a run. It can be signalled from its claim on, not earlier: then it has no ear yet. */
function guardianOf(files: RunFiles, known: ProcessIdentity | undefined): ProcessIdentity | undefined {
  const claim = lookAtClaim(files);
  return (claim.state === 'there' ? claim.value.guardian : undefined) ?? known;
}

import { randomBytes } from 'node:crypto';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { GuardianProcess } from '../launch/guardianProcess.ts';
import { putOrder, resultOf } from '../runFolder/orderFiles.ts';
import { lookAtClaim, lookAtStarted } from '../runFolder/recordSchemas.ts';
import { ORDER, type Order } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import type { ProcessTable } from '../tables/processTable.ts';

/** How long (ms) a guardian may take to answer before the window sends the signal itself. */
const ANSWER_MS = 3_000;

/** A guardian's identity, as far as the window knows it. */
export interface GuardianAddress {
  /** From the records, for when its claim cannot be read any more. */
  readonly identity?: ProcessIdentity | undefined;
  /** The process that this window started, once it listens: it is signalled without a look or a descriptor. */
  readonly child?: GuardianProcess | undefined;
}

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
   * Leaves an order and wakes the guardian. Returns the name of the order, or undefined when it could not be written,
   * as on a full disk; a guardian that is to stop its run gets SIGTERM then.
   */
  send(files: RunFiles, order: Order, to: GuardianAddress = {}): string | undefined {
    this.#sent += 1;
    // The guardian takes them by name: by time, and those of one moment as they were sent.
    const name =
      `${String(this.#clock.now()).padStart(15, '0')}-${String(this.#sent).padStart(9, '0')}-` +
      `${randomBytes(4).toString('hex')}${ORDER}`;
    try {
      putOrder(files, name, order);
    } catch (error) {
      this.#log(`An order could not be written to ${files.orders}.`, error);
      if (order.kind === 'stop') void this.#signalGuardian(files, 'SIGTERM', to);
      return undefined;
    }
    void this.#signalGuardian(files, 'SIGUSR2', to);
    return name;
  }

  /** Has a stopped guardian go on. */
  wake(files: RunFiles, to: GuardianAddress): void {
    void this.#signalGuardian(files, 'SIGCONT', to);
  }

  /**
   * Sends a signal through the guardian; returns whether the group got it. The window signals it if no answer comes.
   */
  async signal(files: RunFiles, order: Extract<Order, { kind: 'signal' }>, to: GuardianAddress = {}): Promise<boolean> {
    const name = this.send(files, order, to);
    const patience = performance.now() + ANSWER_MS;
    for (let pause = 1; name && performance.now() < patience; pause = Math.min(pause * 1.5, 50)) {
      await new Promise<void>((resolve) => this.#clock.after(Math.ceil(pause), resolve));
      const result = resultOf(files, name);
      if (result) return result.delivered;
      if (!(await this.#guardianLives(files, to))) break;
    }
    // It may have answered and ended since the last look: with the agent it ends, too.
    const last = name && resultOf(files, name);
    if (last) return last.delivered;
    const started = lookAtStarted(files);
    const [here] = started.state === 'there' ? (await this.#table.look([started.value.leader])).there : [];
    return here !== undefined && this.#table.signalGroup(here, order.signal);
  }

  async #guardianLives(files: RunFiles, to: GuardianAddress): Promise<boolean> {
    const guardian = guardianOf(files, to);
    if (guardian === undefined) return false;
    const { there, unknown } = await this.#table.look([guardian]);
    return there.length + unknown.length > 0;
  }

  async #signalGuardian(files: RunFiles, signal: NodeJS.Signals, to: GuardianAddress): Promise<void> {
    if (process.platform === 'win32') return;
    if (to.child?.signal(signal)) {
      to.child.signal('SIGCONT');
      return;
    }
    const guardian = guardianOf(files, to);
    if (!guardian) return;
    await this.#table.signal([guardian], signal);
    // Somebody may have stopped it.
    await this.#table.signal([guardian], 'SIGCONT');
  }
}

/** The guardian of a run. It can be signalled from its claim on, not earlier: it does not listen before. */
function guardianOf(files: RunFiles, { identity }: GuardianAddress): ProcessIdentity | undefined {
  const claim = lookAtClaim(files);
  return (claim.state === 'there' ? claim.value.guardian : undefined) ?? identity;
}

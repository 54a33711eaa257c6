import { GONE, type Look, there } from '../../core/model/looks.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { ProcessInspector } from '../../core/ports/launcher.ts';
import type { GuardianProcess } from '../launch/guardianProcess.ts';
import { lookAtClaim } from '../runFolder/recordSchemas.ts';
import type { Order } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import type { ProcessTable } from '../tables/processTable.ts';
import type { GuardianAddress, Messenger } from './messenger.ts';

export interface GuardianLinkServices {
  readonly table: ProcessTable;
  readonly inspector: ProcessInspector;
  readonly messenger: Messenger;
}

/** What this window knows of the guardian of one run, and the way to it. */
export class GuardianLink {
  readonly #files: RunFiles;
  readonly #services: GuardianLinkServices;
  #identity: ProcessIdentity | undefined;
  #child: GuardianProcess | undefined;
  #hasStarted = false;

  /** `identity`: the guardian as the store knows it. */
  constructor(files: RunFiles, services: GuardianLinkServices, identity: ProcessIdentity | undefined) {
    this.#files = files;
    this.#services = services;
    this.#identity = identity;
  }

  get identity(): ProcessIdentity | undefined {
    return this.#identity;
  }

  /** Whether this window has started it. */
  get isChild(): boolean {
    return this.#child !== undefined;
  }

  hasChild(child: GuardianProcess): void {
    this.#child = child;
  }

  /** It has recorded the start of its agent. */
  hasStarted(identity: ProcessIdentity): void {
    this.#identity = identity;
    this.#hasStarted = true;
  }

  /** The guardian as its claim names it, or as it was known before. */
  known(): Look<ProcessIdentity> {
    const claim = lookAtClaim(this.#files);
    const known = (claim.state === 'there' ? claim.value.guardian : undefined) ?? this.#identity;
    if (known) return there(known);
    return claim.state === 'unknown' ? claim : GONE;
  }

  /** Whether it is alive. */
  look(): Look {
    const known = this.known();
    return known.state === 'there' ? this.#services.inspector.look(known.value) : known;
  }

  /** Whether it is of the first edition, which has no heartbeat and knows fewer stops. */
  get isOfFirstEdition(): boolean {
    const claim = lookAtClaim(this.#files);
    return claim.state === 'there' && claim.value.beatMs === undefined;
  }

  send(order: Order): void {
    this.#services.messenger.send(this.#files, order, this.#address());
  }

  /** Returns whether the group got the signal. */
  signal(order: Extract<Order, { kind: 'signal' }>): Promise<boolean> {
    return this.#services.messenger.signal(this.#files, order, this.#address());
  }

  /** Has it go on, if somebody has stopped it. */
  wake(): void {
    this.#services.messenger.wake(this.#files, this.#address());
  }

  /** Ends it because it does not respond. */
  async kill(): Promise<void> {
    const known = this.known();
    if (known.state === 'there') await this.#services.table.signal([known.value], 'SIGKILL');
  }

  /** It listens from its claim on; before that a signal would end it. */
  #address(): GuardianAddress {
    const listens = this.#hasStarted || (this.#child && this.#isClaimed());
    return { identity: this.#identity, ...(listens && { child: this.#child }) };
  }

  #isClaimed(): boolean {
    const claim = lookAtClaim(this.#files);
    return claim.state === 'there' && claim.value.guardian !== undefined;
  }
}

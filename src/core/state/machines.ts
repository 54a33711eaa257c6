import type { Loop } from '../model/loop.ts';
import type { MachineRecord } from '../model/machine.ts';
import { hasLapsed, isRenewalDue, leaseSpans, type RenewalSeen } from '../policy/machineLease.ts';
import type { SupervisorContext } from './context.ts';
import type { LiveState } from './liveState.ts';

/** The machines that share the store, as this host sees them (R16.3). On a store of one machine there are none. */
export class Machines {
  readonly #context: SupervisorContext;
  readonly #liveState: LiveState;
  /** When each machine's last renewal was first seen. */
  readonly #seen = new Map<string, RenewalSeen>();

  constructor(context: SupervisorContext, liveState: LiveState) {
    this.#context = context;
    this.#liveState = liveState;
  }

  /** Whether a loop runs on this machine, if it runs. One of a store that had one machine runs on any. */
  isHere({ machine }: Pick<Loop, 'machine'>): boolean {
    return machine === undefined || machine === this.#context.machine?.id;
  }

  /** What people call a machine. */
  nameOf(id: string): string {
    return this.#liveState.control.machines?.[id]?.name ?? id;
  }

  /** Whether this machine's own lease is to be renewed. */
  isRenewalDue(): boolean {
    const { machine, settings, clock, window } = this.#context;
    if (!machine || window.role === 'caller') return false;
    const lease = this.#liveState.control.machines?.[machine.id]?.lease;
    return isRenewalDue(lease, leaseSpans(settings), clock.now());
  }

  /** Other machines whose lease has lapsed: none of their runs can live. Notes which renewals it sees. */
  lapsed(): (readonly [id: string, record: MachineRecord])[] {
    const { machine, clock } = this.#context;
    if (!machine) return [];
    const bootNow = machine.bootNow();
    return Object.entries(this.#liveState.control.machines ?? {}).filter(([id, { lease }]) => {
      if (id === machine.id || !lease) return false;
      const known = this.#seen.get(id);
      const seen = known?.renewedAt === lease.renewedAt ? known : { ...lease, wall: clock.now(), boot: bootNow };
      this.#seen.set(id, seen);
      return hasLapsed(lease, seen, bootNow);
    });
  }
}

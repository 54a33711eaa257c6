import type { Loop } from '../model/loop.ts';
import type { MachineRecord } from '../model/machine.ts';
import { ANY_MACHINE, type RepositoryRef } from '../model/repository.ts';
import type { OtherMachine } from '../model/status.ts';
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

  /** Whether this machine may take a loop of that repository: one of its clones is named for it (R16.4). */
  takesHere({ address }: RepositoryRef): boolean {
    return this.#context.clones?.some((clone) => clone.address === address) ?? false;
  }

  /** The machines that have opted in to take loops of that repository, by their ids (R16.4). */
  takers({ address }: Pick<RepositoryRef, 'address'>): string[] {
    const machines = Object.entries(this.#liveState.control.machines ?? {});
    return machines.flatMap(([id, { takes }]) => (takes?.includes(address) ? [id] : []));
  }

  /**
   * Whether a host of another machine that takes loops of that repository answers, and has less to do than this one,
   * which is about to start so many more.
   */
  isAnotherFreer(repository: RepositoryRef, starting: number): boolean {
    const own = this.#context.machine?.id ?? '';
    const answering = new Set([...this.#liveState.windows.values()].map(({ machine }) => machine));
    return this.takers(repository).some(
      (id) => id !== own && answering.has(id) && this.#running(id) < this.#running(own) + starting,
    );
  }

  #running(id: string): number {
    let count = 0;
    for (const { machine } of this.#liveState.active.values()) if (machine === id) count++;
    for (const { machine } of this.#liveState.preparing.values()) if (machine === id) count++;
    return count;
  }

  /** The ids of the machines of that name, or with that id. */
  named(wanted: string): string[] {
    const machines = Object.entries(this.#liveState.control.machines ?? {});
    return machines.flatMap(([id, { name }]) => (id === wanted || name === wanted ? [id] : []));
  }

  /** What people call the machines that share the store. */
  names(): string[] {
    return Object.values(this.#liveState.control.machines ?? {}).map(({ name }) => name);
  }

  /** The other machines that take loops of whichever repository (R16.4). */
  takersElsewhere(): OtherMachine[] {
    const answering = new Set([...this.#liveState.windows.values()].map(({ machine }) => machine));
    return Object.entries(this.#liveState.control.machines ?? {}).flatMap(([id, { name, takes = [] }]) =>
      id === this.#context.machine?.id || takes.length === 0 ? [] : [{ id, name, takes, answers: answering.has(id) }],
    );
  }

  /** Whether a window or a host of a machine is there. */
  answers(id: string): boolean {
    return [...this.#liveState.windows.values()].some(({ machine }) => machine === id);
  }

  /** Where a loop belongs in words for people: another machine's name, or `any`. Undefined where it is this one. */
  placeOf(loop: Pick<Loop, 'machine' | 'repository'>): string | undefined {
    if (!this.isHere(loop)) return this.nameOf(loop.machine ?? '');
    return loop.repository && loop.machine === undefined ? ANY_MACHINE : undefined;
  }

  /** What people call a machine. */
  nameOf(id: string): string {
    return this.#liveState.control.machines?.[id]?.name ?? id;
  }

  /** Whether this machine's own lease is to be renewed. */
  isRenewalDue(): boolean {
    const { machine, settings, clock, window } = this.#context;
    if (!machine || window.role === 'caller') return false;
    if (this.#context.hasNewClones) return true;
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

import { NotReadyError } from '../model/errors.ts';
import type { ActiveLoop } from '../model/loop.ts';
import { outstandingOf } from '../model/loop.ts';
import type { MachineLease, MachineRecord } from '../model/machine.ts';
import { isOfAnotherBoot, isRenewalDue, leaseSpans } from '../policy/machineLease.ts';
import type { Machines } from '../state/machines.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { charge } from './charge.ts';
import { requeue, wait } from './transitions.ts';
import { lastAttempt } from './unconfirmedEnd.ts';

/** This machine has the identity of another one that is at work, or was a moment ago before it was started anew. */
export class TwinError extends NotReadyError {
  /** When the other one renewed the lease last: wall time, ms. */
  readonly renewedAt: number;
  constructor(renewedAt: number) {
    super(
      'Another machine with the same identity as this one is at work on the shared store, as after a disk image was ' +
        'copied. Nothing is started here. Set loopSupervisor.storeFolder to another folder on one of the two ' +
        'machines, then reload its windows.',
    );
    this.renewedAt = renewedAt;
  }
}

/** The boot of a machine that does not say which it is. */
const NO_BOOT = 'unknown';

/**
 * Renews this machine's lease where that is due, before anything else of a unit: what cannot be renewed starts nothing
 * (R16.3). Its guardians hear of it after the commit.
 */
export function renewLease(unit: UnitOfWork): void {
  const { machine, settings, window, clones, hasNewClones } = unit.context;
  // A caller starts nothing and follows nothing.
  if (!machine || window.role === 'caller') return;
  const other = leaseOfAnotherBoot(unit);
  if (other && unit.startsNothing) return;
  if (other) throw new TwinError(other.renewedAt);
  const spans = leaseSpans(settings);
  const record = unit.control.machines?.[machine.id];
  if (record?.name === machine.name && !hasNewClones && !isRenewalDue(record.lease, spans, unit.now)) return;
  const epoch = record?.epoch ?? 1;
  const until = machine.bootNow() + spans.graceMs;
  const { bootId } = unit.context.inspector.self;
  const lease = {
    ...{ renewedAt: unit.now, lapsesAfterMs: spans.lapsesAfterMs },
    ...(bootId !== NO_BOOT && { bootId }),
  };
  const takes = clones ? [...new Set(clones.map(({ address }) => address))].sort() : (record?.takes ?? []);
  putMachine(unit, machine.id, { name: machine.name, epoch, lease, ...(takes.length > 0 && { takes }) });
  unit.effects.push(() => machine.allowUntil(epoch, until));
  unit.effects.push(() => {
    if (unit.context.clones === clones) unit.context.hasNewClones = false;
  });
}

/** The lease of this machine where it was renewed a short while ago from another boot (R16.5). */
export function leaseOfAnotherBoot({ context, control, now }: UnitOfWork): MachineLease | undefined {
  const { machine, inspector } = context;
  const lease = machine && control.machines?.[machine.id]?.lease;
  const { bootId } = inspector.self;
  return bootId !== NO_BOOT && isOfAnotherBoot(lease, bootId, now) ? lease : undefined;
}

/**
 * Ends the leases of machines that nothing was heard of for so long that none of their runs can live, and frees the
 * slots of these. Their loops wait until their machine is back, or their user treats them as ended (R3.1, R16.3).
 */
export function takeOverLapsed(unit: UnitOfWork, machines: Machines): void {
  for (const [id, { lease: _, ...record }] of machines.lapsed()) {
    const { name, epoch } = record;
    putMachine(unit, id, { ...record, epoch: epoch + 1 });
    const gone = [...unit.liveState.windows.values()].filter((lease) => lease.machine === id);
    for (const lease of gone) unit.tx.releaseWindow(lease.id);
    unit.putWindows(new Map([...unit.liveState.windows].filter(([, lease]) => lease.machine !== id)));
    for (const loop of [...unit.liveState.active.values()]) if (loop.machine === id) takeOver(unit, loop, name, epoch);
    for (const loop of [...unit.liveState.preparing.values()])
      if (loop.machine === id) requeue(unit, loop, `${name}, where its work tree was made, has not been heard from`);
  }
}

/** What it may still have spent counts as spent until its machine says (R6.2). */
function takeOver(unit: UnitOfWork, loop: ActiveLoop, name: string, epoch: number): void {
  const key = `${loop.attempt.token}.away.${epoch}`;
  const outstanding = outstandingOf(loop);
  const charged = outstanding > 0 ? charge(unit, loop, { key, cost: outstanding, source: 'unknown' }) : undefined;
  const why =
    `${name}, where it ran, has not been heard from, so its end is not confirmed: ` +
    'it goes on when that machine is back, or treat it as ended';
  wait(unit, charged ?? loop, { for: 'you', need: 'machineAway' }, why);
}

/**
 * Takes back the runs of this machine that others took over while nothing was heard of it, as far as there are slots:
 * what they said and how they ended is then recorded, once. `follows`: whether an attempt is still followed as before.
 */
export function reclaimRuns(unit: UnitOfWork, follows: (attemptId: number) => boolean): void {
  const { machine, settings, window } = unit.context;
  if (!machine) return;
  for (const loop of [...unit.liveState.needUser.values()]) {
    if (unit.liveState.slotsTaken >= settings.maxConcurrent) return;
    if (loop.need !== 'machineAway' || loop.machine !== machine.id) continue;
    const attempt = lastAttempt(unit.tx.attempts(loop.seq));
    if (!attempt || attempt.end || follows(attempt.id)) continue;
    const { for: _, need: _1, why: _2, state: _3, ...facts } = loop;
    const state = attempt.stop ? 'stopping' : attempt.isCheck ? 'checking' : 'running';
    const taken = { ...attempt, windowId: window.id };
    unit.tx.saveAttempt(loop.seq, taken);
    const active: ActiveLoop = { ...facts, windowId: window.id, since: unit.now, state, attempt: taken };
    unit.put(active, `${machine.name} is back`, loop.state);
    withdrawAway(unit, active);
  }
}

/** What was charged while its machine was away is known now, or will be said. */
function withdrawAway(unit: UnitOfWork, loop: ActiveLoop): void {
  const { token } = loop.attempt;
  const rows = unit.tx.ledger(loop.seq);
  let next = loop;
  for (const { key, cost, day } of rows.filter((row) => row.key.startsWith(`${token}.away.`))) {
    const back = key.replace('.away.', '.back.');
    next = charge(unit, next, { key: back, cost: -cost, source: 'unknown', day }) ?? next;
  }
}

function putMachine(unit: UnitOfWork, id: string, record: MachineRecord): void {
  unit.putControl({ ...unit.control, machines: { ...unit.control.machines, [id]: record } });
}

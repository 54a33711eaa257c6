import { isActive } from '../model/loop.ts';
import { absenceMs, isAliveDue, isStale } from '../policy/absence.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { hold } from './holds.ts';

/** A host has started, or woken up. Work left unattended for too long is held until its user starts it (R9.5). */
export function noteReturn(unit: UnitOfWork): void {
  const { control, now, context } = unit;
  const seenAt = control.seen?.at;
  const awayMs = absenceMs(seenAt, now);
  if (seenAt !== undefined && isStale(awayMs, context.settings.staleAfterMs)) holdStale(unit, seenAt, awayMs);
  noteAlive(unit);
}

/**
 * This host slept for this long (ms) with its machine, and no other host was awake meanwhile: that is an absence too
 * (R9.5). A caller starts nothing, and leaves it to the others.
 */
export function noteSleep(unit: UnitOfWork, sleptMs: number): void {
  const { settings, window } = unit.context;
  if (window.role !== 'caller' && isStale(sleptMs, settings.staleAfterMs)) noteReturn(unit);
}

/** Says in the store that a host is alive, every ten minutes: later hosts see from it how long none was. */
export function noteAlive(unit: UnitOfWork): void {
  const { seen } = unit.control;
  if (isAliveDue(seen?.at, unit.now)) unit.putControl({ ...unit.control, seen: { ...seen, at: unit.now } });
}

function holdStale(unit: UnitOfWork, since: number, awayMs: number): void {
  const stale = [...unit.liveState.loops()].filter((loop) => !isActive(loop) && loop.state !== 'waiting');
  const waiting = [...unit.liveState.timed.values()].filter((loop) => loop.state === 'waiting');
  const loops = [...stale, ...waiting];
  if (loops.length === 0) return;
  const count = loops.length === 1 ? '1 loop has' : `${loops.length} loops have`;
  const why = `${count} been left alone since ${unit.context.clock.day(since)}`;
  hold(unit, { of: { kind: 'absence' }, reason: 'absence', why, lastSeq: Math.max(...loops.map(({ seq }) => seq)) });
  unit.tell({
    type: 'work:stale',
    loopIds: loops.map(({ loopId }) => loopId).slice(0, 100),
    count: loops.length,
    since,
    awayMs,
  });
}

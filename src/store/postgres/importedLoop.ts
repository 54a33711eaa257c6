import type { LoopRecord } from '../moveLoops.ts';
import type { Writes } from './writes.ts';

/** Writes a loop of another store under numbers of this one. `next` returns an unused number. */
export function addImported(record: LoopRecord, writes: Writes, next: () => number): void {
  const { loop, prompt, attempts, history, checks, ledger } = record;
  const seq = next();
  const place = loop.place === loop.seq ? seq : loop.place;
  writes.loops.set(seq, { loop: { ...loop, seq, place }, isNew: true });
  writes.prompts.set(seq, prompt);
  writes.changed.add(seq);
  const ids = new Map<number, number>();
  for (const attempt of attempts) {
    const id = next();
    ids.set(attempt.id, id);
    writes.attempts.set(id, { seq, attempt: { ...attempt, id }, isNew: true });
  }
  // Its own row says that it was submitted.
  for (const transition of history.filter(({ from }) => from !== 'new'))
    writes.history.push({ seq, n: next(), attempt: null, transition });
  for (const result of checks) writes.checks.push({ seq, n: next(), result });
  for (const { attemptId, ...row } of ledger) {
    const id = attemptId === undefined ? undefined : ids.get(attemptId);
    writes.ledger.push({ n: next(), row: { ...row, seq, ...(id !== undefined && { attemptId: id }) } });
  }
}

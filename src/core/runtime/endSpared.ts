import type { UnitOfWork } from '../state/unitOfWork.ts';
import type { Engine } from './engine.ts';
import { detailOf } from './statusView.ts';
import { withStoreTimeout } from './withStoreTimeout.ts';

/**
 * Ends a process that was spared when its loop ended, and adds that to the loop's history (R7.4). Returns whether the
 * process was there, even if the store did not record it.
 */
export async function endSpared(
  engine: Pick<Engine, 'context' | 'liveState' | 'machines' | 'transactions'>,
  loopId: string,
  pid: number,
  seq?: number,
): Promise<boolean> {
  const detail = await detailOf(engine, loopId, seq);
  const kept = detail?.attempts.flatMap((attempt) => attempt.kept).find((process) => process.pid === pid);
  if (!detail || !kept || !(await engine.context.launcher.terminateSpared(kept))) return false;
  const ended = detail.loop.seq;
  const why = `ended by the user: ${kept.command} (${pid})`;
  const note = (unit: UnitOfWork) => {
    // Meanwhile the loop may have moved on, or been removed.
    const state = (unit.liveState.get(ended) ?? unit.tx.bySeq(ended))?.state;
    if (state) unit.tx.addHistory(ended, { at: unit.now, from: state, to: state, why });
  };
  const written = engine.transactions.take(note, [['bySeq', ended]]);
  await withStoreTimeout(engine.context, written, `The end of ${kept.command} (${pid})`);
  return true;
}

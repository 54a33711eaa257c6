import type { Engine } from './engine.ts';
import { detailOf } from './statusView.ts';
import { withStoreTimeout } from './withStoreTimeout.ts';

/**
 * Ends a process that was kept when its loop ended, and writes that into the loop's history (R7.4). Answers whether it was there: a store that does
 * not let the note through changes nothing about that.
 */
export async function endSpared(
  engine: Pick<Engine, 'context' | 'liveState' | 'transactions'>,
  loopId: string,
  pid: number,
  seq?: number,
): Promise<boolean> {
  const detail = detailOf(engine, loopId, seq);
  const kept = detail?.attempts.flatMap((attempt) => attempt.kept).find((process) => process.pid === pid);
  if (!detail || !kept || !(await engine.context.launcher.terminateSpared(kept))) return false;
  const ended = detail.loop.seq;
  const why = `ended by the user: ${kept.command} (${pid})`;
  const written = engine.transactions.take((unit) => {
    // It may have moved on, or have been removed, meanwhile.
    const state = (unit.liveState.get(ended) ?? engine.context.store.bySeq(ended))?.state;
    if (state) unit.tx.addHistory(ended, { at: unit.now, from: state, to: state, why });
  });
  await withStoreTimeout(engine.context, written, `The end of ${kept.command} (${pid})`);
  return true;
}

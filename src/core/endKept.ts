import type { Engine } from './engine.ts';
import { detailOf } from './report.ts';

/** Ends a process that was kept when its loop ended, and writes that into the loop's history (R7.4). Answers whether it was there. */
export async function endKept(engine: Engine, loopId: string, pid: number): Promise<boolean> {
  const detail = detailOf(engine, loopId);
  const kept = detail?.attempts.flatMap((attempt) => attempt.kept).find((process) => process.pid === pid);
  if (!detail || !kept || !(await engine.context.launcher.endKept(kept))) return false;
  const { seq } = detail.loop;
  const why = `ended by the user: ${kept.command} (${pid})`;
  await engine.turns.take((turn) => {
    // It may have moved on, or have been removed, meanwhile.
    const state = (turn.mirror.get(seq) ?? engine.context.store.bySeq(seq))?.state;
    if (state) turn.tx.addHistory(seq, { at: turn.now, from: state, to: state, why });
  });
  return true;
}

import type { Attempt } from '../core/model/attempt.ts';
import type { CheckResult } from '../core/model/check.ts';
import type { LedgerRow, Transition } from '../core/model/history.ts';
import { isActive, isFinished, isLive, type Loop, type LoopFacts } from '../core/model/loop.ts';
import type { Control, Store, StoreTransaction } from '../core/ports/store.ts';

/** Loops that are moved in one transaction. */
const BATCH = 50;

/** Everything about a loop that has no process. */
export interface LoopRecord {
  readonly loop: Loop;
  readonly prompt: string;
  readonly attempts: readonly Attempt[];
  readonly history: readonly Transition[];
  readonly checks: readonly CheckResult[];
  readonly ledger: readonly LedgerRow[];
}

/** A store that takes loops of another one, each of them once. */
export interface LoopImporter {
  /**
   * Takes loops of the store named `source`. Returns the `seq`s, as `source` knows them, of those that are now here.
   */
  importLoops(source: string, records: readonly LoopRecord[]): Promise<ReadonlySet<number>>;
}

/** What came of a move. */
export interface Moved {
  readonly finished: number;
  readonly live: number;
  /** Loops that stay where they are: they run, or their id is that of a live loop there. */
  readonly left: number;
}

/**
 * Copies the history of one store into another, and moves its queue along. Nothing is deleted: a loop that goes on over
 * there is cancelled here, with that reason. Dispatch is paused here meanwhile, so that no loop runs in both. A move
 * that was broken off can be begun again. `from` must be freshly opened. `progress`: how many loops have been moved.
 */
export async function moveLoops(
  from: Store,
  to: LoopImporter,
  source: string,
  progress: (moved: number) => void,
): Promise<Moved> {
  const { control, live } = await pauseAndRead(from);
  let finished = 0;
  for await (const loops of finishedPages(from)) {
    finished += (await to.importLoops(source, await recordsOf(from, loops))).size;
    progress(finished);
  }
  const waiting = live.filter((loop) => !isActive(loop));
  let moved = 0;
  for (let start = 0; start < waiting.length; start += BATCH) {
    const records = await recordsOf(from, waiting.slice(start, start + BATCH));
    const there = await to.importLoops(source, records);
    await from.write((tx) => {
      for (const { loop } of records) if (there.has(loop.seq)) cancelMoved(tx, loop.seq);
    });
    moved += there.size;
    progress(finished + moved);
  }
  await from.write((tx) => tx.saveControl(control));
  return { finished, live: moved, left: live.length - moved };
}

/** Pauses dispatch for all hosts, and reads the control record of before and the live loops of after. */
async function pauseAndRead(from: Store): Promise<{ readonly control: Control; readonly live: readonly Loop[] }> {
  const before = from.changes();
  if (!before?.live) throw new Error('The store to move from was not freshly opened.');
  const loops = new Map(before.loops.map((loop) => [loop.seq, loop]));
  let { control } = before;
  await from.write((tx) => {
    const changes = tx.changes();
    control = changes?.control ?? control;
    for (const loop of changes?.loops ?? []) loops.set(loop.seq, loop);
    for (const seq of changes?.gone ?? []) loops.delete(seq);
    tx.saveControl({ ...control, paused: true });
  });
  return { control, live: [...loops.values()].filter(isLive) };
}

async function* finishedPages(from: Store): AsyncGenerator<readonly Loop[]> {
  let before: number | undefined;
  for (let offset = 0; ; offset += BATCH) {
    const page = await from.finished({ limit: BATCH, offset, ...(before !== undefined && { before }) });
    // Loops that end meanwhile do not shift what is still to come.
    before ??= (page[0]?.finishedAt ?? 0) + 1;
    if (page.length > 0) yield page;
    if (page.length < BATCH) return;
  }
}

function recordsOf(from: Store, loops: readonly Loop[]): Promise<LoopRecord[]> {
  return Promise.all(
    loops.map(async (loop) => {
      const { seq } = loop;
      const [prompt, attempts, history, checks, ledger] = await Promise.all([
        from.prompt(seq),
        from.attempts(seq),
        from.history(seq),
        from.checks(seq),
        from.ledger(seq),
      ]);
      return { loop, prompt, attempts, history, checks, ledger };
    }),
  );
}

/** Ends a loop here that is over there now. If it was started by hand meanwhile it stays: then it runs here. */
function cancelMoved(tx: StoreTransaction, seq: number): void {
  const loop = tx.bySeq(seq);
  if (!loop || isActive(loop) || isFinished(loop)) return;
  const at = Math.max(loop.since, loop.submittedAt);
  tx.saveLoop(
    { ...loopFacts(loop), state: 'cancelled', finishedAt: at },
    { at, from: loop.state, to: 'cancelled', why: 'moved to the shared store' },
  );
}

/** What a loop has whatever its state. */
function loopFacts(loop: Loop): LoopFacts {
  const {
    state: _,
    fresh: _1,
    attempt: _2,
    until: _3,
    why: _4,
    for: _5,
    need: _6,
    ...facts
  } = loop as Loop & {
    readonly [field: string]: unknown;
  };
  return facts as unknown as LoopFacts;
}

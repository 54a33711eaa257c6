import type { ActiveLoop } from '../model/loop.ts';
import type { LoopChanges } from '../model/workTree.ts';
import type { FileChange, Snapshot, WorkTrees } from '../ports/workTrees.ts';
import type { SupervisorContext } from '../state/context.ts';

/** How long (ms) a snapshot may take before the run goes on without it. */
const SNAPSHOT_MS = 30_000;
/** Files that are too large for a snapshot are named up to this number. */
const LEFT_OUT_NAMED = 20;

/** What is known of the files after a run. */
export interface FilesAfter {
  /** The tree of the working folder (R11.3). */
  readonly tree: string;
  /** The snapshot of it. */
  readonly treeAfter: string;
  readonly changes?: LoopChanges;
}

/**
 * Takes the snapshots around runs (R12.3). One that cannot be had, or not in time, is noted once for each loop and
 * fails nothing.
 */
export class RunSnapshots {
  readonly #context: SupervisorContext;
  /** Loops whose trouble was noted, by `seq`. */
  readonly #noted = new Set<number>();
  /** Loops whose snapshots take too long: none is waited for again. */
  readonly #tooSlow = new Set<number>();

  constructor(context: SupervisorContext) {
    this.#context = context;
  }

  /** Whether snapshots can be taken here at all. */
  get canBeTaken(): boolean {
    return this.#context.workTrees !== undefined;
  }

  /** The snapshot (commit) before a run; undefined without Git. Never rejects. */
  async before(loop: ActiveLoop): Promise<string | undefined> {
    return this.#inTime(loop, async (workTrees) => {
      const taken = await take(workTrees, loop, `${loop.attempt.number}-before`);
      return taken?.commit;
    });
  }

  /** The files after a run, and what its loop has changed; undefined without Git. Never rejects. */
  async after(loop: ActiveLoop): Promise<FilesAfter | undefined> {
    return this.#inTime(loop, async (workTrees) => {
      const { isSetup } = loop.attempt;
      // Before the agent begins: what it makes from then on is its own.
      if (isSetup && loop.workTree?.made) await workTrees.noteSetUp(loop.workTree.made);
      const taken = await take(workTrees, loop, String(loop.attempt.number));
      if (!taken) return undefined;
      const { tree, commit: treeAfter } = taken;
      const changes = await changesOf(workTrees, loop, taken);
      return { tree, treeAfter, ...(changes && { changes }) };
    });
  }

  /** Otherwise most loops without Git would pay for programs that only report its absence. */
  async #inTime<T>(loop: ActiveLoop, work: (workTrees: WorkTrees) => Promise<T | undefined>): Promise<T | undefined> {
    const { workTrees, clock } = this.#context;
    if (!workTrees || this.#tooSlow.has(loop.seq)) return undefined;
    return new Promise((resolve) => {
      const timer = clock.after(SNAPSHOT_MS, () => {
        this.#tooSlow.add(loop.seq);
        this.#note(loop, 'this took too long');
        resolve(undefined);
      });
      work(workTrees)
        .catch((error: unknown) => {
          this.#note(loop, 'see below', error);
          return undefined;
        })
        .then((result) => {
          timer.dispose();
          resolve(result);
        });
    });
  }

  #note({ seq, cwd }: ActiveLoop, why: string, error?: unknown): void {
    if (this.#noted.has(seq)) return;
    this.#noted.add(seq);
    this.#context.log(
      `No snapshot of the files in ${cwd} could be taken, so its changes are not known: ${why}.`,
      error,
    );
  }
}

async function take(workTrees: WorkTrees, { seq, cwd }: ActiveLoop, name: string): Promise<Snapshot | undefined> {
  return (await workTrees.isWorkTree(cwd)) ? workTrees.snapshot(cwd, `${seq}/${name}`) : undefined;
}

/** What a loop has changed since before its first run; undefined where that is not known. */
async function changesOf(
  workTrees: WorkTrees,
  { changes, attempt, workTree }: ActiveLoop,
  { commit: now, commonFolder, leftOut }: Snapshot,
): Promise<LoopChanges | undefined> {
  const start = changes?.start ?? attempt.treeBefore ?? workTree?.base;
  if (start === undefined) return undefined;
  const files = start === now ? [] : await workTrees.changes(commonFolder, start, now);
  const named = leftOut.slice(0, LEFT_OUT_NAMED);
  return { commonFolder, start, now, ...sumOf(files), ...(named.length > 0 && { leftOut: named }) };
}

/** Counts files and lines. */
export function sumOf(files: readonly FileChange[]): Pick<LoopChanges, 'files' | 'insertions' | 'deletions'> {
  return {
    files: files.length,
    insertions: files.reduce((sum, { insertions = 0 }) => sum + insertions, 0),
    deletions: files.reduce((sum, { deletions = 0 }) => sum + deletions, 0),
  };
}

import { isActive } from '../model/loop.ts';
import type { Transfer } from '../model/transfer.ts';
import type { WorkTrees } from '../ports/workTrees.ts';
import { addPiece, answerTransfer, takeTransfer } from '../steps/transfers.ts';
import type { Engine } from './engine.ts';

type SendParts = Pick<Engine, 'context' | 'liveState' | 'machines' | 'transactions'>;

/** The longest piece (bytes), and the most that one loop's work may take (R16.7). */
const PIECE_BYTES = 256 * 1024;
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Answers what another machine has asked this one for: packs the work of a loop, piece by piece, into the store; or
 * lets go of a work tree whose work is home. Only one host of a machine does. Rejects where the store does.
 */
export async function answerRequest(engine: SendParts, id: string): Promise<void> {
  const { transactions, context } = engine;
  const transfer = await transactions.take((unit) => takeTransfer(unit, id));
  if (!transfer) return;
  try {
    if (!context.workTrees) throw new Error('Git cannot be used there');
    if (transfer.state === 'over') await letGo(engine, context.workTrees, transfer);
    else await send(engine, context.workTrees, id, transfer);
  } catch (error) {
    context.log('What another machine has asked for could not be done.', error);
    const why = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
    await transactions.take((unit) => answerTransfer(unit, id, { why }));
  }
}

async function send(engine: SendParts, workTrees: WorkTrees, id: string, { seq }: Transfer): Promise<void> {
  const { transactions, machines, context, liveState } = engine;
  const loop = liveState.get(seq) ?? (await context.store.bySeq(seq));
  if (!loop?.workTree?.made || !machines.isHere(loop)) throw new Error('its work tree is not there any more');
  if (isActive(loop) || loop.state === 'preparing') throw new Error('it is at work again: wait for its end');
  const { made, base } = loop.workTree;
  const packed = await workTrees.pack({ ...made, base, cwd: loop.cwd }, loop, {
    most: MOST_BYTES,
    pieceBytes: PIECE_BYTES,
  });
  try {
    const { tip, digest, pieces } = packed;
    for (let n = 0; n < pieces; n++) {
      const piece = await packed.piece(n);
      // A transaction each, so that others have their turn in between.
      if (!(await transactions.take((unit) => addPiece(unit, id, n, piece)))) return;
    }
    await transactions.take((unit) => answerTransfer(unit, id, { tip, digest, pieces }));
  } finally {
    await packed.dispose();
  }
}

/** Removes a work tree whose work is home, unless there is more in it: that is left to its tidying (R12.6). */
async function letGo(
  { context, liveState }: SendParts,
  workTrees: WorkTrees,
  { seq, how, tip, tree }: Extract<Transfer, { state: 'over' }>,
): Promise<void> {
  const { path, branch, root } = tree;
  const workTree = { path, branch, base: tip, cwd: path };
  const look = await workTrees.look(path);
  const isAtTip = look.kind === 'repository' && look.repository.head === tip && look.repository.branch === branch;
  // It may have gone on in it.
  if (!isAtTip || liveState.get(seq)?.workTree?.made) return;
  const { uncommitted, ignored } = await workTrees.unsaved(root, workTree);
  if (uncommitted.length > 0 || ignored.length > 0)
    context.log(`The work tree ${path} stays: there is more in it than was brought home.`);
  else await workTrees.remove(root, workTree, how === 'kept');
}

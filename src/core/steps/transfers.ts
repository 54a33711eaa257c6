import { WrongStateError } from '../model/errors.ts';
import { isActive } from '../model/loop.ts';
import type { PackedFacts, Transfer, Transfers } from '../model/transfer.ts';
import type { OwnWorkTree, WorkTreeCopy } from '../model/workTree.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { endWorkTree } from './workTreeEnd.ts';

/** How many may be under way at once. */
const MOST_UNDER_WAY = 4;
/** One of which nothing was heard for this long (ms) is given up, with its pieces. */
const GIVEN_UP_MS = 15 * 60_000;
/** How many work trees whose work is home wait for their machine; older ones are left to its tidying (R12.6). */
const MOST_LEFT = 50;

type Asked = Pick<Transfer, 'seq' | 'from' | 'to'>;

const isUnderWay = ({ state }: Transfer) => state === 'asked' || state === 'packing' || state === 'ready';

/**
 * Asks the machine `from` for the work of a loop (R16.7). Returns the id of the transfer: one that this machine has
 * asked for already is waited for together. `id`: of a new one.
 *
 * @throws WrongStateError where too many are under way.
 */
export function askForWork(unit: UnitOfWork, id: string, loopId: string, { seq, from, to }: Asked): string {
  dropOldTransfers(unit);
  const underWay = Object.entries(unit.control.transfers ?? {}).filter(([, transfer]) => isUnderWay(transfer));
  const same = underWay.find(([, transfer]) => transfer.seq === seq && transfer.to === to);
  if (same) return same[0];
  if (underWay.length >= MOST_UNDER_WAY)
    throw new WrongStateError(
      loopId,
      `cannot be fetched now: ${MOST_UNDER_WAY} other transfers are in progress. Try again when one has finished`,
    );
  put(unit, id, { state: 'asked', seq, from, to, at: unit.now });
  return id;
}

/**
 * This host answers what its machine was asked for. Returns the transfer as it was; undefined where another host does,
 * or nobody waits for it any more.
 */
export function takeTransfer(unit: UnitOfWork, id: string): Transfer | undefined {
  const transfer = unit.control.transfers?.[id];
  if (!transfer || !isForHere(unit, transfer)) return undefined;
  if (transfer.state === 'over') put(unit, id, undefined);
  else put(unit, id, { ...askedFacts(unit, transfer), state: 'packing', host: unit.context.window.id });
  return transfer;
}

/** Whether a transfer is for a host of this machine to see to, and no other does. */
export function isForHere(
  { context, liveState }: Pick<UnitOfWork, 'context' | 'liveState'>,
  transfer: Transfer,
): boolean {
  if (transfer.from !== context.machine?.id) return false;
  if (transfer.state === 'packing') return !liveState.windows.has(transfer.host);
  return transfer.state === 'asked' || transfer.state === 'over';
}

/** Stores a piece. Returns false where nobody waits for it any more. */
export function addPiece(unit: UnitOfWork, id: string, n: number, content: string): boolean {
  if (!isPackedHere(unit, id)) return false;
  unit.tx.addPiece(id, n, content);
  return true;
}

/** All pieces are there, or `why` there are none. */
export function answerTransfer(unit: UnitOfWork, id: string, answer: PackedFacts | { readonly why: string }): void {
  const transfer = isPackedHere(unit, id);
  if (!transfer) return;
  const facts = askedFacts(unit, transfer);
  if ('why' in answer) unit.tx.removePieces(id);
  put(unit, id, 'why' in answer ? { ...facts, state: 'failed', ...answer } : { ...facts, state: 'ready', ...answer });
}

/** A transfer is over: nothing of it stays in the store. */
export function endTransfer(unit: UnitOfWork, id: string): void {
  unit.tx.removePieces(id);
  put(unit, id, undefined);
}

/** The work of a loop has come through the store: a copy of its work tree is here. */
export function takeSent(unit: UnitOfWork, id: string, seq: number, copy: WorkTreeCopy): void {
  endTransfer(unit, id);
  takeCopy(unit, seq, copy);
}

/** The work of a loop has come: a copy of its work tree is here. `remote`: the address that it came from (R16.9). */
export function takeCopy(unit: UnitOfWork, seq: number, copy: WorkTreeCopy, remote?: string): void {
  const why = `its work was fetched to ${unit.context.machine?.name ?? copy.machine}`;
  putCopy(unit, seq, copy.machine, copy, remote === undefined ? why : `${why} from ${remote}`);
}

/** The copy on a machine is gone: its work can be fetched again. */
export function dropCopy(unit: UnitOfWork, seq: number, machine: string): void {
  putCopy(unit, seq, machine, undefined, '');
}

/**
 * The copy of a work tree on this machine is gone, as its work was brought home or is not wanted. The work tree that it
 * came from goes too, once a host there hears of it (R12.6, R16.7).
 */
export function endFetchedWorkTree(
  unit: UnitOfWork,
  { id, seq, tip }: { readonly id: string; readonly seq: number; readonly tip: string },
  outcome: Parameters<typeof endWorkTree>[2],
  base: string | undefined,
): void {
  const loop = unit.liveState.get(seq) ?? unit.tx.bySeq(seq);
  const { root, made } = loop?.workTree ?? {};
  const { machine } = unit.context;
  endWorkTree(unit, seq, outcome, base);
  if (loop?.machine === undefined || !made || root === undefined || !machine) return;
  const facts = { seq, from: loop.machine, to: machine.id, at: unit.now };
  put(unit, id, { ...facts, state: 'over', how: outcome.how, tip, tree: { ...made, root } });
}

/** Gives up what nobody has gone on with for long. */
export function dropOldTransfers(unit: UnitOfWork): void {
  const all = Object.entries(unit.control.transfers ?? {});
  const left = all.filter(([, { state }]) => state === 'over').sort(([, a], [, b]) => a.at - b.at);
  const old = all.filter(([, transfer]) => transfer.state !== 'over' && unit.now - transfer.at > GIVEN_UP_MS);
  for (const [id] of [...old, ...left.slice(0, Math.max(0, left.length - MOST_LEFT))]) endTransfer(unit, id);
}

function isPackedHere(unit: UnitOfWork, id: string): Transfer | undefined {
  const transfer = unit.control.transfers?.[id];
  return transfer?.state === 'packing' && transfer.host === unit.context.window.id ? transfer : undefined;
}

function askedFacts({ now }: UnitOfWork, { seq, from, to }: Transfer): Asked & Pick<Transfer, 'at'> {
  return { seq, from, to, at: now };
}

function putCopy(unit: UnitOfWork, seq: number, machine: string, copy: WorkTreeCopy | undefined, why: string): void {
  const loop = unit.liveState.get(seq) ?? unit.tx.bySeq(seq);
  // Nothing can be done in it meanwhile: it would be written as it was.
  if (!loop?.workTree || isActive(loop)) return;
  const { copies = [], ...tree } = loop.workTree;
  const others = copies.filter((other) => other.machine !== machine);
  const kept = copy ? [...others, copy] : others;
  const workTree: OwnWorkTree = { ...tree, ...(kept.length > 0 && { copies: kept }) };
  unit.put({ ...loop, workTree }, why, loop.state);
}

function put(unit: UnitOfWork, id: string, transfer: Transfer | undefined): void {
  const { transfers, ...control } = unit.control;
  const { [id]: _, ...others } = transfers ?? {};
  const next: Transfers = transfer ? { ...others, [id]: transfer } : others;
  if (transfer === undefined && !transfers?.[id]) return;
  unit.putControl({ ...control, ...(Object.keys(next).length > 0 && { transfers: next }) });
}

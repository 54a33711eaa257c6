import { WrongStateError } from '../model/errors.ts';
import type { CutPart, LogName, LogRequest, LogRequests } from '../model/logRequest.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';

/** How many may be under way at once. */
const MOST_UNDER_WAY = 16;
/** One of which nothing was heard for this long (ms) is given up, with what was sent. */
const GIVEN_UP_MS = 2 * 60_000;
/** How long a piece is at most: characters of base64, so that each can be decoded alone. */
const PIECE_CHARACTERS = 256 * 1024;
/** The pieces of both logs lie side by side. */
const FIRST = { out: 0, err: 1 } as const;
/** How much of its log a piece holds, bytes; the last one may hold less. */
export const PIECE_BYTES = (PIECE_CHARACTERS / 4) * 3;

type Asked = Pick<LogRequest, 'token' | 'from' | 'to'> & Pick<LogRequest & { state: 'asked' }, 'reach'>;

/** The number in the store of the n-th piece of a log, from 0. */
export const pieceNumber = (log: LogName, n: number): number => 2 * n + FIRST[log];
/** A part of a log in pieces. */
export function cut(content: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < content.length; at += PIECE_CHARACTERS) pieces.push(content.slice(at, at + PIECE_CHARACTERS));
  return pieces;
}

/**
 * Asks the machine `from` for more of a run's output (R16.8). Returns the id of the request: one that this machine has
 * made already is waited for together. `id`: of a new one.
 *
 * @throws WrongStateError where too many are under way.
 */
export function askForOutput(unit: UnitOfWork, id: string, loopId: string, asked: Asked): string {
  for (const [other, { at }] of Object.entries(unit.control.logRequests ?? {}))
    if (unit.now - at > GIVEN_UP_MS) endLogRequest(unit, other);
  const underWay = Object.entries(unit.control.logRequests ?? {});
  const same = underWay.find(([, { token, to }]) => token === asked.token && to === asked.to);
  if (same) return same[0];
  if (underWay.length >= MOST_UNDER_WAY)
    throw new WrongStateError(
      loopId,
      `cannot be shown now: the output of ${MOST_UNDER_WAY} others is being fetched. Try again in a moment`,
    );
  put(unit, id, { ...asked, state: 'asked', at: unit.now });
  return id;
}

/** Whether a request is for a host of this machine to answer. */
export function isLogAskedHere({ context }: Pick<UnitOfWork, 'context'>, { state, from }: LogRequest): boolean {
  return state === 'asked' && from === context.machine?.id;
}

/** Stores a piece of what was asked for. Returns false where another host has answered, or nobody waits for it. */
export function addLogPiece(unit: UnitOfWork, id: string, n: number, content: string): boolean {
  const request = unit.control.logRequests?.[id];
  if (!request || !isLogAskedHere(unit, request)) return false;
  unit.tx.addPiece(id, n, content);
  return true;
}

/** All that was asked for is there, or `why` it cannot be had; nothing where another host has answered. */
export function answerLogRequest(
  unit: UnitOfWork,
  id: string,
  answer: { readonly [log in LogName]: CutPart } | { readonly why: string },
): void {
  const request = unit.control.logRequests?.[id];
  if (!request || !isLogAskedHere(unit, request)) return;
  const { token, from, to } = request;
  const facts = { token, from, to, at: unit.now };
  if ('why' in answer) unit.tx.removePieces(id);
  put(
    unit,
    id,
    'why' in answer ? { ...facts, state: 'failed', ...answer } : { ...facts, state: 'sent', parts: answer },
  );
}

/** A request is over: nothing of it stays in the store. */
export function endLogRequest(unit: UnitOfWork, id: string): void {
  if (!unit.control.logRequests?.[id]) return;
  unit.tx.removePieces(id);
  put(unit, id, undefined);
}

function put(unit: UnitOfWork, id: string, request: LogRequest | undefined): void {
  const { logRequests, ...control } = unit.control;
  const { [id]: _, ...others } = logRequests ?? {};
  const next: LogRequests = request ? { ...others, [id]: request } : others;
  unit.putControl({ ...control, ...(Object.keys(next).length > 0 && { logRequests: next }) });
}

import { UnknownLoopError, WrongStateError } from '../model/errors.ts';
import type { LogRequest, SentPart } from '../model/logRequest.ts';
import type { Loop } from '../model/loop.ts';
import type { LogCopy, RunLogs, Span } from '../ports/runLogs.ts';
import { askForOutput, endLogRequest, PIECE_BYTES, pieceNumber } from '../steps/logRequests.ts';
import type { Engine } from './engine.ts';
import { findLoop } from './statusView.ts';

type FetchParts = Pick<Engine, 'context' | 'liveState' | 'machines' | 'transactions'>;
type Sent = Extract<LogRequest, { state: 'sent' }>;

/** A run whose output is asked for. */
export interface RunRef {
  readonly loopId: string;
  /** The latest loop of that id if absent. */
  readonly seq?: number;
  /** Of the attempt. */
  readonly token: string;
}

/** How far the copy here of a run's output goes after a piece has come. Sizes in bytes. */
export interface FetchedOutput {
  /** It holds all that there was. */
  readonly isAtEnd: boolean;
  /** The run is over and all of it is here, as far as it ever comes. */
  readonly isComplete: boolean;
  /** How much of the beginning of standard output stays on the other machine. */
  readonly left: number;
  /** The copy is as long as one may become: what comes later stays there too. */
  readonly isFull: boolean;
}

/** How long (ms) a host of the other machine may take to answer, and how often to look whether it has. */
const ANSWERS_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;
/** How much of a log a copy may hold, bytes. */
const MOST_HELD = 32 * 1024 * 1024;

/**
 * Brings the copy here of what a run of another machine has written up to date, by one piece (R16.8): a host there is
 * asked for it, and it comes through the store. To be called again until it is complete, or for as long as somebody
 * watches.
 *
 * @throws WrongStateError with the reason where it cannot be had, such as a machine that is offline.
 */
export async function fetchOutput(engine: FetchParts, { loopId, seq, token }: RunRef): Promise<FetchedOutput> {
  const { store, runLogs, machine } = engine.context;
  const loop = await findLoop(engine, loopId, seq);
  if (!loop) throw new UnknownLoopError(loopId);
  const attempt = (await store.attempts(loop.seq)).find((other) => other.token === token);
  if (!runLogs || !machine || engine.machines.isHere(loop) || !attempt)
    throw new WrongStateError(loopId, 'has no such output on another machine');
  const before = await runLogs.copyOf(token);
  const isOver = attempt.end !== undefined;
  if (before && (before.isComplete || isFull(before))) return fetched(before, true, before.isComplete || isOver);
  const sent = await receive(engine, runLogs, loop, token, before);
  const copy = await runLogs.copyOf(token);
  // Another window of this machine may have taken it: the next look says how far it goes.
  if (!sent || !copy) return fetched(copy, false, false);
  const isAtEnd = copy.held.out.to >= sent.parts.out.size && copy.held.err.to >= sent.parts.err.size;
  const isComplete = isOver && (isAtEnd || isFull(copy));
  if (isComplete) await runLogs.complete(token);
  return fetched(copy, isAtEnd, isComplete);
}

function isFull(copy: LogCopy | undefined): boolean {
  return copy !== undefined && Object.values(copy.held).some(({ from, to }) => to - from >= MOST_HELD);
}

function fetched(copy: LogCopy | undefined, isAtEnd: boolean, isComplete: boolean): FetchedOutput {
  return { isAtEnd, isComplete, left: copy?.held.out.from ?? 0, isFull: isFull(copy) };
}

/**
 * Asks for the next piece and puts it into the copy. Returns what has come; undefined where another window took it, or
 * the copy is to begin anew.
 */
async function receive(
  engine: FetchParts,
  logs: RunLogs,
  loop: Loop,
  token: string,
  copy: LogCopy | undefined,
): Promise<Sent | undefined> {
  const { context, machines, transactions } = engine;
  const { loopId, machine: from = '' } = loop;
  if (!machines.answers(from)) throw unreachable(loopId, machines.nameOf(from), 'is offline');
  const reach = copy && { out: copy.held.out.to, err: copy.held.err.to };
  const facts = { token, from, to: context.machine?.id ?? '', ...(reach && { reach }) };
  const id = await transactions.take((unit) => askForOutput(unit, context.newId(), loopId, facts));
  try {
    const sent = await answered(engine, loop, id);
    return sent && (await keep(engine, logs, token, id, sent)) ? sent : undefined;
  } finally {
    await transactions.take((unit) => endLogRequest(unit, id));
  }
}

/** Waits until the other machine has answered; undefined where the request is no more. */
async function answered({ context, liveState, machines }: FetchParts, loop: Loop, id: string) {
  const { loopId, machine = '' } = loop;
  const name = machines.nameOf(machine);
  for (let waited = 0; ; waited += LOOK_EVERY_MS) {
    const request = liveState.control.logRequests?.[id];
    if (!request) return undefined;
    if (request.state === 'sent') return request;
    if (request.state === 'failed')
      throw new WrongStateError(loopId, `has output on ${name} that could not be read: ${request.why}`);
    if (!machines.answers(machine) || waited >= ANSWERS_WITHIN_MS) throw unreachable(loopId, name, 'does not answer');
    await new Promise<void>((resolve) => void context.clock.after(LOOK_EVERY_MS, resolve));
  }
}

function unreachable(loopId: string, name: string, why: string): WrongStateError {
  const next = 'its output is there. Try again once a window or a host runs there';
  return new WrongStateError(loopId, `works on ${name}, which ${why}: ${next}`);
}

/**
 * Puts what was sent into the copy. Returns false where it has not all come; so where it does not follow on what is
 * there, as the log was cut off or replaced: then the copy is begun anew by what comes next.
 */
async function keep(
  { context }: FetchParts,
  logs: RunLogs,
  token: string,
  id: string,
  { parts }: Sent,
): Promise<boolean> {
  const held = (await logs.copyOf(token))?.held;
  if (!held) await logs.begin(token, { out: parts.out.at, err: parts.err.at });
  else if (!follows(held.out, parts.out) || !follows(held.err, parts.err)) {
    await logs.drop(token);
    return false;
  }
  for (const log of ['out', 'err'] as const) {
    const { at, pieces } = parts[log];
    for (let n = 0; n < pieces; n++) {
      const content = await context.store.piece(id, pieceNumber(log, n));
      // Another window of this machine has taken it, and ended the request.
      if (content === undefined) return false;
      await logs.add(token, log, at + n * PIECE_BYTES, content);
    }
  }
  return true;
}

function follows({ from, to }: Span, { at, size }: SentPart): boolean {
  return at >= from && at <= to && size >= to;
}

import type { Tokens } from '../../core/model/agentEvent.ts';
import {
  causeOf,
  emitErrors,
  emitFailure,
  failureEnd,
  finished,
  innerMessage,
  lastError,
  type Signs,
  statusIn,
} from '../failure.ts';
import { type JsonObject, objectIn, textIn } from '../json.ts';
import { type Emit, type Ending, type Grammar, memoryIn } from '../lineReader.ts';
import { oneLine } from '../oneLine.ts';
import type { Prices } from '../prices.ts';
import { anyTokens, NO_TOKENS, tokensSince } from '../tokenCount.ts';
import { type CodexItems, itemCompleted, itemStarted } from './codexItems.ts';
import { codexTokens, type RolloutFacts } from './codexRollout.ts';

export const CODEX_WORDS = { title: 'Codex', login: 'run "codex login" in a terminal, or set CODEX_API_KEY' } as const;

interface Memory extends CodexItems {
  session: string;
  /** The thread's counter as last seen. */
  total: Tokens;
  /** The thread has earlier turns whose counter is unknown. */
  unknownPast: boolean;
  /** A turn was cut off and billed since the counter was seen: the next counter may hold it, or not. */
  cutOff: boolean;
  /** The last error that did not end the turn. */
  error: string;
}

/** What the reader needs. */
export interface CodexContext {
  readonly prices: Prices;
  /** Wall time, ms. */
  readonly now: () => number;
  /** The model of the profile, where it names one. */
  readonly model: string | undefined;
  /** What Codex itself wrote down about a thread. */
  readonly rollout: (threadId: string) => RolloutFacts | undefined;
}

/** Reads what codex prints. */
export function codexGrammar(context: CodexContext): Grammar<Memory> {
  const self: Grammar<Memory> = {
    name: 'codex',
    start(before) {
      const past = before ? memoryIn(self, before.state) : undefined;
      // The counter goes on over all turns of a thread, in whatever process they ran.
      return {
        session: '',
        total: past?.total ?? NO_TOKENS,
        unknownPast: before !== undefined && !past,
        cutOff: past?.cutOff ?? false,
        open: [],
        error: '',
        turn: 'begun',
        tools: false,
        denied: 0,
      };
    },
    message(message, memory, emit) {
      switch (message['type']) {
        case 'thread.started':
          memory.session = textIn(message['thread_id']);
          if (memory.session !== '') emit({ type: 'session', sessionId: memory.session });
          return;
        case 'turn.started':
          memory.turn = 'begun';
          memory.tools = false;
          return;
        case 'item.started':
          itemStarted(objectIn(message['item']), memory, emit);
          return;
        case 'item.completed':
          itemCompleted(objectIn(message['item']), memory, emit);
          return;
        case 'turn.completed':
          usage(objectIn(message['usage']), memory, emit, context);
          completed(memory, emit);
          return;
        case 'turn.failed':
          billUnfinished(memory, emit, context);
          memory.turn = 'ended';
          failed(textIn(objectIn(message['error'])['message']) || memory.error, emit, context.now());
          return;
        case 'error':
          error(textIn(message['message']), memory, emit);
      }
    },
    end: (ending, memory, emit) => end(ending, memory, emit, context),
  };
  return self;
}

/** A command that the sandbox refuses produces no event: a turn without tools may have done nothing at all. */
function completed(memory: Memory, emit: Emit): void {
  memory.turn = 'ended';
  const end = finished(memory.denied);
  if (memory.tools) emit(end);
  else emit({ ...end, reason: `${end.reason}, but no tool was seen at work: nothing was run or changed`, idle: true });
}

/**
 * Bills a turn by what it added to the thread's counter. Where nobody knows what the counter was before, it is the base
 * for the next turn (R6.6), and this one is known only as far as Codex wrote it down.
 */
function usage(
  counter: JsonObject,
  memory: Memory,
  emit: Emit,
  { prices, model: chosen, rollout }: CodexContext,
): void {
  const total = codexTokens(counter);
  // A turn without tokens says nothing about the counter either.
  if (!anyTokens(total)) return;
  const facts = rollout(memory.session);
  const added = memory.unknownPast ? undefined : tokensSince(total, memory.total);
  const tokens = memory.unknownPast || memory.cutOff ? (facts?.turn ?? added) : added;
  memory.total = total;
  memory.unknownPast = false;
  memory.cutOff = false;
  if (tokens) price(tokens, chosen ?? facts?.model, emit, prices);
  else emit({ type: 'cost', cost: 0, source: 'unknown', note: 'what its thread had used before is not known' });
}

function price(tokens: Tokens, model: string | undefined, emit: Emit, prices: Prices, cutOff?: true): void {
  const { cost, note } = prices.priceOf(tokens, model, 'gpt-*');
  const named = model === undefined ? {} : { model };
  emit({ type: 'usage', tokens, ...named });
  emit({ type: 'cost', cost, source: 'priced', ...(cutOff && { atLeast: true as const }), ...named, note });
}

/** A turn that was cut off is billed as far as Codex's session file knows it. One that did nothing cost nothing. */
function billUnfinished(memory: Memory, emit: Emit, { prices, model, rollout }: CodexContext): void {
  if (memory.turn === 'ended') return;
  const facts = memory.session === '' ? undefined : rollout(memory.session);
  if (facts?.turn) price(facts.turn, model ?? facts.model, emit, prices, true);
  else if (memory.turn === 'begun') emit({ type: 'cost', cost: 0, source: 'priced', note: 'it did no work' });
  else emit({ type: 'cost', cost: 0, source: 'unknown', note: 'its turn was cut off before it named its tokens' });
  if (facts?.turn) memory.cutOff = true;
}

/** An `error` may only announce a reconnect; only `turn.failed` ends a turn. */
function error(message: string, memory: Memory, emit: Emit): void {
  const again = /^Reconnecting\W*(?:(\d+)\s*\/\s*(\d+))?\s*(?:\((.*)\))?\s*$/s.exec(message);
  if (!again) {
    memory.error = message;
    return;
  }
  const [, attempt, most, why] = again;
  const status = statusIn(why ?? '');
  const cause = why === undefined ? undefined : causeOf({ message: why, ...(status !== undefined && { status }) });
  emit({
    type: 'retry',
    ...(attempt !== undefined && { attempt: Number(attempt) }),
    ...(most !== undefined && { maxAttempts: Number(most) }),
    ...(cause !== undefined && cause !== 'task' && { cause }),
    reason: oneLine(why ?? message),
  });
}

function failed(message: string, emit: Emit, now: number): void {
  const status = statusIn(message);
  emitFailure(emit, CODEX_WORDS, { message: innerMessage(message), ...(status !== undefined && { status }) }, now);
}

const SIGNS: Signs = [
  [/no rollout found for thread|thread\/resume failed|session .*not found/i, 'session'],
  [/^error: (?:unexpected argument|invalid value|unrecognized|the argument|a value is required)/i, 'config'],
  [/^error: the following required|not inside a trusted directory|error loading config/i, 'config'],
  [/not logged in|codex login|401 unauthorized/i, 'auth'],
  [/no prompt provided/i, 'task'],
];

function end({ exit, errors }: Ending, memory: Memory, emit: Emit, context: CodexContext): void {
  if (memory.turn === 'ended') return;
  if (memory.session !== '') billUnfinished(memory, emit, context);
  if (exit.signal !== undefined) return;
  if (memory.error !== '') {
    failed(memory.error, emit, context.now());
    return;
  }
  if (emitErrors(emit, CODEX_WORDS, errors, SIGNS, context.now())) return;
  const { exitCode } = exit;
  if (memory.session !== '')
    emit(failureEnd(CODEX_WORDS, { message: `it ended in the middle of a turn, exit code ${exitCode}` }, 'aborted'));
  else if (exitCode === 0)
    emit(failureEnd(CODEX_WORDS, { message: lastError(errors) ?? 'it ended without a result' }, 'task'));
}

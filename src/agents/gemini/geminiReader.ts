import type { AgentErrorCause, AgentEvent, Tokens } from '../../core/model/agentEvent.ts';
import {
  causeOfStatus,
  emitErrors,
  emitFailure,
  failureEnd,
  finished,
  innerMessage,
  lastError,
  type Signs,
  statusIn,
} from '../failure.ts';
import { isObject, type JsonObject, objectIn, textIn, tokenCount } from '../json.ts';
import type { Emit, Ending, Grammar } from '../lineReader.ts';
import { callSummary, oneLine, resultSummary } from '../oneLine.ts';
import type { Prices } from '../prices.ts';
import { anyTokens, inclusiveTokens, NO_TOKENS, tokensSince } from '../tokenCount.ts';
import { resetTime } from '../usageLimit.ts';
import { dayOf, instantOf } from '../wallClock.ts';

export const GEMINI_WORDS = {
  title: 'Gemini CLI',
  login: 'run "gemini" in a terminal and log in with /auth, or set GEMINI_API_KEY',
} as const;

interface Memory {
  session: string;
  model: string;
  /** The process's counters as last seen, by model. */
  totals: { [model: string]: Tokens };
  /** Names of calls whose result is still to come, by id. */
  open: { [id: string]: string };
  /** The last error that did not end the run. */
  error: string;
  ended: boolean;
  /** It has said or done something since its last result. */
  worked: boolean;
  denied: number;
}

/** Reads what gemini prints. `now` gives wall time in ms. */
export function geminiGrammar(prices: Prices, now: () => number): Grammar<Memory> {
  return {
    name: 'gemini',
    start: () => ({ session: '', model: '', totals: {}, open: {}, error: '', ended: false, worked: false, denied: 0 }),
    message(message, memory, emit) {
      if (message['type'] === undefined && (message['stats'] !== undefined || message['error'] !== undefined)) {
        document(message, memory, emit, prices, now());
        return;
      }
      switch (message['type']) {
        case 'init':
          memory.model = textIn(message['model']);
          memory.session = textIn(message['session_id']);
          if (memory.session !== '') emit({ type: 'session', sessionId: memory.session });
          return;
        case 'message': {
          const text = textIn(message['content']);
          if (message['role'] !== 'assistant' || text === '') return;
          memory.worked = true;
          emit({ type: 'text', text, delta: message['delta'] === true });
          return;
        }
        case 'tool_use':
          toolUse(message, memory, emit);
          return;
        case 'tool_result':
          toolResult(message, memory, emit);
          return;
        case 'error': {
          const text = oneLine(textIn(message['message']), 500);
          if (message['severity'] === 'error') memory.error = text;
          emit({ type: 'warning', text });
          return;
        }
        case 'result':
          usage(countsByModel(objectIn(message['stats']), memory.model), memory, emit, prices);
          memory.ended = true;
          if (message['status'] === 'success') emit(finished(memory.denied));
          else failed(objectIn(message['error']), memory, emit, now());
      }
    },
    end: (ending, memory, emit) => end(ending, memory, emit, now()),
  };
}

function toolUse(message: JsonObject, memory: Memory, emit: Emit): void {
  const id = textIn(message['tool_id']);
  const name = textIn(message['tool_name']) || 'tool';
  if (id !== '') memory.open[id] = name;
  memory.worked = true;
  emit({ type: 'toolCall', ...(id !== '' && { id }), name, summary: callSummary(message['parameters']) });
}

function toolResult(message: JsonObject, memory: Memory, emit: Emit): void {
  const id = textIn(message['tool_id']);
  const error = objectIn(message['error']);
  const name = textIn(memory.open[id]) || 'tool';
  delete memory.open[id];
  const reason = oneLine(textIn(error['message']));
  if (error['type'] === 'policy_violation') {
    memory.denied++;
    emit({ type: 'denied', tool: name, reason });
  }
  const summary = resultSummary(message['output']) || reason;
  emit({ type: 'toolResult', ...(id !== '' && { id }), ok: message['status'] === 'success', summary });
}

/** All there is with `--output-format json`: one object at the end. */
function document(message: JsonObject, memory: Memory, emit: Emit, prices: Prices, now: number): void {
  const session = textIn(message['session_id']);
  const text = textIn(message['response']);
  if (session !== '' && session !== memory.session) {
    memory.session = session;
    emit({ type: 'session', sessionId: session });
  }
  if (text !== '') {
    memory.worked = true;
    emit({ type: 'text', text, delta: false });
  }
  const models = Object.entries(objectIn(objectIn(message['stats'])['models']));
  usage(
    models.map(([model, value]) => {
      const counts = objectIn(objectIn(value)['tokens']);
      const output = tokenCount(counts['candidates']) + tokenCount(counts['thoughts']);
      return [model, inclusiveTokens(tokenCount(counts['prompt']), tokenCount(counts['cached']), 0, output)];
    }),
    memory,
    emit,
    prices,
  );
  memory.ended = true;
  if (isObject(message['error'])) failed(message['error'], memory, emit, now);
  else emit(finished(memory.denied));
}

/** The statistics of a result; thoughts are only in the total. */
function countsByModel(stats: JsonObject, model: string): [model: string, total: Tokens][] {
  const byModel =
    isObject(stats['models']) && Object.keys(stats['models']).length > 0 ? stats['models'] : { [model]: stats };
  return Object.entries(byModel).map(([name, value]) => {
    const counts = objectIn(value);
    const input = tokenCount(counts['input_tokens']);
    const output = Math.max(tokenCount(counts['output_tokens']), tokenCount(counts['total_tokens']) - input);
    return [name, inclusiveTokens(input, tokenCount(counts['cached']), 0, output)];
  });
}

/** The counters are the process's, so what counts is what was added to them. */
function usage(totals: readonly [model: string, total: Tokens][], memory: Memory, emit: Emit, prices: Prices): void {
  let any = false;
  for (const [model, total] of totals) {
    const tokens = tokensSince(total, memory.totals[model] ?? NO_TOKENS);
    memory.totals[model] = total;
    if (!anyTokens(tokens)) continue;
    any = true;
    const named = model === '' ? undefined : model;
    const { cost, note } = prices.priceOf(tokens, named, 'gemini-*');
    emit({ type: 'usage', tokens, ...(named !== undefined && { model: named }) });
    emit({ type: 'cost', cost, source: 'priced', ...(named !== undefined && { model: named }), note });
  }
  if (!any) {
    const source = memory.worked ? 'unknown' : 'priced';
    emit({ type: 'cost', cost: 0, source, note: memory.worked ? 'it named no tokens' : 'it used no tokens' });
  }
  memory.worked = false;
}

const CAUSES: ReadonlyMap<string, AgentErrorCause> = new Map(
  Object.entries({
    FatalAuthenticationError: 'auth',
    FatalConfigError: 'config',
    FatalSandboxError: 'config',
    FatalUntrustedWorkspaceError: 'config',
    ModelNotFoundError: 'config',
    FatalInputError: 'task',
    FatalToolExecutionError: 'task',
    FatalTurnLimitedError: 'turns',
    FatalCancellationError: 'aborted',
    RetryableQuotaError: 'provider',
  } as const),
);

function failed(error: JsonObject, memory: Memory, emit: Emit, now: number): void {
  const type = textIn(error['type']);
  const raw = textIn(error['message']) || memory.error;
  const message = innerMessage(raw).replace(/^\[API Error:\s*([\s\S]*?)\](?:\s*$|\s*\n[\s\S]*)/, '$1');
  const status = statusIn(raw);
  const cause = CAUSES.get(type);
  const daily = /exhausted your daily quota/i.test(message) && resetTime(message, now) === undefined;
  if (type !== 'TerminalQuotaError' && !daily) {
    emitFailure(
      emit,
      GEMINI_WORDS,
      { message, ...(status !== undefined && { status }), ...(cause !== undefined && { cause }) },
      now,
    );
    return;
  }
  // Google's days end at midnight in California; other quotas say when they reset, or do not.
  const until = resetTime(raw, now) ?? (daily ? nextPacificMidnight(now) : undefined);
  emit({
    type: 'limit',
    ...(until !== undefined && { until }),
    reason: `${GEMINI_WORDS.title} has used up its quota: ${oneLine(message, 500)}`,
  });
  emit(failureEnd(GEMINI_WORDS, { message: oneLine(message, 500) }, 'provider'));
}

function nextPacificMidnight(now: number): number {
  const zone = 'America/Los_Angeles';
  const today = dayOf(now, zone);
  return instantOf({ ...today, day: today.day + 1 }, { hour: 0, minute: 0 }, zone);
}

// Its own exit codes; it says nothing on standard output with them.
const EXITS: { readonly [code: number]: readonly [AgentErrorCause, string] } = {
  41: ['auth', 'exit code 41: no login'],
  42: ['task', 'exit code 42: it did not accept its input'],
  44: ['config', 'exit code 44: its sandbox did not start'],
  52: ['config', 'exit code 52: its configuration is wrong'],
  53: ['turns', 'exit code 53: its limit of turns'],
  54: ['task', 'exit code 54: a tool failed'],
  55: ['config', 'exit code 55: it does not trust the folder'],
  130: ['aborted', 'exit code 130'],
};

const SIGNS: Signs = [
  [/Error resuming session|Invalid session identifier/i, 'session'],
  [/^Unknown arguments?:|Not enough arguments following|Invalid values:/i, 'config'],
  [/No input provided via stdin/i, 'task'],
  [/specify the GEMINI_API_KEY|set an Auth method|Please login|re-authenticate/i, 'auth'],
  [/not running in a trusted directory/i, 'config'],
];

function end({ exit, errors }: Ending, memory: Memory, emit: Emit, now: number): void {
  if (memory.ended) return;
  if (memory.worked) emit({ type: 'cost', cost: 0, source: 'unknown', note: 'it ended before it named its tokens' });
  if (exit.signal !== undefined) return;
  const code = exit.exitCode ?? 0;
  const own = EXITS[code];
  // A failed request makes its HTTP status the exit code, of which the system keeps the lowest 8 bits: 401 is 145.
  const status = HTTP.find((each) => each % 256 === code);
  if (emitErrors(emit, GEMINI_WORDS, errors, SIGNS, now)) return;
  if (code === 0) emit(withoutResult(memory.error || lastError(errors)));
  else if (own) emit(failureEnd(GEMINI_WORDS, { message: own[1] }, own[0]));
  else if (status !== undefined)
    emit(failureEnd(GEMINI_WORDS, { message: `exit code ${code}`, status }, causeOfStatus(status)));
}

/** As it also ends when it is stopped. */
function withoutResult(error: string | undefined): Extract<AgentEvent, { type: 'end' }> {
  if (error !== undefined) return failureEnd(GEMINI_WORDS, { message: error }, 'task');
  return failureEnd(GEMINI_WORDS, { message: 'it ended without a result, as it does when it is stopped' }, 'aborted');
}

const HTTP = [400, 401, 403, 404, 429, 499, 500, 502, 503, 504] as const;

import type { AgentErrorCause, Tokens } from '../../core/model/agentEvent.ts';
import { emitResults, idOf, isOwn, partsOf } from '../claude/claudeMessages.ts';
import {
  emitErrors,
  emitFailure,
  failureEnd,
  finished,
  innerMessage,
  lastError,
  type Signs,
  statusIn,
} from '../failure.ts';
import { GEMINI_EXITS } from '../gemini/geminiExits.ts';
import { itemsIn, type JsonObject, objectIn, textIn, tokenCount } from '../json.ts';
import { type Emit, type Ending, emitSession, type Grammar } from '../lineReader.ts';
import { callSummary, oneLine } from '../oneLine.ts';
import type { Prices } from '../prices.ts';
import { addTokens, anyTokens, inclusiveTokens, NO_TOKENS, tokensOver, tokensSince } from '../tokenCount.ts';

export const QWEN_WORDS = {
  title: 'Qwen Code',
  login: 'run "qwen" in a terminal and log in with /auth, or set the API key of its provider',
} as const;

interface Memory {
  session: string;
  model: string;
  /** The process's counter, as of its last result. */
  total: Tokens;
  /** Tokens of the messages since then. */
  seen: Tokens;
  /** It has written text since the last result. */
  spoke: boolean;
  /** It has said or done something since then. */
  worked: boolean;
  ended: boolean;
  /** Tool calls whose denial is known. */
  denied: string[];
}

const REMEMBERED = 50;

/** Reads what qwen prints: lines like claude's, with other counts, errors and ends. `now` gives wall time in ms. */
export function qwenGrammar(prices: Prices, now: () => number): Grammar<Memory> {
  return {
    name: 'qwen',
    start: () => ({
      session: '',
      model: '',
      total: NO_TOKENS,
      seen: NO_TOKENS,
      spoke: false,
      worked: false,
      ended: false,
      denied: [],
    }),
    message(message, memory, emit) {
      emitSession(textIn(message['session_id']), memory, emit);
      switch (message['type']) {
        case 'system':
          memory.model = textIn(message['model']) || memory.model;
          return;
        case 'assistant':
          assistant(message, memory, emit, prices);
          return;
        case 'user':
          emitResults(message, emit);
          return;
        case 'result':
          result(message, memory, emit, prices, now());
      }
    },
    end: (ending, memory, emit) => end(ending, memory, emit, prices, now()),
  };
}

function assistant(message: JsonObject, memory: Memory, emit: Emit, prices: Prices): void {
  const body = objectIn(message['message']);
  const tokens = tokensIn(objectIn(body['usage']));
  memory.ended = false;
  memory.model = textIn(body['model']) || memory.model;
  for (const part of partsOf(message)) {
    memory.worked = true;
    if (part.kind === 'call') emit({ type: 'toolCall', ...idOf(part.id), name: part.name, summary: part.summary });
    // A sub-agent writes for its agent, not for people.
    else if (isOwn(message)) {
      memory.spoke = true;
      emit({ type: 'text', text: part.text, delta: false });
    }
  }
  if (!anyTokens(tokens)) return;
  memory.seen = addTokens(memory.seen, tokens);
  emit({ type: 'usage', tokens, ...modelOf(memory) });
  emit({ type: 'accrued', cost: prices.costOf(memory.seen, memory.model || undefined) });
}

function modelOf({ model }: Memory): { readonly model?: string } {
  return model === '' ? {} : { model };
}

/** Its input holds cached tokens too. */
function tokensIn(usage: JsonObject): Tokens {
  return inclusiveTokens(
    tokenCount(usage['input_tokens']),
    tokenCount(usage['cache_read_input_tokens']),
    tokenCount(usage['cache_creation_input_tokens']),
    tokenCount(usage['output_tokens']),
  );
}

function result(message: JsonObject, memory: Memory, emit: Emit, prices: Prices, now: number): void {
  const text = textIn(message['result']);
  const denials = itemsIn(message['permission_denials']).map(objectIn);
  const ok = message['is_error'] === false || (message['is_error'] === undefined && message['subtype'] === 'success');
  if (ok && text !== '' && !memory.spoke) emit({ type: 'text', text, delta: false });
  for (const denial of denials) deny(denial, memory, emit);
  // Its own commands call no model, and neither did what failed with an answer of its provider.
  const isBilled = memory.worked && ok && message['num_turns'] !== 0;
  bill(objectIn(message['usage']), isBilled, memory, emit, prices);
  memory.ended = true;
  memory.spoke = false;
  if (ok) emit(finished(denials.length));
  else failed(message, text, emit, now);
}

/** The result's counter is the process's, and holds calls beside the work that no message shows. */
function bill(usage: JsonObject, isBilled: boolean, memory: Memory, emit: Emit, prices: Prices): void {
  const total = tokensIn(usage);
  const added = anyTokens(total) ? tokensSince(total, memory.total) : memory.seen;
  const rest = tokensOver(added, memory.seen);
  if (anyTokens(rest)) emit({ type: 'usage', tokens: rest, ...modelOf(memory) });
  if (anyTokens(added)) {
    const { cost, note } = prices.priceOf(added, memory.model || undefined);
    emit({ type: 'cost', cost, source: 'priced', ...modelOf(memory), note });
  } else if (isBilled && !prices.isFree(memory.model))
    emit({ type: 'cost', cost: 0, source: 'unknown', ...modelOf(memory), note: 'its provider counts no tokens' });
  else emit({ type: 'cost', cost: 0, source: 'priced', note: 'it used no tokens' });
  if (anyTokens(total)) memory.total = total;
  memory.seen = NO_TOKENS;
  memory.worked = false;
}

function deny(denial: JsonObject, memory: Memory, emit: Emit): void {
  const id = textIn(denial['tool_use_id']);
  if (id !== '' && memory.denied.includes(id)) return;
  memory.denied = [...memory.denied, id].slice(-REMEMBERED);
  const tool = textIn(denial['tool_name']) || 'tool';
  emit({ type: 'denied', tool, reason: oneLine(`not allowed: ${callSummary(denial['tool_input'])}`) });
}

const CAUSES: ReadonlyMap<string, AgentErrorCause> = new Map(Object.entries({ error_max_turns: 'turns' } as const));

function failed(message: JsonObject, text: string, emit: Emit, now: number): void {
  const said = textIn(objectIn(message['error'])['message']) || text || textIn(message['subtype']);
  const inner = innerMessage(said).replace(/^\[API Error:\s*([\s\S]*?)\]\s*$/, '$1');
  const status = statusIn(inner);
  const cause = CAUSES.get(textIn(message['subtype']));
  const failure = { message: inner, ...(status !== undefined && { status }), ...(cause !== undefined && { cause }) };
  emitFailure(emit, QWEN_WORDS, failure, now);
}

/** Beside those that it shares with the program that it was forked from. */
const EXITS: typeof GEMINI_EXITS = { ...GEMINI_EXITS, 143: ['aborted', 'exit code 143'] };

const SIGNS: Signs = [
  [/No saved session found|Session Id .+ already exists/i, 'session'],
  [/Reached max session turns/i, 'turns'],
  [/^Unknown arguments?:|Not enough arguments following|Invalid values:/i, 'config'],
  [/No input provided via stdin/i, 'task'],
  [/set an Auth method|No auth type|missing API key/i, 'auth'],
];

function end({ exit, errors }: Ending, memory: Memory, emit: Emit, prices: Prices, now: number): void {
  if (anyTokens(memory.seen)) {
    const { cost, note } = prices.priceOf(memory.seen, memory.model || undefined);
    const why = 'it ended before it named what calls beside the work used';
    emit({ type: 'cost', cost, source: 'priced', atLeast: true, ...modelOf(memory), note: `${why}: ${note}` });
    memory.seen = NO_TOKENS;
  }
  if (memory.ended || exit.signal !== undefined) return;
  const code = exit.exitCode ?? 0;
  const own = EXITS[code];
  if (emitErrors(emit, QWEN_WORDS, errors, SIGNS, now)) return;
  if (own) emit(failureEnd(QWEN_WORDS, { message: own[1] }, own[0]));
  else if (code === 0)
    emit(failureEnd(QWEN_WORDS, { message: lastError(errors) ?? 'it ended without a result' }, 'task'));
}

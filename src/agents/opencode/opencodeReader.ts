import type { Tokens } from '../../core/model/agentEvent.ts';
import { isCost, toNano } from '../../core/model/money.ts';
import type { AgentWords } from '../failure.ts';
import { type JsonObject, numberIn, objectIn, textIn, tokenCount } from '../json.ts';
import type { Emit, Grammar } from '../lineReader.ts';
import { callSummary, oneLine, resultSummary } from '../oneLine.ts';
import type { Prices } from '../prices.ts';
import { anyTokens } from '../tokenCount.ts';
import { end, failed, type OpencodeRun } from './opencodeEnd.ts';

interface Memory extends OpencodeRun {
  /** The session of this run: the first one that is named. Later ones are those of sub-agents. */
  session: string;
  /** Sub-agents that were called, less those whose steps were seen. */
  unseen: number;
  /** Sessions of sub-agents whose steps were seen. */
  children: string[];
  /** Ids of calls whose result is still to come. */
  open: string[];
}

/** What the reader needs. */
export interface OpencodeContext {
  readonly words: AgentWords;
  readonly prices: Prices;
  /** Wall time, ms. */
  readonly now: () => number;
  /** The model of the profile, where it names one. */
  readonly model: string | undefined;
}

const REMEMBERED = 50;

/** Reads what opencode prints, and kilo as well. */
export function opencodeGrammar(context: OpencodeContext): Grammar<Memory> {
  return {
    name: 'opencode',
    start: () => ({
      session: '',
      unseen: 0,
      children: [],
      reason: '',
      inStep: false,
      stepped: false,
      spoke: false,
      worked: false,
      refused: '',
      denied: 0,
      open: [],
      failed: false,
      vague: false,
    }),
    message(message, memory, emit) {
      const session = textIn(message['sessionID']);
      if (session !== '' && memory.session === '') {
        memory.session = session;
        emit({ type: 'session', sessionId: session });
      }
      const own = session === '' || session === memory.session;
      const part = objectIn(message['part']);
      switch (message['type']) {
        case 'step_start':
          if (own) beginStep(memory);
          return;
        case 'text':
          // A sub-agent writes for its agent, not for people.
          if (!own || textIn(part['text']) === '') return;
          memory.spoke = true;
          memory.worked = true;
          emit({ type: 'text', text: textIn(part['text']), delta: false });
          return;
        case 'tool_use':
          tool(part, own, memory, emit);
          return;
        case 'step_finish':
          if (own) endStep(part, memory);
          else seeChild(session, memory);
          bill(part, { partly: own && memory.unseen > 0, worked: own && memory.worked }, emit, context);
          return;
        case 'error':
          if (own) failed(message['error'], memory, emit, context);
      }
    },
    end: (ending, memory, emit) => end(ending, memory, emit, context),
  };
}

function beginStep(memory: Memory): void {
  memory.reason = '';
  memory.failed = false;
  memory.vague = false;
  memory.inStep = true;
  memory.worked = false;
  memory.stepped = true;
}

function endStep(part: JsonObject, memory: Memory): void {
  memory.inStep = false;
  memory.reason = textIn(part['reason']) || 'unknown';
  if (memory.reason === 'stop') memory.refused = '';
}

/** The sum includes sub-agents whose steps are in the stream. */
function seeChild(session: string, memory: Memory): void {
  if (memory.children.includes(session)) return;
  memory.children = [...memory.children, session].slice(-REMEMBERED);
  memory.unseen = Math.max(0, memory.unseen - 1);
}

/** A call comes with its result, as one event, when it is done. */
function tool(part: JsonObject, own: boolean, memory: Memory, emit: Emit): void {
  const state = objectIn(part['state']);
  const id = textIn(part['callID']);
  const name = textIn(part['tool']) || 'tool';
  const identity = id === '' ? {} : { id };
  if (own) memory.worked = true;
  if (!memory.open.includes(id)) {
    if (own && name === 'task') memory.unseen++;
    emit({
      type: 'toolCall',
      ...identity,
      name,
      summary: callSummary(state['input']) || oneLine(textIn(state['title'])),
    });
  }
  const done = state['status'] === 'completed' || state['status'] === 'error';
  memory.open = done ? memory.open.filter((open) => open !== id) : [...memory.open, id].slice(-REMEMBERED);
  if (!done) return;
  const error = textIn(state['error']);
  if (state['status'] === 'error' && /rejected permission|permission denied|prevents you from using/i.test(error)) {
    if (own) memory.refused = name;
    memory.denied++;
    emit({ type: 'denied', tool: name, reason: oneLine(error) });
  }
  const exit = numberIn(objectIn(state['metadata'])['exit']);
  emit({
    type: 'toolResult',
    ...identity,
    ok: state['status'] === 'completed' && (exit === undefined || exit === 0),
    summary: resultSummary(error || state['output']),
  });
}

/**
 * Each step names its own cost: 0 where no price is known for its model, and where its provider counts no tokens, which
 * does not make it free (R6.6).
 */
function bill(
  part: JsonObject,
  { partly, worked }: { readonly partly: boolean; readonly worked: boolean },
  emit: Emit,
  { prices, model }: OpencodeContext,
): void {
  const counts = objectIn(part['tokens']);
  const cache = objectIn(counts['cache']);
  const tokens: Tokens = {
    input: tokenCount(counts['input']),
    cachedInput: tokenCount(cache['read']),
    cacheWrite: tokenCount(cache['write']),
    output: tokenCount(counts['output']) + tokenCount(counts['reasoning']),
  };
  const atLeast = partly ? { atLeast: true as const } : {};
  const named = model === undefined ? {} : { model };
  const reported = part['cost'];
  emit({ type: 'usage', tokens, ...named });
  if (worked && !anyTokens(tokens) && !(isCost(reported) && reported > 0) && !prices.isFree(model)) {
    emit({ type: 'cost', cost: 0, source: 'unknown', ...named, note: 'it named neither tokens nor a cost' });
    return;
  }
  if (isCost(reported) && (reported > 0 || !anyTokens(tokens))) {
    emit({ type: 'cost', cost: toNano(reported), source: 'reported', ...atLeast });
    return;
  }
  const { cost, note } = prices.priceOf(tokens, model);
  const why = reported === 0 ? 'it knows no price for its model: ' : '';
  emit({ type: 'cost', cost, source: 'priced', ...atLeast, ...named, note: `${why}${note}` });
}

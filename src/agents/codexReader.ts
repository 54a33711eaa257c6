import type { AgentErrorCause, Tokens } from '../core/model/agentEvent.ts';
import { causeInErrors, failureEnd, finished, innerMessage, sayFailure, statusIn } from './failure.ts';
import { itemsIn, type JsonObject, objectIn, textIn, tokenCount } from './json.ts';
import { type Ending, type Grammar, memoryIn, type Say } from './lineReader.ts';
import { callSummary, oneLine, resultSummary, shellCommand } from './oneLine.ts';
import type { Prices } from './prices.ts';
import { anyTokens, NO_TOKENS, tokensSince } from './tokenCount.ts';

export const CODEX_WORDS = { title: 'Codex', login: 'run "codex login" in a terminal, or set CODEX_API_KEY' } as const;

interface Memory {
  session: string;
  /** The thread's counter as last seen. */
  total: Tokens;
  /** The thread had a past whose counter nobody knows. */
  unknownPast: boolean;
  /** Items whose call was told and whose result was not. */
  open: string[];
  /** The last error that did not end the turn. */
  error: string;
  /** A turn has ended, well or not. */
  ended: boolean;
  denied: number;
}

const REMEMBERED = 100;

/** Reads what codex prints. `now` gives wall time in ms. */
export function codexGrammar(prices: Prices, now: () => number, model: string | undefined): Grammar<Memory> {
  const self: Grammar<Memory> = {
    name: 'codex',
    start(before) {
      const past = before ? memoryIn(self, before.state) : undefined;
      // The counter goes on over all turns of a thread, in whatever process they ran.
      return {
        session: '',
        total: past?.total ?? NO_TOKENS,
        unknownPast: before !== undefined && !past,
        open: [],
        error: '',
        ended: false,
        denied: 0,
      };
    },
    message(message, memory, say) {
      switch (message['type']) {
        case 'thread.started':
          memory.session = textIn(message['thread_id']);
          if (memory.session !== '') say({ type: 'session', sessionId: memory.session });
          return;
        case 'turn.started':
          memory.ended = false;
          return;
        case 'item.started':
          itemStarted(objectIn(message['item']), memory, say);
          return;
        case 'item.completed':
          itemCompleted(objectIn(message['item']), memory, say);
          return;
        case 'turn.completed':
          usage(objectIn(message['usage']), memory, say, prices, model);
          memory.ended = true;
          say(finished(memory.denied));
          return;
        case 'turn.failed':
          memory.ended = true;
          failed(textIn(objectIn(message['error'])['message']) || memory.error, say, now());
          return;
        case 'error':
          error(textIn(message['message']), memory, say);
      }
    },
    end: (ending, memory, say) => end(ending, memory, say, now()),
  };
  return self;
}

function itemStarted(item: JsonObject, memory: Memory, say: Say): void {
  const call = callIn(item);
  if (!call) return;
  const id = textIn(item['id']);
  memory.open.push(id);
  if (memory.open.length > REMEMBERED) memory.open.shift();
  say({ type: 'toolCall', ...(id !== '' && { id }), ...call });
}

function itemCompleted(item: JsonObject, memory: Memory, say: Say): void {
  const text = textIn(item['text']);
  if (item['type'] === 'agent_message') {
    if (text !== '') say({ type: 'text', text, delta: false });
    return;
  }
  if (item['type'] === 'error') {
    say({ type: 'warning', text: oneLine(textIn(item['message']), 500) });
    return;
  }
  const id = textIn(item['id']);
  const started = memory.open.indexOf(id);
  const call = started < 0 || item['status'] === 'declined' ? callIn(item) : undefined;
  // Some items come only when they are done.
  if (started >= 0) memory.open.splice(started, 1);
  else if (call) say({ type: 'toolCall', ...(id !== '' && { id }), ...call });
  else return;
  const exitCode = item['exit_code'];
  const error = textIn(objectIn(item['error'])['message']);
  const failed =
    item['status'] === 'failed' ||
    item['status'] === 'declined' ||
    error !== '' ||
    (typeof exitCode === 'number' && exitCode !== 0);
  if (call && item['status'] === 'declined') {
    memory.denied++;
    say({ type: 'denied', tool: call.name, reason: call.summary });
  }
  const output = resultSummary(error || item['aggregated_output'] || objectIn(item['result'])['content']);
  say({
    type: 'toolResult',
    ...(id !== '' && { id }),
    ok: !failed,
    summary: output || (typeof exitCode === 'number' ? `exit code ${exitCode}` : textIn(item['status'])),
  });
}

/** The tool call that an item is; undefined for messages, thoughts and plans. */
function callIn(item: JsonObject): { readonly name: string; readonly summary: string } | undefined {
  const name = textIn(item['type']);
  switch (name) {
    case 'command_execution':
      return { name, summary: oneLine(shellCommand(textIn(item['command']))) };
    case 'file_change': {
      const changes = itemsIn(item['changes']).map(objectIn);
      return {
        name,
        summary: oneLine(
          changes.map((change) => `${textIn(change['kind'])} ${textIn(change['path'])}`.trim()).join(', '),
        ),
      };
    }
    case 'mcp_tool_call':
      return {
        name: [textIn(item['server']), textIn(item['tool'])].filter((part) => part !== '').join('.') || name,
        summary: callSummary(item['arguments']),
      };
    case '':
    case 'agent_message':
    case 'reasoning':
    case 'todo_list':
    case 'error':
      return undefined;
    default:
      // Of kinds that are not known yet, those that have a state are calls.
      return name === 'web_search' || textIn(item['status']) !== '' ? { name, summary: callSummary(item) } : undefined;
  }
}

/** The counter is the thread's, so what counts is what was added to it. */
function usage(counter: JsonObject, memory: Memory, say: Say, prices: Prices, model: string | undefined): void {
  const cached = tokenCount(counter['cached_input_tokens']);
  const written = tokenCount(counter['cache_write_input_tokens']);
  const total: Tokens = {
    // Its input counts cached and newly cached tokens too.
    input: Math.max(0, tokenCount(counter['input_tokens']) - cached - written),
    cachedInput: cached,
    cacheWrite: written,
    output: tokenCount(counter['output_tokens']),
  };
  // What tells no tokens tells nothing of the counter either.
  if (!anyTokens(total)) return;
  const tokens = tokensSince(total, memory.total);
  const { cost, note } = prices.estimate(tokens, model, 'gpt-*');
  const past = memory.unknownPast ? 'it may count earlier turns of its thread again, whose tokens are not known: ' : '';
  memory.total = total;
  memory.unknownPast = false;
  say({ type: 'usage', tokens, ...(model !== undefined && { model }) });
  say({ type: 'cost', cost, source: 'estimated', ...(model !== undefined && { model }), note: `${past}${note}` });
}

/** An `error` may be a mere notice that it connects again; only `turn.failed` ends a turn. */
function error(message: string, memory: Memory, say: Say): void {
  const again = /^Reconnecting\W*(?:(\d+)\s*\/\s*(\d+))?\s*(?:\((.*)\))?\s*$/s.exec(message);
  if (!again) {
    memory.error = message;
    return;
  }
  const [, attempt, most, why] = again;
  say({
    type: 'retry',
    ...(attempt !== undefined && { attempt: Number(attempt) }),
    ...(most !== undefined && { maxAttempts: Number(most) }),
    reason: oneLine(why ?? message),
  });
}

function failed(message: string, say: Say, now: number): void {
  const status = statusIn(message);
  sayFailure(say, CODEX_WORDS, { message: innerMessage(message), ...(status !== undefined && { status }) }, now);
}

const SIGNS: readonly (readonly [RegExp, AgentErrorCause])[] = [
  [/no rollout found for thread|thread\/resume failed|session .*not found/i, 'session'],
  [
    /^error: (?:unexpected argument|invalid value|unrecognized|the argument|a value is required|the following required)|not inside a trusted directory|error loading config/i,
    'config',
  ],
  [/not logged in|codex login|401 unauthorized/i, 'auth'],
  [/no prompt provided/i, 'task'],
];

function end({ exit, errors }: Ending, memory: Memory, say: Say, now: number): void {
  if (memory.ended || exit.signal !== undefined) return;
  if (memory.error !== '') {
    failed(memory.error, say, now);
    return;
  }
  const known = memory.session === '' ? causeInErrors(errors, SIGNS) : undefined;
  if (known && exit.exitCode !== 0) say(failureEnd(CODEX_WORDS, known, known.cause));
  else if (memory.session !== '')
    say(
      failureEnd(CODEX_WORDS, { message: `it ended in the middle of a turn, exit code ${exit.exitCode}` }, 'aborted'),
    );
  else if (exit.exitCode === 0) say(failureEnd(CODEX_WORDS, { message: 'it ended without a result' }, 'task'));
}

import type { SessionBefore } from '../../core/ports/agents.ts';
import {
  type AgentWords,
  emitErrors,
  emitFailure,
  type Failure,
  failureEnd,
  finished,
  lastError,
  warnOfModel,
} from '../failure.ts';
import { itemsIn, type JsonObject, objectIn, textIn, tokenCount } from '../json.ts';
import { type Emit, type Ending, emitSession, type Grammar, memoryIn } from '../lineReader.ts';
import { callSummary, oneLine } from '../oneLine.ts';
import type { Prices } from '../prices.ts';
import { NO_TOKENS } from '../tokenCount.ts';
import { causeOfKind, failureIn, SIGNS } from './claudeFailure.ts';
import { emitResults, idOf, isOwn, partsOf } from './claudeMessages.ts';
import { type ClaudeSystem, emitPayer, notices, rateLimit } from './claudeSystem.ts';
import {
  addUsage,
  billResult,
  billUnreported,
  type ClaudeBill,
  count,
  emitAccrued,
  emitRest,
  REMEMBERED,
  write,
} from './claudeUsage.ts';

interface Memory extends ClaudeBill, ClaudeSystem {
  session: string;
  results: number;
  /** It has written text since the last result. */
  spoke: boolean;
  /** The kind of the last message that stood for a failure of the API. */
  apiError: string;
  /** The message being streamed, and the output tokens counted for it. */
  streamed: string;
  streamedOutput: number;
  /** Tool calls whose denial is known. */
  denied: string[];
}

/** Reads claude's stream-json. `now` gives wall time in ms. */
export function claudeGrammar(words: AgentWords, prices: Prices, now: () => number): Grammar<Memory> {
  const grammar: Grammar<Memory> = {
    name: 'claude',
    start: (before) => start(grammar, before),
    message(message, memory, emit) {
      emitSession(textIn(message['session_id']), memory, emit);
      switch (message['type']) {
        case 'assistant':
          assistant(message, memory, emit, prices);
          return;
        case 'user':
          emitResults(message, emit);
          return;
        case 'system':
          if (message['subtype'] === 'init') emitPayer(textIn(message['apiKeySource']), memory, words, emit);
          else if (message['subtype'] === 'permission_denied')
            deny(memory, emit, message, oneLine(textIn(message['message'])));
          else notices(message, memory, causeOfKind, emit);
          return;
        case 'stream_event':
          streamEvent(objectIn(message['event']), message, memory, emit, prices);
          return;
        case 'rate_limit_event':
          rateLimit(objectIn(message['rate_limit_info']), memory, words, emit, now());
          return;
        case 'result':
          result(message, memory, emit, words, prices, now());
      }
    },
    end: (ending, memory, emit) => end(ending, memory, emit, words, prices, now()),
  };
  return grammar;
}

function start(grammar: Grammar<Memory>, before: SessionBefore | undefined): Memory {
  const past = before ? memoryIn(grammar, before.state) : undefined;
  return {
    session: '',
    total: before ? (past?.total ?? -1) : 0,
    resumed: before !== undefined,
    payer: past?.payer ?? '',
    tasks: {},
    results: 0,
    spoke: false,
    apiError: '',
    limited: false,
    counted: [],
    streamed: '',
    streamedOutput: 0,
    seen: {},
    written: {},
    denied: [],
  };
}

function assistant(message: JsonObject, memory: Memory, emit: Emit, prices: Prices): void {
  const body = objectIn(message['message']);
  const model = textIn(body['model']);
  const id = textIn(body['id']);
  const error = textIn(message['error']);
  if (message['is_api_error_message'] === true || error !== '') memory.apiError = error || 'unknown';
  // Its text was streamed already.
  const isTold = id !== '' && id === memory.streamed;
  for (const part of partsOf(message)) {
    if (part.kind === 'text') {
      if (isTold) continue;
      write(memory, model, part.text.length);
      // A sub-agent writes for its agent, not for people.
      if (isOwn(message)) emitText(memory, emit, part.text, false);
    } else {
      write(memory, model, part.summary.length);
      emit({ type: 'toolCall', ...idOf(part.id), name: part.name, summary: part.summary });
    }
  }
  count(memory, emit, id, model, body['usage']);
  emitAccrued(memory, emit, prices);
}

function emitText(memory: Memory, emit: Emit, text: string, delta: boolean): void {
  memory.spoke = true;
  emit({ type: 'text', text, delta });
}

function deny(memory: Memory, emit: Emit, denial: JsonObject, reason: string): void {
  const id = textIn(denial['tool_use_id']);
  if (id !== '' && memory.denied.includes(id)) return;
  memory.denied = [...memory.denied, id].slice(-REMEMBERED);
  emit({ type: 'denied', tool: textIn(denial['tool_name']) || 'tool', reason });
}

/** Pieces of messages, with `--include-partial-messages`: their text at once, and real numbers of tokens. */
function streamEvent(event: JsonObject, message: JsonObject, memory: Memory, emit: Emit, prices: Prices): void {
  const body = objectIn(event['message']);
  const delta = objectIn(event['delta']);
  const model = textIn(body['model']) || (Object.keys(memory.written).at(-1) ?? '');
  switch (event['type']) {
    case 'message_start':
      memory.streamed = textIn(body['id']);
      memory.streamedOutput = tokenCount(objectIn(body['usage'])['output_tokens']);
      write(memory, model, 0);
      count(memory, emit, memory.streamed, model, body['usage']);
      emitAccrued(memory, emit, prices);
      return;
    case 'content_block_delta': {
      const text = textIn(delta['text']);
      write(memory, model, text.length + textIn(delta['partial_json']).length);
      if (delta['type'] === 'text_delta' && text !== '' && isOwn(message)) emitText(memory, emit, text, true);
      return;
    }
    case 'message_delta': {
      const output = tokenCount(objectIn(event['usage'])['output_tokens']);
      addUsage(memory, emit, model, { ...NO_TOKENS, output: Math.max(0, output - memory.streamedOutput) });
      memory.streamedOutput = Math.max(output, memory.streamedOutput);
      emitAccrued(memory, emit, prices);
    }
  }
}

function result(message: JsonObject, memory: Memory, emit: Emit, words: AgentWords, prices: Prices, now: number): void {
  const text = textIn(message['result']);
  const ok = message['is_error'] === false || (message['is_error'] === undefined && message['subtype'] === 'success');
  // Without stream-json the result is all there is.
  if (ok && text !== '' && !memory.spoke) {
    write(memory, '', text.length);
    emit({ type: 'text', text, delta: false });
  }
  const denials = itemsIn(message['permission_denials']).map(objectIn);
  for (const denial of denials) deny(memory, emit, denial, `not allowed: ${callSummary(denial['tool_input'])}`);
  emitRest(message, memory, emit);
  billResult(message, memory, emit, prices);
  memory.results++;
  memory.spoke = false;
  memory.seen = {};
  memory.written = {};
  if (ok) succeed(denials.length, memory, emit);
  else fail(failureIn(message, text, memory.apiError), memory, emit, words, now);
  memory.apiError = '';
  memory.limited = false;
}

/** Tasks that still run may start another turn, or end with the process: people should know about them. */
function succeed(denials: number, memory: Memory, emit: Emit): void {
  const end = finished(denials);
  const tasks = Object.values(memory.tasks).map((name) => textIn(name));
  if (tasks.length === 0) {
    emit(end);
    return;
  }
  const open = oneLine(tasks.join(', '));
  emit({ type: 'warning', text: `It said that it was done while a background task was still running: ${open}` });
  emit({ ...end, reason: `${end.reason}; a background task was still running: ${open}` });
}

/** A rate-limit event knows the reset better than the words of the result. */
function fail(failure: Failure, { limited }: Memory, emit: Emit, words: AgentWords, now: number): void {
  const mayBeLimit = failure.cause === undefined || failure.cause === 'provider';
  if (limited && mayBeLimit)
    emit(failureEnd(words, { ...failure, message: oneLine(failure.message, 500) }, 'provider'));
  else emitFailure(emit, words, failure, now);
}

function end(
  { exit, errors }: Ending,
  memory: Memory,
  emit: Emit,
  words: AgentWords,
  prices: Prices,
  now: number,
): void {
  billUnreported(memory, emit, prices);
  warnOfModel(emit, errors, /^\[claude-code:unrecognized_model\] \{"model":"([^"]+)"/);
  if (memory.results > 0 || exit.signal !== undefined) return;
  const code = exit.exitCode;
  if (emitErrors(emit, words, errors, SIGNS, now)) return;
  if (code === 143 || code === 130) emit(failureEnd(words, { message: `exit code ${code}` }, 'aborted'));
  else if (code === 0) emit(failureEnd(words, { message: lastError(errors) ?? 'it ended without a result' }, 'task'));
}

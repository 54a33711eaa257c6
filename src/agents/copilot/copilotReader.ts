import type { AgentErrorCause } from '../../core/model/agentEvent.ts';
import { causeOfStatus, emitErrors, emitFailure, failureEnd, finished, lastError, type Signs } from '../failure.ts';
import { countIn, itemsIn, type JsonObject, numberIn, objectIn, textIn } from '../json.ts';
import { type Emit, type Ending, emitSession, type Grammar, memoryIn } from '../lineReader.ts';
import { callSummary, oneLine, resultSummary } from '../oneLine.ts';
import type { Prices } from '../prices.ts';
import {
  accrue,
  billReport,
  billWithoutReport,
  type CopilotBill,
  countCall,
  newBill,
  noteText,
} from './copilotUsage.ts';

export const COPILOT_WORDS = {
  title: 'Copilot CLI',
  login: 'run "copilot login" in a terminal, or set COPILOT_GITHUB_TOKEN',
} as const;

interface Memory {
  session: string;
  /** Messages that were streamed. */
  pieces: string[];
  /** Names of tools that run, by call. */
  tools: { [id: string]: string };
  retries: number;
  /** HTTP status of the last call that failed; 0 when none is known. */
  status: number;
  /** The last error of the session, as reported. */
  error: { type: string; message: string; status: number };
  aborted: boolean;
  denied: number;
  ended: boolean;
  bill: CopilotBill;
}

const REMEMBERED = 50;

/** Reads what copilot prints. `now` gives wall time in ms. */
export function copilotGrammar(prices: Prices, now: () => number): Grammar<Memory> {
  const self: Grammar<Memory> = {
    name: 'copilot',
    start(before) {
      const past = before ? memoryIn(self, before.state) : undefined;
      return {
        session: '',
        pieces: [],
        tools: {},
        retries: 0,
        status: 0,
        error: { type: '', message: '', status: 0 },
        aborted: false,
        denied: 0,
        ended: false,
        bill: newBill(past?.bill, before !== undefined),
      };
    },
    message(message, memory, emit) {
      const data = objectIn(message['data']);
      emitSession(textIn(message['sessionId']) || textIn(data['sessionId']), memory, emit);
      switch (message['type']) {
        case 'assistant.message_delta':
          piece(data, memory, emit);
          return;
        case 'user.message':
          noteText(memory.bill, textIn(data['transformedContent']) || textIn(data['content']));
          return;
        case 'model.call_finished':
          if (data['outcome'] !== 'error') countCall(memory.bill);
          accrue(memory.bill, emit, prices);
          return;
        case 'assistant.usage':
          countCall(memory.bill, data);
          accrue(memory.bill, emit, prices);
          return;
        case 'assistant.message':
          wholeMessage(data, memory, emit);
          accrue(memory.bill, emit, prices);
          return;
        case 'tool.execution_start':
          toolStart(data, memory, emit);
          return;
        case 'tool.execution_complete':
          toolComplete(data, memory, emit);
          return;
        case 'model.call_failure':
          memory.status = countIn(data['statusCode']);
          return;
        case 'assistant.turn_retry':
          retry(data, memory, emit);
          return;
        case 'session.error':
          memory.error = {
            type: textIn(data['errorType']),
            message: textIn(data['message']),
            status: countIn(data['statusCode']),
          };
          return;
        case 'session.warning':
          emit({ type: 'warning', text: oneLine(textIn(data['message']), 500) });
          return;
        case 'abort':
          memory.aborted = true;
          return;
        case 'result':
          memory.ended = true;
          result(message, memory, emit, now());
      }
    },
    end: (ending, memory, emit) => end(ending, memory, emit, prices, now()),
  };
  return self;
}

function piece(data: JsonObject, memory: Memory, emit: Emit): void {
  const id = textIn(data['messageId']);
  const text = textIn(data['deltaContent']);
  if (text === '') return;
  if (id !== '' && !memory.pieces.includes(id)) memory.pieces = [...memory.pieces, id].slice(-REMEMBERED);
  emit({ type: 'text', text, delta: true });
}

function wholeMessage(data: JsonObject, memory: Memory, emit: Emit): void {
  const text = textIn(data['content']);
  const calls = itemsIn(data['toolRequests']).map((call) => JSON.stringify(objectIn(call)['arguments']) ?? '');
  memory.retries = 0;
  noteText(memory.bill, text + calls.join(''), textIn(data['model']));
  // Its text may have been streamed already.
  if (text !== '' && !memory.pieces.includes(textIn(data['messageId']))) emit({ type: 'text', text, delta: false });
}

function toolStart(data: JsonObject, memory: Memory, emit: Emit): void {
  const id = textIn(data['toolCallId']);
  const name = textIn(data['toolName']) || 'tool';
  if (id !== '') memory.tools[id] = name;
  emit({ type: 'toolCall', ...(id !== '' && { id }), name, summary: callSummary(data['arguments']) });
}

function toolComplete(data: JsonObject, memory: Memory, emit: Emit): void {
  const id = textIn(data['toolCallId']);
  const error = objectIn(data['error']);
  const name = textIn(memory.tools[id]) || 'tool';
  delete memory.tools[id];
  if (error['code'] === 'denied' || error['code'] === 'rejected') {
    memory.denied++;
    emit({ type: 'denied', tool: name, reason: oneLine(textIn(error['message'])) });
  }
  const output = textIn(error['message']) || data['result'];
  noteText(memory.bill, typeof output === 'string' ? output : textIn(objectIn(output)['content']), 'result');
  emit({ type: 'toolResult', ...(id !== '' && { id }), ok: data['success'] === true, summary: resultSummary(output) });
}

function retry(data: JsonObject, memory: Memory, emit: Emit): void {
  memory.retries++;
  const { status, retries: attempt } = memory;
  const why = oneLine(textIn(data['reason']).replaceAll('_', ' ')) || 'the model call failed';
  const cause = status > 0 ? causeOfStatus(status) : undefined;
  const reason = status > 0 ? `${why}, HTTP ${status}` : why;
  emit({ type: 'retry', attempt, ...(cause !== undefined && { cause }), reason });
}

const CAUSES: ReadonlyMap<string, AgentErrorCause> = new Map(
  Object.entries({ authentication: 'auth', authorization: 'auth' } as const),
);

/** Its exit code is 0 even after a stop or denied tools, so an earlier abort outweighs it. */
function result(message: JsonObject, memory: Memory, emit: Emit, now: number): void {
  const code = numberIn(message['exitCode']);
  if (memory.aborted) emit(failureEnd(COPILOT_WORDS, { message: 'it was stopped' }, 'aborted'));
  else if (code === 0) emit(finished(memory.denied));
  else failed(memory, emit, `exit code ${code ?? 'unknown'}`, now);
}

function failed({ error }: Memory, emit: Emit, fallback: string, now: number): void {
  const cause = CAUSES.get(error.type);
  const known = { message: error.message || fallback, ...(error.status > 0 && { status: error.status }) };
  if (error.type !== 'quota') {
    emitFailure(emit, COPILOT_WORDS, { ...known, ...(cause !== undefined && { cause }) }, now);
    return;
  }
  emit({ type: 'limit', reason: `${COPILOT_WORDS.title} has used up its quota: ${oneLine(known.message, 500)}` });
  emit(failureEnd(COPILOT_WORDS, { message: oneLine(known.message, 500) }, 'provider'));
}

const SIGNS: Signs = [
  [/No session, task, or name matched|session .*not found/i, 'session'],
  [/No authentication information found|not authenticated|Authentication failed|\/login/i, 'auth'],
  [/^error: (?:unexpected argument|invalid value|unknown option|Invalid command format)/i, 'config'],
  [/^error: (?:a value is required|the argument)|Model ".+" .*not available/i, 'config'],
];

/** The report is written after a stop by a signal, too. */
function end({ exit, errors, report }: Ending, memory: Memory, emit: Emit, prices: Prices, now: number): void {
  if (report) billReport(report, memory.bill, emit, prices);
  else billWithoutReport(memory.bill, emit, prices);
  if (memory.ended || exit.signal !== undefined) return;
  if (memory.aborted) emit(failureEnd(COPILOT_WORDS, { message: 'it was stopped' }, 'aborted'));
  else if (memory.error.message !== '') failed(memory, emit, '', now);
  else if (emitErrors(emit, COPILOT_WORDS, errors, SIGNS, now)) return;
  else if (exit.exitCode === 0)
    emit(failureEnd(COPILOT_WORDS, { message: lastError(errors) ?? 'it ended without a result' }, 'task'));
}

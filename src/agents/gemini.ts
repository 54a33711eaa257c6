import type { AgentErrorCause, Tokens } from '../core/agentEvent.ts';
import { causeInErrors, causeOfStatus, failureEnd, innerMessage, sayFailure, statusIn } from './failure.ts';
import { countIn, isObject, type JsonObject, objectIn, textIn } from './json.ts';
import { type AgentKind, hasOption } from './kind.ts';
import { type Ending, type Grammar, lineReader, type Say } from './lineReader.ts';
import { callSummary, oneLine, resultSummary } from './oneLine.ts';
import type { Prices } from './prices.ts';
import { anyTokens, tokensSince } from './tokenCount.ts';
import { resetTime } from './usageLimit.ts';
import { wallTime, zonedTime } from './zonedTime.ts';

const WORDS = { title: 'Gemini CLI', login: 'run "gemini" in a terminal and log in with /auth, or set GEMINI_API_KEY' } as const;

/** Gemini CLI of Google. */
export const GEMINI: AgentKind = {
  name: 'gemini',
  words: WORDS,
  command: 'gemini',
  // One process less, and no second start on every run.
  env: { GEMINI_CLI_NO_RELAUNCH: 'true' },
  mode: {
    option: 'permissionMode',
    fallback: 'auto_edit',
    values: {
      default: 'It reads files; edits and commands are refused, because nobody is there to be asked.',
      auto_edit: 'It reads and edits files in its folder; commands are refused unless your Gemini policies allow them.',
      plan: 'It reads and plans, and changes nothing.',
      yolo: 'It does everything without asking. Only for machines that can be thrown away.',
    },
  },
  takesModel: true,
  canResume: true,
  hasCost: true,
  needsReading: true,
  // SIGINT and SIGTERM do the same to it: it ends at once, with exit code 0 and without a result.
  stop: [{ signal: 'SIGTERM', share: 1 }],
  slashCommands: true,
  facts: {
    bundled: false,
    versionArgs: ['--version'],
    minimumVersion: '0.42.0',
    help: [{ args: ['--help'], options: ['--output-format', '--skip-trust', '--approval-mode', '--model', '--session-id', '--resume'] }],
    install: 'npm install -g @google/gemini-cli',
    notes: [
      'It reports tokens, not money: its cost is an estimate by the prices in loopSupervisor.prices.',
      'Without a "model" in its profile, each run begins with one more call that chooses a model.',
      'It is told to trust the folder for the run: Loop Supervisor itself runs only in workspaces that you trust.',
    ],
  },
  line({ args, model, mode }, { resume }, { newUuid }) {
    const ownMode = hasOption(args, '--approval-mode', '--yolo', '-y');
    const ownSession = hasOption(args, '--session-id', '--resume', '-r', '--session-file');
    const fresh = resume === undefined && !ownSession ? newUuid() : undefined;
    return {
      args: [
        '--output-format',
        'stream-json',
        '--skip-trust',
        ...(ownMode ? [] : ['--approval-mode', mode ?? 'auto_edit']),
        ...(model === undefined || hasOption(args, '-m', '--model') ? [] : ['-m', model]),
        ...(resume === undefined ? [] : ['--resume', resume]),
        ...(fresh === undefined ? [] : ['--session-id', fresh]),
        ...args,
      ],
      ...(fresh !== undefined && { sessionId: fresh }),
    };
  },
  argument: (prompt) => [`--prompt=${prompt}`],
  reader: (_options, { prices, now }, state, before) => lineReader(grammar(prices, now), state, before),
};

interface Memory {
  session: string;
  model: string;
  /** The process's counters as last seen, by model. */
  totals: { [model: string]: Tokens };
  /** Names of calls whose result was not told, by id. */
  open: { [id: string]: string };
  /** The last error that did not end the run. */
  error: string;
  ended: boolean;
}

function grammar(prices: Prices, now: () => number): Grammar<Memory> {
  return {
    name: 'gemini',
    start: () => ({ session: '', model: '', totals: {}, open: {}, error: '', ended: false }),
    message(message, memory, say) {
      switch (message['type']) {
        case 'init':
          memory.model = textIn(message['model']);
          memory.session = textIn(message['session_id']);
          if (memory.session !== '') say({ type: 'session', sessionId: memory.session });
          return;
        case 'message': {
          const text = textIn(message['content']);
          if (message['role'] === 'assistant' && text !== '') say({ type: 'text', text, delta: message['delta'] === true });
          return;
        }
        case 'tool_use':
          toolUse(message, memory, say);
          return;
        case 'tool_result':
          toolResult(message, memory, say);
          return;
        case 'error': {
          const text = oneLine(textIn(message['message']), 500);
          if (message['severity'] === 'error') memory.error = text;
          say({ type: 'warning', text });
          return;
        }
        case 'result':
          usage(objectIn(message['stats']), memory, say, prices);
          memory.ended = true;
          if (message['status'] === 'success') say({ type: 'end', ok: true, reason: 'finished' });
          else failed(objectIn(message['error']), memory, say, now());
      }
    },
    end,
  };
}

function toolUse(message: JsonObject, memory: Memory, say: Say): void {
  const id = textIn(message['tool_id']);
  const name = textIn(message['tool_name']) || 'tool';
  if (id !== '') memory.open[id] = name;
  say({ type: 'toolCall', ...(id !== '' && { id }), name, summary: callSummary(message['parameters']) });
}

function toolResult(message: JsonObject, memory: Memory, say: Say): void {
  const id = textIn(message['tool_id']);
  const error = objectIn(message['error']);
  const name = textIn(memory.open[id]) || 'tool';
  delete memory.open[id];
  const reason = oneLine(textIn(error['message']));
  if (error['type'] === 'policy_violation') say({ type: 'denied', tool: name, reason });
  const summary = resultSummary(message['output']) || reason;
  say({ type: 'toolResult', ...(id !== '' && { id }), ok: message['status'] === 'success', summary });
}

/** The statistics are the process's, by model; thoughts are only in the total. */
function usage(stats: JsonObject, memory: Memory, say: Say, prices: Prices): void {
  const byModel = isObject(stats['models']) && Object.keys(stats['models']).length > 0 ? stats['models'] : { [memory.model]: stats };
  let told = false;
  for (const [model, value] of Object.entries(byModel)) {
    const counts = objectIn(value);
    const input = countIn(counts['input_tokens']);
    const cached = Math.min(input, countIn(counts['cached']));
    const thoughts = Math.max(0, countIn(counts['total_tokens']) - input - countIn(counts['output_tokens']));
    const total: Tokens = { input: input - cached, cachedInput: cached, cacheWrite: 0, output: countIn(counts['output_tokens']) + thoughts };
    const tokens = tokensSince(total, memory.totals[model] ?? { input: 0, cachedInput: 0, cacheWrite: 0, output: 0 });
    memory.totals[model] = total;
    if (!anyTokens(tokens)) continue;
    told = true;
    const named = model === '' ? undefined : model;
    const { cost, note } = prices.estimate(tokens, named, 'gemini-*');
    say({ type: 'usage', tokens, ...(named !== undefined && { model: named }) });
    say({ type: 'cost', cost, source: 'estimated', ...(named !== undefined && { model: named }), note });
  }
  if (!told) say({ type: 'cost', cost: 0, source: 'estimated', note: 'it used no tokens' });
}

const CAUSES: { readonly [type: string]: AgentErrorCause } = {
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
};

function failed(error: JsonObject, memory: Memory, say: Say, now: number): void {
  const type = textIn(error['type']);
  const raw = textIn(error['message']) || memory.error;
  const message = innerMessage(raw).replace(/^\[API Error:\s*([\s\S]*?)\](?:\s*$|\s*\n[\s\S]*)/, '$1');
  const status = statusIn(raw);
  const cause = CAUSES[type];
  const daily = /exhausted your daily quota/i.test(message) && resetTime(message, now) === undefined;
  if (type !== 'TerminalQuotaError' && !daily) {
    sayFailure(say, WORDS, { message, ...(status !== undefined && { status }), ...(cause !== undefined && { cause }) }, now);
    return;
  }
  // Google's days end at midnight in California; other quotas say when they reset, or do not.
  const until = resetTime(raw, now) ?? (daily ? nextPacificMidnight(now) : undefined);
  say({ type: 'limit', ...(until !== undefined && { until }), reason: `${WORDS.title} has used up its quota: ${oneLine(message, 500)}` });
  say(failureEnd(WORDS, { message: oneLine(message, 500) }, 'provider'));
}

function nextPacificMidnight(now: number): number {
  const zone = 'America/Los_Angeles';
  const today = wallTime(now, zone);
  return zonedTime({ ...today, day: today.day + 1, hour: 0, minute: 0 }, zone);
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

const SIGNS: readonly (readonly [RegExp, AgentErrorCause])[] = [
  [/Error resuming session|Invalid session identifier/i, 'session'],
  [/^Unknown arguments?:|Not enough arguments following|Invalid values:/i, 'config'],
  [/No input provided via stdin/i, 'task'],
  [/specify the GEMINI_API_KEY|set an Auth method|Please login|re-authenticate/i, 'auth'],
  [/not running in a trusted directory/i, 'config'],
];

function end({ exit, errors }: Ending, memory: Memory, say: Say): void {
  if (memory.ended || exit.signal !== undefined) return;
  const code = exit.exitCode ?? 0;
  if (code === 0) {
    say(
      failureEnd(WORDS, { message: memory.error || 'it ended without a result, as it does when it is stopped' }, memory.error ? 'task' : 'aborted'),
    );
    return;
  }
  const sign = causeInErrors(errors, SIGNS);
  const own = EXITS[code];
  if (sign) say(failureEnd(WORDS, { message: oneLine(sign.message) }, sign.cause));
  else if (own) say(failureEnd(WORDS, { message: own[1] }, own[0]));
  else {
    // A failed request makes its HTTP status the exit code, of which the system keeps the lowest 8 bits: 401 becomes 145.
    const status = HTTP.find((each) => each % 256 === code);
    if (status !== undefined) say(failureEnd(WORDS, { message: `exit code ${code}`, status }, causeOfStatus(status)));
  }
}

const HTTP = [400, 401, 403, 404, 429, 499, 500, 502, 503, 504] as const;

import type { AgentErrorCause, Tokens } from '../core/agentEvent.ts';
import { causeInErrors, failureEnd, innerMessage, sayFailure, statusIn } from './failure.ts';
import { countIn, itemsIn, type JsonObject, objectIn, textIn } from './json.ts';
import { type AgentKind, hasOption } from './kind.ts';
import { type Ending, type Grammar, lineReader, memoryIn, type Say } from './lineReader.ts';
import { callSummary, oneLine, resultSummary, shellCommand } from './oneLine.ts';
import type { Prices } from './prices.ts';
import { NO_TOKENS, tokensSince } from './tokenCount.ts';

const WORDS = { title: 'Codex', login: 'run "codex login" in a terminal, or set CODEX_API_KEY' } as const;

/** Codex of OpenAI. */
export const CODEX: AgentKind = {
  name: 'codex',
  words: WORDS,
  command: 'codex',
  env: {},
  mode: {
    option: 'sandbox',
    fallback: 'workspace-write',
    values: {
      'read-only': 'Its commands can read files but change nothing, and have no network.',
      'workspace-write': 'Its commands can write in its folder and the temporary folder, without network.',
      'danger-full-access': 'Its commands run without a sandbox and without asking. Only for machines that can be thrown away.',
    },
  },
  takesModel: true,
  canResume: true,
  hasCost: true,
  needsReading: true,
  // On SIGINT it ends its tool processes itself; on SIGTERM it leaves them.
  stop: [
    { signal: 'SIGINT', share: 0.5 },
    { signal: 'SIGTERM', share: 0.5 },
  ],
  slashCommands: false,
  stdinMark: '-',
  facts: {
    bundled: false,
    versionArgs: ['--version'],
    minimumVersion: '0.60.0',
    help: [{ args: ['exec', '--help'], options: ['--json', '--skip-git-repo-check', '--sandbox', '--config', '--model'] }],
    install: 'npm install -g @openai/codex',
    notes: [
      'It reports tokens, not money: its cost is an estimate by the prices in loopSupervisor.prices.',
      'It does not name its model. Set "model" in its profile for a closer estimate; without it, the dearest GPT model counts.',
      'It never asks in headless mode: what the sandbox does not allow fails.',
    ],
  },
  line({ args, model, mode }, { resume }) {
    const ownSandbox = hasOption(args, '--sandbox', '-s', '--full-auto', '--approve-for-me', '--dangerously-bypass-approvals-and-sandbox');
    return {
      // Options stand before `resume`: after it they are refused.
      args: [
        'exec',
        '--json',
        '--skip-git-repo-check',
        '-c',
        'analytics.enabled=false',
        ...(ownSandbox ? [] : ['--sandbox', mode ?? 'workspace-write']),
        ...(model === undefined || hasOption(args, '-m', '--model') ? [] : ['-m', model]),
        ...args,
        ...(resume === undefined ? [] : ['resume', resume]),
      ],
    };
  },
  argument: (prompt) => ['--', prompt],
  reader: ({ args, model }, { prices, now }, state, before) => lineReader(grammar(prices, now, modelIn(args) ?? model), state, before),
};

function modelIn(args: readonly string[]): string | undefined {
  const at = args.findIndex((arg) => arg === '-m' || arg === '--model');
  return at < 0 ? args.find((arg) => arg.startsWith('--model='))?.slice('--model='.length) : args[at + 1];
}

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
}

const REMEMBERED = 100;

function grammar(prices: Prices, now: () => number, model: string | undefined): Grammar<Memory> {
  const self: Grammar<Memory> = {
    name: 'codex',
    start(before) {
      const past = before ? memoryIn(self, before.state) : undefined;
      // The counter goes on over all turns of a thread, in whatever process they ran.
      return { session: '', total: past?.total ?? NO_TOKENS, unknownPast: before !== undefined && !past, open: [], error: '', ended: false };
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
          say({ type: 'end', ok: true, reason: 'finished' });
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
  memory.open = [...memory.open, id].slice(-REMEMBERED);
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
  const call = callIn(item);
  if (!call) return;
  const id = textIn(item['id']);
  // Some items come only when they are done.
  if (!memory.open.includes(id)) say({ type: 'toolCall', ...(id !== '' && { id }), ...call });
  memory.open = memory.open.filter((open) => open !== id);
  const exitCode = item['exit_code'];
  const error = textIn(objectIn(item['error'])['message']);
  const failed = item['status'] === 'failed' || item['status'] === 'declined' || error !== '' || (typeof exitCode === 'number' && exitCode !== 0);
  if (item['status'] === 'declined') say({ type: 'denied', tool: call.name, reason: call.summary });
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
      return { name, summary: oneLine(changes.map((change) => `${textIn(change['kind'])} ${textIn(change['path'])}`.trim()).join(', ')) };
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

/** The counter is the thread's, so what counts is what was added to it (agents.md, traps). */
function usage(counter: JsonObject, memory: Memory, say: Say, prices: Prices, model: string | undefined): void {
  const cached = countIn(counter['cached_input_tokens']);
  const written = countIn(counter['cache_write_input_tokens']);
  const total: Tokens = {
    // Its input counts cached and newly cached tokens too.
    input: Math.max(0, countIn(counter['input_tokens']) - cached - written),
    cachedInput: cached,
    cacheWrite: written,
    output: countIn(counter['output_tokens']),
  };
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
  sayFailure(say, WORDS, { message: innerMessage(message), ...(status !== undefined && { status }) }, now);
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
  if (known && exit.exitCode !== 0) say(failureEnd(WORDS, { message: oneLine(known.message.replace(/^error:\s*/i, '')) }, known.cause));
  else if (memory.session !== '') say(failureEnd(WORDS, { message: `it ended in the middle of a turn, exit code ${exit.exitCode}` }, 'aborted'));
  else if (exit.exitCode === 0) say(failureEnd(WORDS, { message: 'it ended without a result' }, 'task'));
}

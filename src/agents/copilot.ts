import type { AgentErrorCause, Tokens } from '../core/agentEvent.ts';
import { causeInErrors, failureEnd, sayFailure } from './failure.ts';
import { countIn, type JsonObject, numberIn, objectIn, textIn } from './json.ts';
import { type AgentKind, hasOption } from './kind.ts';
import { type Ending, type Grammar, lineReader, memoryIn, type Say } from './lineReader.ts';
import { callSummary, oneLine, resultSummary } from './oneLine.ts';
import type { Prices } from './prices.ts';
import { anyTokens, NO_TOKENS, tokensSince } from './tokenCount.ts';

const WORDS = { title: 'Copilot CLI', login: 'run "copilot" in a terminal and log in with /login, or set COPILOT_GITHUB_TOKEN' } as const;

/** Copilot CLI of GitHub. */
export const COPILOT: AgentKind = {
  name: 'copilot',
  words: WORDS,
  command: 'copilot',
  env: {},
  mode: {
    option: 'permissionMode',
    fallback: 'edit',
    values: {
      default: 'It reads files in its folder; edits and commands are refused, because nobody is there to be asked.',
      edit: 'It reads and edits files in its folder; commands are refused. Allow single ones with arguments such as "--allow-tool=shell(npm test)".',
      'all-tools': 'It uses all tools without asking, commands included. Only for machines that can be thrown away.',
    },
  },
  takesModel: true,
  canResume: true,
  hasCost: true,
  needsReading: true,
  stop: [{ signal: 'SIGTERM', share: 1 }],
  slashCommands: false,
  facts: {
    bundled: false,
    versionArgs: ['--version'],
    minimumVersion: '1.0.40',
    help: [
      {
        args: ['--help'],
        options: [
          '--output-format',
          '--no-auto-update',
          '--no-ask-user',
          '--allow-tool',
          '--model',
          '--session-id',
          '--resume',
          '--usage-output-file',
        ],
      },
    ],
    install: 'npm install -g @github/copilot',
    notes: [
      'It reports tokens when it ends, not money: its cost is an estimate by the prices in loopSupervisor.prices. A run that is killed reports nothing.',
    ],
  },
  line({ args, model, mode }, { resume }, { newUuid }) {
    const allows = hasOption(args, '--allow-all-tools', '--allow-all', '--yolo');
    const ownSession = hasOption(args, '--session-id', '--resume', '-r', '--continue');
    const ownReport = hasOption(args, '--usage-output-file');
    const fresh = resume === undefined && !ownSession ? newUuid() : undefined;
    return {
      args: [
        '--output-format',
        'json',
        '--no-auto-update',
        '--no-ask-user',
        ...(allows ? [] : (ALLOWED[mode ?? 'edit'] ?? [])),
        ...(model === undefined || hasOption(args, '--model') ? [] : ['--model', model]),
        ...(resume === undefined ? [] : [`--resume=${resume}`]),
        ...(fresh === undefined ? [] : ['--session-id', fresh]),
        ...(ownReport ? [] : ['--usage-output-file', REPORT_FILE]),
        ...args,
      ],
      ...(fresh !== undefined && { sessionId: fresh }),
      ...(ownReport ? {} : { reportFile: true as const }),
    };
  },
  argument: () => undefined,
  reader: (_options, { prices, now }, state, before) => lineReader(grammar(prices, now), state, before),
};

/** Stands in `args` for the file that the agent writes its report into. */
const REPORT_FILE = '${reportFile}';

const ALLOWED: { readonly [mode: string]: readonly string[] } = { edit: ['--allow-tool=write'], 'all-tools': ['--allow-all-tools'] };

interface Memory {
  session: string;
  /** Messages of which pieces were told. */
  pieces: string[];
  /** Names of tools that run, by call. */
  tools: { [id: string]: string };
  retries: number;
  /** HTTP status of the last call that failed; 0 when none is known. */
  status: number;
  /** The last error of the session, as reported. */
  error: { type: string; message: string; status: number };
  aborted: boolean;
  ended: boolean;
  /** The session's counters by model, as last reported. */
  totals: { [model: string]: Tokens };
}

const REMEMBERED = 50;

function grammar(prices: Prices, now: () => number): Grammar<Memory> {
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
        ended: false,
        totals: past?.totals ?? {},
      };
    },
    message(message, memory, say) {
      const data = objectIn(message['data']);
      session(textIn(message['sessionId']) || textIn(data['sessionId']), memory, say);
      switch (message['type']) {
        case 'assistant.message_delta':
          piece(data, memory, say);
          return;
        case 'assistant.message':
          memory.retries = 0;
          // What came in pieces was told already.
          if (textIn(data['content']) === '' || memory.pieces.includes(textIn(data['messageId']))) return;
          say({ type: 'text', text: textIn(data['content']), delta: false });
          return;
        case 'tool.execution_start':
          toolStart(data, memory, say);
          return;
        case 'tool.execution_complete':
          toolComplete(data, memory, say);
          return;
        case 'model.call_failure':
          memory.status = countIn(data['statusCode']);
          return;
        case 'assistant.turn_retry':
          retry(data, memory, say);
          return;
        case 'session.error':
          memory.error = { type: textIn(data['errorType']), message: textIn(data['message']), status: countIn(data['statusCode']) };
          return;
        case 'session.warning':
          say({ type: 'warning', text: oneLine(textIn(data['message']), 500) });
          return;
        case 'abort':
          memory.aborted = true;
          return;
        case 'result':
          memory.ended = true;
          result(message, memory, say, now());
      }
    },
    end: (ending, memory, say) => end(ending, memory, say, prices, now()),
  };
  return self;
}

function session(id: string, memory: Memory, say: Say): void {
  if (id === '' || id === memory.session) return;
  memory.session = id;
  say({ type: 'session', sessionId: id });
}

function piece(data: JsonObject, memory: Memory, say: Say): void {
  const id = textIn(data['messageId']);
  const text = textIn(data['deltaContent']);
  if (text === '') return;
  if (id !== '' && !memory.pieces.includes(id)) memory.pieces = [...memory.pieces, id].slice(-REMEMBERED);
  say({ type: 'text', text, delta: true });
}

function toolStart(data: JsonObject, memory: Memory, say: Say): void {
  const id = textIn(data['toolCallId']);
  const name = textIn(data['toolName']) || 'tool';
  if (id !== '') memory.tools[id] = name;
  say({ type: 'toolCall', ...(id !== '' && { id }), name, summary: callSummary(data['arguments']) });
}

function toolComplete(data: JsonObject, memory: Memory, say: Say): void {
  const id = textIn(data['toolCallId']);
  const error = objectIn(data['error']);
  const name = textIn(memory.tools[id]) || 'tool';
  delete memory.tools[id];
  if (error['code'] === 'denied' || error['code'] === 'rejected') say({ type: 'denied', tool: name, reason: oneLine(textIn(error['message'])) });
  say({
    type: 'toolResult',
    ...(id !== '' && { id }),
    ok: data['success'] === true,
    summary: resultSummary(textIn(error['message']) || data['result']),
  });
}

function retry(data: JsonObject, memory: Memory, say: Say): void {
  memory.retries++;
  const why = oneLine(textIn(data['reason']).replaceAll('_', ' ')) || 'the model call failed';
  say({ type: 'retry', attempt: memory.retries, reason: memory.status > 0 ? `${why}, HTTP ${memory.status}` : why });
}

const CAUSES: { readonly [type: string]: AgentErrorCause } = { authentication: 'auth', authorization: 'auth' };

/** Its exit code says 0 after a stop and after denied tools too, so the abort before it counts for more (agents.md). */
function result(message: JsonObject, memory: Memory, say: Say, now: number): void {
  const code = numberIn(message['exitCode']);
  if (memory.aborted) say(failureEnd(WORDS, { message: 'it was stopped' }, 'aborted'));
  else if (code === 0) say({ type: 'end', ok: true, reason: 'finished' });
  else failed(memory, say, `exit code ${code ?? 'unknown'}`, now);
}

function failed({ error }: Memory, say: Say, fallback: string, now: number): void {
  const cause = CAUSES[error.type];
  const known = { message: error.message || fallback, ...(error.status > 0 && { status: error.status }) };
  if (error.type !== 'quota') {
    sayFailure(say, WORDS, { ...known, ...(cause !== undefined && { cause }) }, now);
    return;
  }
  say({ type: 'limit', reason: `${WORDS.title} has used up its quota: ${oneLine(known.message, 500)}` });
  say(failureEnd(WORDS, { message: oneLine(known.message, 500) }, 'provider'));
}

const SIGNS: readonly (readonly [RegExp, AgentErrorCause])[] = [
  [/No session, task, or name matched|session .*not found/i, 'session'],
  [/No authentication information found|not authenticated|Authentication failed|\/login/i, 'auth'],
  [
    /^error: (?:unexpected argument|invalid value|unknown option|Invalid command format|a value is required|the argument)|Model ".+" .*not available/i,
    'config',
  ],
];

function end({ exit, errors, report }: Ending, memory: Memory, say: Say, prices: Prices, now: number): void {
  if (report) usage(report, memory, say, prices);
  if (memory.ended || exit.signal !== undefined) return;
  const known = causeInErrors(errors, SIGNS);
  if (memory.aborted) say(failureEnd(WORDS, { message: 'it was stopped' }, 'aborted'));
  else if (memory.error.message !== '') failed(memory, say, '', now);
  else if (known && exit.exitCode !== 0) say(failureEnd(WORDS, { message: oneLine(known.message.replace(/^error:\s*/i, '')) }, known.cause));
  else if (exit.exitCode === 0) say(failureEnd(WORDS, { message: 'it ended without a result' }, 'task'));
}

/** Tokens by model, over all of the session. */
function usage(report: JsonObject, memory: Memory, say: Say, prices: Prices): void {
  let told = false;
  for (const [model, value] of Object.entries(objectIn(report['modelMetrics']))) {
    const counts = objectIn(objectIn(value)['usage']);
    const cached = countIn(counts['cacheReadTokens']);
    const written = countIn(counts['cacheWriteTokens']);
    const total: Tokens = {
      // Its input counts cached and newly cached tokens too.
      input: Math.max(0, countIn(counts['inputTokens']) - cached - written),
      cachedInput: cached,
      cacheWrite: written,
      output: countIn(counts['outputTokens']),
    };
    const tokens = tokensSince(total, memory.totals[model] ?? NO_TOKENS);
    memory.totals[model] = total;
    if (!anyTokens(tokens)) continue;
    told = true;
    const { cost, note } = prices.estimate(tokens, model);
    say({ type: 'usage', tokens, model });
    say({ type: 'cost', cost, source: 'estimated', model, note });
  }
  if (!told) say({ type: 'cost', cost: 0, source: 'estimated', note: 'it used no tokens' });
}

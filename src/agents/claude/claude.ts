import { type NanoUsd, toUsd } from '../../core/model/money.ts';
import { type AgentKind, type AgentOptions, hasOption } from '../kind.ts';
import { lineReader } from '../lineReader.ts';
import { claudeGrammar } from './claudeReader.ts';

const WORDS = {
  title: 'Claude Code',
  login: 'run "claude" in a terminal and log in with /login, or set ANTHROPIC_API_KEY',
} as const;

/** What one turn of claude may cost, USD: it can exceed its own limit by that much, since it checks between turns. */
const TURN_USD = 0.2;
const LEAST_CAP_USD = 0.01;

/** With a background task it would stay alive after its result, and begin another billed turn later. */
const NO_BACKGROUND = 'CLAUDE_CODE_DISABLE_BACKGROUND_TASKS';

/** Our mode: its default one, with its questions brought to the user (R17). */
const ASK = 'ask';

/** Claude Code of Anthropic. */
export const CLAUDE: AgentKind = {
  name: 'claude',
  words: WORDS,
  command: 'claude',
  env: { [NO_BACKGROUND]: '1', DISABLE_AUTOUPDATER: '1' },
  mode: {
    option: 'permissionMode',
    fallback: 'acceptEdits',
    values: {
      default:
        'It reads files and runs harmless commands; anything that would need a question, edits included, is refused.',
      acceptEdits:
        'It edits files and makes, moves and removes them in its folder. ' +
        'Other commands are refused unless your Claude settings allow them.',
      plan: 'It reads and plans, and changes nothing.',
      dontAsk: 'Only what your Claude settings allow is done; everything else is refused.',
      auto: 'A model of Anthropic judges each action instead of asking you.',
      bypassPermissions: 'It does everything without asking. Only for disposable machines; refused as root.',
      [ASK]: 'It asks you before it does anything that your Claude settings do not allow.',
    },
  },
  takesModel: true,
  canResume: true,
  hasCost: true,
  spending: 'live',
  capsItself: true,
  needsReading: true,
  // On SIGINT it still reports its cost, on SIGTERM it does not.
  stop: [
    { signal: 'SIGINT', share: 0.6 },
    { signal: 'SIGTERM', share: 0.4 },
  ],
  commands: 'prompt',
  facts: {
    bundled: false,
    versionArgs: ['--version'],
    minimumVersion: '2.1.4',
    help: [
      {
        args: ['--help'],
        options: [
          '--print',
          '--output-format',
          '--verbose',
          '--permission-mode',
          '--settings',
          '--model',
          '--session-id',
          '--resume',
          '--max-budget-usd',
        ],
      },
    ],
    install: 'npm install -g @anthropic-ai/claude-code',
    loginStatus: {
      args: ['auth', 'status'],
      since: '2.1.41',
      keys: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'],
    },
    loginArgs: ['/login'],
    resumeArgs: ['--resume', '${session}'],
    cannot: [],
    notes: [
      'Its cost is exact, as it reports it. On a subscription the dollars are what the API would charge.',
      'What is left of the budget is given to it as --max-budget-usd, which it may pass by one turn.',
      'With "permissionMode": "ask" it asks you, and its cost stays as exact.',
      'More tools are allowed with arguments such as ["--allowedTools", "Bash(npm test)"].',
    ],
  },
  notes: (options) => (forbidsBackground(options) ? [] : [BACKGROUND_NOTE]),
  line(options, request, { newUuid, driver }) {
    const { args, model } = options;
    const asks = options.mode === ASK;
    // The user's own arguments precede ours.
    const ownMode = hasOption(args, '--permission-mode', '--dangerously-skip-permissions');
    const ownSession = hasOption(args, '--session-id', '--resume', '-r', '--continue', '-c');
    const fresh = request.resume === undefined && !ownSession ? newUuid() : undefined;
    return {
      ...(asks && { command: driver.command, env: driver.env }),
      args: [
        ...(asks ? [...driver.args, '--claude', '--asks', '${asksFolder}', '--', options.command] : []),
        '-p',
        '--output-format',
        'stream-json',
        '--verbose',
        ...(asks ? ['--input-format', 'stream-json', '--permission-prompt-tool', 'stdio'] : []),
        ...(ownMode ? [] : ['--permission-mode', asks ? 'default' : options.mode]),
        // A project's settings win over the environment, but not over these.
        ...(forbidsBackground(options) ? ['--settings', JSON.stringify({ env: { [NO_BACKGROUND]: '1' } })] : []),
        ...(model === undefined || hasOption(args, '--model') ? [] : ['--model', model]),
        ...(request.costLeft === undefined || hasOption(args, '--max-budget-usd')
          ? []
          : ['--max-budget-usd', capUsd(request.costLeft)]),
        ...(request.resume === undefined || ownSession ? [] : ['--resume', request.resume]),
        ...(fresh === undefined ? [] : ['--session-id', fresh]),
        ...args,
      ],
      ...(fresh !== undefined && { sessionId: fresh }),
    };
  },
  argument: (prompt) => ['--', prompt],
  reader: (_options, { prices, now }, state, before) =>
    lineReader((at) => claudeGrammar(WORDS, prices, at), now, state, before),
};

const BACKGROUND_NOTE =
  'Background tasks are left to its settings by this profile: after its result it may stay alive, ' +
  'and begin another billed turn.';

/** Whether background tasks are disabled: not if the profile sets their variable or brings its own settings. */
function forbidsBackground({ args, env }: AgentOptions): boolean {
  return (env[NO_BACKGROUND] ?? '1') === '1' && !hasOption(args, '--settings');
}

/** The agent's own cap: what is left less one turn, but at least half of it, so that small amounts remain usable. */
function capUsd(left: NanoUsd): string {
  const usd = toUsd(left);
  return Math.max(LEAST_CAP_USD, usd - TURN_USD, usd / 2).toFixed(4);
}

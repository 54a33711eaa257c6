import { type AgentKind, type AgentOptions, hasOption } from '../kind.ts';
import { lineReader } from '../lineReader.ts';
import { opencodeGrammar } from './opencodeReader.ts';

const WORDS = { title: 'OpenCode', login: 'run "opencode auth login" in a terminal' } as const;

/** OpenCode, with any provider. */
export const OPENCODE: AgentKind = {
  name: 'opencode',
  words: WORDS,
  command: 'opencode',
  env: { OPENCODE_DISABLE_AUTOUPDATE: '1' },
  mode: {
    option: 'permissionMode',
    fallback: 'default',
    values: {
      default:
        'It does what your OpenCode configuration allows (as installed: edits and commands in its folder); ' +
        'what it would ask for is refused, and then it ends.',
      auto: 'Everything that your configuration does not forbid is done without asking.',
    },
  },
  takesModel: true,
  canResume: true,
  hasCost: true,
  spending: 'live',
  capsItself: false,
  needsReading: true,
  stop: [{ signal: 'SIGTERM', share: 1 }],
  commands: 'option',
  facts: {
    bundled: false,
    versionArgs: ['--version'],
    minimumVersion: '1.3.0',
    help: [
      {
        args: ['run', '--help'],
        options: ['--format', '--print-logs', '--log-level', '--session', '--model', '--command'],
      },
    ],
    install: 'npm install -g opencode-ai',
    loginArgs: ['auth', 'login'],
    resumeArgs: ['--session', '${session}'],
    cannot: [
      'It says nothing while it retries: an outage of its provider looks like silence.',
      'Its cost leaves out its sub-agents, and is then shown as "at least".',
    ],
    notes: [
      'Its cost is reported at each step, by the prices that it knows.',
      'A step with tokens and without a price is priced by loopSupervisor.prices: ' +
        'give a model that costs you nothing the price 0 there.',
      'Its model is written as provider/model.',
    ],
  },
  line: runLine,
  argument: (prompt) => ['--', prompt],
  reader: ({ model }, { prices, now }, state, before) =>
    lineReader((at) => opencodeGrammar({ words: WORDS, prices, now: at, model }), now, state, before),
};

/** The command line of OpenCode and of what is made from it. */
function runLine({ args, model, mode }: AgentOptions, { resume }: { readonly resume?: string }) {
  return {
    args: [
      'run',
      '--format',
      'json',
      // An unknown model is named nowhere else.
      ...(hasOption(args, '--print-logs', '--log-level') ? [] : ['--print-logs', '--log-level', 'ERROR']),
      ...(model === undefined || hasOption(args, '-m', '--model') ? [] : ['-m', model]),
      ...(mode === 'auto' && !hasOption(args, '--auto') ? ['--auto'] : []),
      ...(resume === undefined || hasOption(args, '--session', '-s', '--continue', '-c') ? [] : ['--session', resume]),
      ...args,
    ],
  };
}

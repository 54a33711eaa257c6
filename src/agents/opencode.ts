import { type AgentKind, hasOption } from './kind.ts';
import { lineReader } from './lineReader.ts';
import { OPENCODE_WORDS, opencodeGrammar } from './opencodeReader.ts';

/** OpenCode, with any provider. */
export const OPENCODE: AgentKind = {
  name: 'opencode',
  words: OPENCODE_WORDS,
  command: 'opencode',
  env: { OPENCODE_DISABLE_AUTOUPDATE: '1' },
  mode: {
    option: 'permissionMode',
    fallback: 'default',
    values: {
      default:
        'It does what your OpenCode configuration allows (as installed: edits and commands in its folder); what it would ask for is refused, and then it ends.',
      auto: 'What is not forbidden by your configuration is done without asking.',
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
    minimumVersion: '1.3.0',
    help: [{ args: ['run', '--help'], options: ['--format', '--session', '--model'] }],
    install: 'npm install -g opencode-ai',
    notes: [
      'Its cost is reported at each step, by the prices that it knows; for models without a price, and on subscriptions, that is 0.',
      'Its model is written as provider/model.',
    ],
  },
  line({ args, model, mode }, { resume }) {
    return {
      args: [
        'run',
        '--format',
        'json',
        ...(model === undefined || hasOption(args, '-m', '--model') ? [] : ['-m', model]),
        ...(mode === 'auto' && !hasOption(args, '--auto') ? ['--auto'] : []),
        ...(resume === undefined || hasOption(args, '--session', '-s', '--continue', '-c')
          ? []
          : ['--session', resume]),
        ...args,
      ],
    };
  },
  argument: (prompt) => ['--', prompt],
  reader: ({ model }, { prices, now }, state, before) =>
    lineReader((at) => opencodeGrammar(prices, at, model), now, state, before),
};

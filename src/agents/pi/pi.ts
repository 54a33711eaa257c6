import { type AgentKind, hasOption } from '../kind.ts';
import { lineReader } from '../lineReader.ts';
import { PI_WORDS, piGrammar } from './piReader.ts';

/** Pi, with any provider. */
export const PI: AgentKind = {
  name: 'pi',
  words: PI_WORDS,
  command: 'pi',
  env: { PI_SKIP_VERSION_CHECK: '1' },
  takesModel: true,
  canResume: true,
  hasCost: true,
  spending: 'live',
  capsItself: false,
  needsReading: true,
  // On SIGINT it leaves its tool processes running; on SIGTERM it ends them.
  stop: [{ signal: 'SIGTERM', share: 1 }],
  commands: 'none',
  facts: {
    bundled: false,
    versionArgs: ['--version'],
    minimumVersion: '1.0.0',
    help: [{ args: ['--help'], options: ['--mode', '--model', '--session-id', '--session'] }],
    install: 'npm install -g @earendil-works/pi-coding-agent',
    loginArgs: [],
    resumeArgs: ['--session', '${session}'],
    cannot: [
      'Pi has no permissions: every tool runs without asking, commands included. ' +
        'Restrict it with arguments such as ["--tools", "read,edit,write"].',
    ],
    notes: [
      'Its cost is exact by its own price list. Models without a price there are priced by loopSupervisor.prices.',
      'Its model is written as provider/model.',
    ],
  },
  loginStatus: ({ model }) =>
    model === undefined ? undefined : { args: ['auth', 'check', '--model', model], since: '1.6.0', keys: [] },
  line({ args, model }, { resume }, { newUuid }) {
    const ownSession = hasOption(args, '--session-id', '--session', '--continue', '-c', '--fork', '--no-session');
    const fresh = resume === undefined && !ownSession ? newUuid() : undefined;
    return {
      args: [
        '--mode',
        'json',
        ...(model === undefined || hasOption(args, '--model') ? [] : ['--model', model]),
        // `--session-id` would begin a new session where the old one is gone.
        ...(resume === undefined || ownSession ? [] : ['--session', resume]),
        ...(fresh === undefined ? [] : ['--session-id', fresh]),
        ...args,
      ],
      ...(fresh !== undefined && { sessionId: fresh }),
    };
  },
  argument: (prompt) => (prompt.startsWith('@') ? undefined : ['--', prompt]),
  reader: (_options, { prices, now }, state, before) => lineReader((at) => piGrammar(prices, at), now, state, before),
};

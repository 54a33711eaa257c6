import type { AgentKind } from '../kind.ts';
import { lineReader } from '../lineReader.ts';
import { acpGrammar } from './acpReader.ts';

const WORDS = { title: 'ACP agent', login: 'log in with the agent’s own program in a terminal' } as const;

/**
 * Any agent that speaks the Agent Client Protocol, such as `gemini --acp`. Our driver stands between it and the
 * guardian, and brings what it asks to its user (R17). The profile names the program.
 */
export const ACP: AgentKind = {
  name: 'acp',
  words: WORDS,
  command: '',
  env: {},
  takesAnyMode: true,
  takesModel: true,
  canResume: true,
  hasCost: true,
  spending: 'live',
  capsItself: false,
  needsReading: true,
  // The driver first cancels the turn, which ends tools that a signal leaves, and reports the cost.
  stop: [
    { signal: 'SIGINT', share: 0.7 },
    { signal: 'SIGTERM', share: 0.3 },
  ],
  commands: 'prompt',
  facts: {
    bundled: false,
    help: [],
    cannot: [],
    notes: [
      'It asks you before it uses a tool, unless a rule or its mode decides.',
      'Over this protocol most agents report no cost: it is priced from their tokens, or unknown. ' +
        'Where cost matters, the profile of that agent is the better choice for work that needs no questions.',
    ],
  },
  line: ({ command, args, mode, model }, { resume }, { driver }) => ({
    command: driver.command,
    env: driver.env,
    args: [
      ...driver.args,
      ...['--asks', '${asksFolder}'],
      ...(resume === undefined ? [] : ['--resume', resume]),
      ...(mode === '' ? [] : ['--mode', mode]),
      ...(model === undefined ? [] : ['--model', model]),
      ...['--', command, ...args],
    ],
  }),
  argument: () => undefined,
  reader: (_options, { prices, now }, state, before) =>
    lineReader((at) => acpGrammar(WORDS, prices, at), now, state, before),
};

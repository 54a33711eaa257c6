import type { AgentKind } from '../kind.ts';
import { lineReader } from '../lineReader.ts';
import { OPENCODE } from './opencode.ts';
import { opencodeGrammar } from './opencodeReader.ts';

const WORDS = { title: 'Kilo', login: 'run "kilo auth login" in a terminal' } as const;

/** Kilo CLI, which is made from OpenCode and speaks as it does. */
export const KILO: AgentKind = {
  ...OPENCODE,
  name: 'kilo',
  words: WORDS,
  command: 'kilo',
  env: { KILO_DISABLE_AUTOUPDATE: '1' },
  mode: {
    option: 'permissionMode',
    fallback: 'default',
    values: {
      default:
        'It does what your Kilo configuration allows (as installed: edits and harmless commands in its folder); ' +
        'what it would ask for is refused, and then it ends.',
      auto: 'Everything that your configuration does not forbid is done without asking.',
    },
  },
  facts: {
    ...OPENCODE.facts,
    minimumVersion: '7.0.0',
    install: 'npm install -g @kilocode/cli',
  },
  reader: ({ model }, { prices, now }, state, before) =>
    lineReader((at) => opencodeGrammar({ words: WORDS, prices, now: at, model }), now, state, before),
};

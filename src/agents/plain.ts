import type { AgentReader } from '../core/model/agentEvent.ts';
import type { AgentKind } from './kind.ts';

/** Any command: it takes the prompt on standard input, its output is text, and its exit code decides. */
export const PLAIN: AgentKind = {
  name: 'plain',
  words: { title: 'Command', login: '' },
  command: '',
  env: {},
  takesModel: false,
  canResume: false,
  hasCost: false,
  spending: 'never',
  capsItself: false,
  needsReading: false,
  stop: [{ signal: 'SIGTERM', share: 1 }],
  commands: 'none',
  facts: {
    bundled: false,
    help: [],
    cannot: [],
    notes: ['Success is its exit code. Its cost is unknown.'],
  },
  line: ({ args }) => ({ args }),
  argument: (prompt) => (prompt.startsWith('-') ? undefined : [prompt]),
  reader: () => TEXT_READER,
};

const TEXT_READER: AgentReader = {
  line: (text) => [{ type: 'text', text, delta: false }],
  end: () => [],
  state: () => null,
};

import type { AgentEvent, AgentReader } from '../core/model/agentEvent.ts';
import { toUsd } from '../core/model/money.ts';
import { claudeGrammar } from './claude/claudeReader.ts';
import type { AgentKind } from './kind.ts';
import { lineReader } from './lineReader.ts';

const WORDS = { title: 'Sample agent', login: '' } as const;

/** How the bundled sample agent is started. */
export interface SampleProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
}

/** The bundled demo agent: it makes no changes, needs no account, costs only play money, and speaks as claude does. */
export function sampleKind({ command, args: program, env }: SampleProgram): AgentKind {
  return {
    name: 'sample',
    words: WORDS,
    command,
    env,
    takesModel: false,
    canResume: true,
    hasCost: true,
    spending: 'never',
    capsItself: true,
    needsReading: true,
    stop: [
      { signal: 'SIGINT', share: 0.6 },
      { signal: 'SIGTERM', share: 0.4 },
    ],
    commands: 'none',
    facts: {
      bundled: true,
      versionArgs: [...program, '--version'],
      help: [
        { args: [...program, '--help'], options: ['--output-format', '--session-id', '--resume', '--max-budget-usd'] },
      ],
      cannot: [],
      notes: ['It is a demo: it makes no changes. Its costs are play money, which counts for no budget.'],
    },
    line({ args }, { resume, costLeft }, { newUuid }) {
      const fresh = resume === undefined ? newUuid() : undefined;
      return {
        args: [
          ...program,
          '-p',
          '--output-format',
          'stream-json',
          '--asks',
          '${asksFolder}',
          ...(costLeft === undefined ? [] : ['--max-budget-usd', toUsd(costLeft).toFixed(4)]),
          ...(resume === undefined ? [] : ['--resume', resume]),
          ...(fresh === undefined ? [] : ['--session-id', fresh]),
          ...args,
        ],
        ...(fresh !== undefined && { sessionId: fresh }),
      };
    },
    argument: (prompt) => ['--', prompt],
    reader: (_options, { prices, now }, state, before) =>
      withoutAccruals(lineReader((at) => claudeGrammar(WORDS, prices, at), now, state, before)),
  };
}

/** Play money is not priced as it goes (R6.11): only what the program says at its end is shown. */
function withoutAccruals(reader: AgentReader): AgentReader {
  const rest = (events: readonly AgentEvent[]) => events.filter(({ type }) => type !== 'accrued');
  return {
    line: (text, at) => rest(reader.line(text, at)),
    end: (exit, errors, report) => rest(reader.end(exit, errors, report)),
    state: () => reader.state(),
  };
}

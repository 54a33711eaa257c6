import { COPILOT_WORDS, copilotGrammar } from './copilotReader.ts';
import { type AgentKind, hasOption } from './kind.ts';
import { lineReader } from './lineReader.ts';

/** Copilot CLI of GitHub. */
export const COPILOT: AgentKind = {
  name: 'copilot',
  words: COPILOT_WORDS,
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
        ...(allows ? [] : (ALLOWED[mode] ?? [])),
        ...(model === undefined || hasOption(args, '--model') ? [] : ['--model', model]),
        ...(resume === undefined || ownSession ? [] : [`--resume=${resume}`]),
        ...(fresh === undefined ? [] : ['--session-id', fresh]),
        ...(ownReport ? [] : ['--usage-output-file', REPORT_FILE]),
        ...args,
      ],
      ...(fresh !== undefined && { sessionId: fresh }),
      ...(ownReport ? {} : { reportFile: true as const }),
    };
  },
  argument: () => undefined,
  reader: (_options, { prices, now }, state, before) =>
    lineReader((at) => copilotGrammar(prices, at), now, state, before),
};

/** Stands in `args` for the file that the agent writes its report into. */
const REPORT_FILE = '${reportFile}';

const ALLOWED: { readonly [mode: string]: readonly string[] } = {
  edit: ['--allow-tool=write'],
  'all-tools': ['--allow-all-tools'],
};

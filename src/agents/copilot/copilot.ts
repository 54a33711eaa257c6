import { type NanoUsd, toUsd } from '../../core/model/money.ts';
import { type AgentKind, hasOption } from '../kind.ts';
import { lineReader } from '../lineReader.ts';
import { COPILOT_WORDS, copilotGrammar } from './copilotReader.ts';

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
      default: 'It reads files in its folder; edits and commands are refused, because nobody is there to approve them.',
      edit:
        'It reads and edits files in its folder; commands are refused. ' +
        'Allow single ones with arguments such as "--allow-tool=shell(npm test)".',
      'all-tools': 'It uses all tools without asking, commands included. Only for disposable machines.',
    },
  },
  takesModel: true,
  canResume: true,
  hasCost: true,
  spending: 'live',
  // Its cap is too coarse to rely on: of the whole session, and of 30 credits at least.
  capsItself: false,
  needsReading: true,
  stop: [{ signal: 'SIGTERM', share: 1 }],
  commands: 'none',
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
          '--max-ai-credits',
        ],
      },
    ],
    install: 'npm install -g @github/copilot',
    loginArgs: ['login'],
    resumeArgs: ['--resume=${session}'],
    cannot: ['While it runs, its spending is only estimated from its calls; its report at the end corrects that.'],
    notes: [
      'Its cost is its AI credits, at $0.01 each, where its report names them, ' +
        'and else its tokens by loopSupervisor.prices.',
      'It reports after a stop, too, but not when it is killed.',
    ],
  },
  line({ args, model, mode }, { resume, costLeft }, { newUuid }) {
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
        ...(fresh === undefined || costLeft === undefined || hasOption(args, CAP) ? [] : [CAP, capCredits(costLeft)]),
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

/** Its cap counts over all of a session, so it is given to new ones only. */
const CAP = '--max-ai-credits';
const LEAST_CREDITS = 30;
const CREDITS_PER_USD = 100;

function capCredits(left: NanoUsd): string {
  return String(Math.max(LEAST_CREDITS, Math.floor(toUsd(left) * CREDITS_PER_USD)));
}

/** Stands in `args` for the file that the agent writes its report into. */
const REPORT_FILE = '${reportFile}';

const ALLOWED: { readonly [mode: string]: readonly string[] } = {
  edit: ['--allow-tool=write'],
  'all-tools': ['--allow-all-tools'],
};

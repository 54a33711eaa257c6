import { type AgentKind, hasOption } from '../kind.ts';
import { lineReader } from '../lineReader.ts';
import { QWEN_WORDS, qwenGrammar } from './qwenReader.ts';

/** Qwen Code of Alibaba. */
export const QWEN: AgentKind = {
  name: 'qwen',
  words: QWEN_WORDS,
  command: 'qwen',
  env: {},
  mode: {
    option: 'permissionMode',
    fallback: 'auto-edit',
    values: {
      default: 'It reads files; edits and commands are refused, because nobody is there to approve them.',
      'auto-edit': 'It reads and edits files in its folder; commands are refused unless your Qwen settings allow them.',
      plan: 'It reads and plans, and changes nothing.',
      auto: 'A model judges each action instead of asking you.',
      yolo: 'It does everything without asking. Only for disposable machines.',
    },
  },
  takesModel: true,
  canResume: true,
  hasCost: true,
  spending: 'live',
  capsItself: false,
  needsReading: true,
  stop: [{ signal: 'SIGTERM', share: 1 }],
  commands: 'prompt',
  facts: {
    bundled: false,
    versionArgs: ['--version'],
    minimumVersion: '0.24.0',
    help: [
      { args: ['--help'], options: ['--output-format', '--approval-mode', '--model', '--session-id', '--resume'] },
    ],
    install: 'npm install -g @qwen-code/qwen-code',
    loginArgs: [],
    resumeArgs: ['--resume', '${session}'],
    cannot: [
      'It says nothing while it retries: an outage of its provider looks like silence.',
      'Its extra calls, such as summaries, show in its cost only at its end.',
    ],
    notes: [
      'It reports tokens, not money: its cost is priced by loopSupervisor.prices.',
      'Which provider it uses is set with /auth, or with arguments such as ["--auth-type", "openai"].',
    ],
  },
  line({ args, model, mode }, { resume }, { newUuid }) {
    const ownMode = hasOption(args, '--approval-mode', '--yolo', '-y');
    const ownSession = hasOption(args, '--session-id', '--resume', '-r', '--continue', '-c');
    const fresh = resume === undefined && !ownSession ? newUuid() : undefined;
    return {
      args: [
        '--output-format',
        'stream-json',
        ...(ownMode ? [] : ['--approval-mode', mode]),
        ...(model === undefined || hasOption(args, '-m', '--model') ? [] : ['-m', model]),
        ...(resume === undefined || ownSession ? [] : ['--resume', resume]),
        ...(fresh === undefined ? [] : ['--session-id', fresh]),
        ...args,
      ],
      ...(fresh !== undefined && { sessionId: fresh }),
    };
  },
  argument: (prompt) => (prompt.startsWith('-') ? undefined : [prompt]),
  reader: (_options, { prices, now }, state, before) => lineReader((at) => qwenGrammar(prices, at), now, state, before),
};

import { type AgentKind, hasOption } from '../kind.ts';
import { lineReader } from '../lineReader.ts';
import { GEMINI_WORDS } from './geminiFailure.ts';
import { geminiGrammar } from './geminiReader.ts';

/** Gemini CLI of Google. */
export const GEMINI: AgentKind = {
  name: 'gemini',
  words: GEMINI_WORDS,
  command: 'gemini',
  // Saves a process, and a second start on every run.
  env: { GEMINI_CLI_NO_RELAUNCH: 'true' },
  mode: {
    option: 'permissionMode',
    fallback: 'auto_edit',
    values: {
      default: 'It reads files; edits and commands are refused, because nobody is there to approve them.',
      auto_edit: 'It reads and edits files in its folder; commands are refused unless your Gemini policies allow them.',
      plan: 'It reads and plans, and changes nothing.',
      yolo: 'It does everything without asking. Only for disposable machines.',
    },
  },
  takesModel: true,
  canResume: true,
  hasCost: true,
  spending: 'atEnd',
  capsItself: false,
  needsReading: true,
  // SIGINT and SIGTERM do the same to it: it ends at once, with exit code 0 and without a result.
  stop: [{ signal: 'SIGTERM', share: 1 }],
  commands: 'prompt',
  facts: {
    bundled: false,
    versionArgs: ['--version'],
    minimumVersion: '0.42.0',
    help: [
      {
        args: ['--help'],
        options: ['--output-format', '--skip-trust', '--approval-mode', '--model', '--session-id', '--resume'],
      },
    ],
    install: 'npm install -g @google/gemini-cli',
    loginArgs: [],
    resumeArgs: ['--resume', '${session}'],
    cannot: [
      'Its spending is known only at its end, so nothing limits it while it runs.',
      'A run that is killed does not report what it has spent.',
    ],
    notes: [
      'It reports tokens, not money: its cost is priced by loopSupervisor.prices.',
      'Of a run that is killed, what its session file knows is charged, and shown as "at least".',
      'Without a "model" in its profile, each run begins with one more call that chooses a model.',
      'It trusts the folder for the run: Loop Supervisor itself runs only in workspaces that you trust.',
    ],
  },
  line({ args, model, mode }, { resume }, { newUuid }) {
    const ownMode = hasOption(args, '--approval-mode', '--yolo', '-y');
    const ownSession = hasOption(args, '--session-id', '--resume', '-r', '--session-file');
    const fresh = resume === undefined && !ownSession ? newUuid() : undefined;
    return {
      args: [
        '--output-format',
        'stream-json',
        '--skip-trust',
        ...(ownMode ? [] : ['--approval-mode', mode]),
        ...(model === undefined || hasOption(args, '-m', '--model') ? [] : ['-m', model]),
        ...(resume === undefined || ownSession ? [] : ['--resume', resume]),
        ...(fresh === undefined ? [] : ['--session-id', fresh]),
        ...args,
      ],
      ...(fresh !== undefined && { sessionId: fresh }),
    };
  },
  argument: (prompt) => [`--prompt=${prompt}`],
  reader(options, { prices, now, chat }, state, before) {
    const chatOf = (session: string, since: number) => chat(session, since, options);
    return lineReader((at) => geminiGrammar({ prices, now: at, chat: chatOf }), now, state, before);
  },
};

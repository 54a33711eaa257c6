import { type AgentKind, hasOption } from '../kind.ts';
import { lineReader } from '../lineReader.ts';
import { CODEX_WORDS, codexGrammar } from './codexReader.ts';

/** Codex of OpenAI. */
export const CODEX: AgentKind = {
  name: 'codex',
  words: CODEX_WORDS,
  command: 'codex',
  env: {},
  mode: {
    option: 'sandbox',
    fallback: 'workspace-write',
    values: {
      'read-only': 'Its commands can read files but change nothing, and have no network.',
      'workspace-write': 'Its commands can write in its folder and the temporary folder, without network.',
      'danger-full-access': 'Its commands run without a sandbox and without asking. Only for disposable machines.',
    },
  },
  takesModel: true,
  canResume: true,
  hasCost: true,
  // Its session file names tokens earlier, but is read only at the end of a turn.
  spending: 'atEnd',
  capsItself: false,
  needsReading: true,
  // On SIGINT it ends its tool processes; on SIGTERM it leaves them running.
  stop: [
    { signal: 'SIGINT', share: 0.5 },
    { signal: 'SIGTERM', share: 0.5 },
  ],
  commands: 'none',
  stdinMark: '-',
  facts: {
    bundled: false,
    versionArgs: ['--version'],
    minimumVersion: '0.60.0',
    help: [
      { args: ['exec', '--help'], options: ['--json', '--skip-git-repo-check', '--sandbox', '--config', '--model'] },
    ],
    install: 'npm install -g @openai/codex',
    // A key in the environment works for `codex exec`, but does not count as a login.
    loginStatus: { args: ['login', 'status'], keys: ['CODEX_API_KEY'] },
    loginArgs: ['login'],
    resumeArgs: ['resume', '${session}'],
    cannot: ['Its spending is known only at the end of its turn, so nothing limits it while it runs.'],
    notes: [
      'It reports tokens, not money: its cost is priced by loopSupervisor.prices.',
      'Its model is read from its own session file. Set "model" in its profile where that file is somewhere else.',
      'It never asks in headless mode: what the sandbox does not allow fails.',
    ],
  },
  line({ args, model, mode }, { resume }) {
    const ownSandbox = hasOption(
      args,
      '--sandbox',
      '-s',
      '--full-auto',
      '--approve-for-me',
      '--dangerously-bypass-approvals-and-sandbox',
    );
    return {
      // Options stand before `resume`: after it they are refused.
      args: [
        'exec',
        '--json',
        '--skip-git-repo-check',
        '-c',
        'analytics.enabled=false',
        ...(ownSandbox ? [] : ['--sandbox', mode]),
        ...(model === undefined || hasOption(args, '-m', '--model') ? [] : ['-m', model]),
        ...args,
        ...(resume === undefined ? [] : ['resume', resume]),
      ],
    };
  },
  argument: (prompt) => ['--', prompt],
  reader(options, { prices, now, rollout }, state, before) {
    const model = modelIn(options.args) ?? options.model;
    const rolloutOf = (thread: string) => rollout(thread, options);
    return lineReader((at) => codexGrammar({ prices, now: at, model, rollout: rolloutOf }), now, state, before);
  },
};

/** The model that the profile's arguments name. */
function modelIn(args: readonly string[]): string | undefined {
  const at = args.findIndex((arg) => arg === '-m' || arg === '--model');
  return at < 0 ? args.find((arg) => arg.startsWith('--model='))?.slice('--model='.length) : args[at + 1];
}

import { devNull } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** The result of a Git call. `code` is undefined if Git could not be started or was killed. */
export interface GitResult {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface GitOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** The user asked for exactly this call (a merge, a commit): hooks run as usual, and it may take locks. */
  readonly asUser?: boolean;
  /** Longest time, ms. */
  readonly timeoutMs?: number;
  /** Called as soon as it has started. */
  readonly onStart?: (pid: number) => void;
  /**
   * Called with its process id before it begins: where that rejects, or this host dies meanwhile, it never does. Not
   * together with `stdin`. On Windows it has begun by then.
   */
  readonly before?: (pid: number) => Promise<void>;
  /** Removes what the call has left where another Git registered a work tree: called before it runs again. */
  readonly beforeAgain?: () => Promise<unknown>;
}

/** Git failed: `stderr` is its own words. */
export class GitError extends Error {
  readonly stderr: string;
  constructor(message: string, stderr: string) {
    super(message);
    this.name = 'GitError';
    this.stderr = stderr;
  }
}

/** Variables that would lead Git to another repository than the folder's own, or to other files and other patches. */
const LEADS_ELSEWHERE =
  /^GIT_(DIFF_OPTS|(LITERAL|GLOB|NOGLOB|ICASE)_PATHSPECS|DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|CEILING_DIRECTORIES|PREFIX|CONFIG.*)$/;

/**
 * A repository's hooks and file watcher are programs of its own choice: our own calls run none of them (R12.7). Nor do
 * they go by what users have set for their own eyes: it would change what Git prints, and what we read and apply.
 */
const OWN_CONFIG = {
  'core.hooksPath': devNull,
  'core.fsmonitor': 'false',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'color.diff': 'never',
  'status.showUntrackedFiles': 'normal',
  'diff.noprefix': 'false',
  'diff.context': '3',
  'core.ignoreStat': 'false',
};
const OWN_CALL = Object.entries(OWN_CONFIG).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

/** Waits for a line, which the end of a dead host's pipe is not; then it becomes the program. */
const ON_A_WORD = ['-c', 'read -r word && exec "$0" "$@" </dev/null'];
const HAS_SHELL = process.platform !== 'win32';

/** How long (ms) to wait for another Git that registers a work tree; usually that takes less than one. */
const REGISTERING_MS = 10_000;
const LOOK_AGAIN_MS = 50;

const LONGEST_OUTPUT = 256 * 1024 * 1024;
const PATIENCE_MS = 10 * 60_000;

/** The user's own Git program, called without prompts, and with its arguments as they are. */
export class Git {
  readonly #environment: () => Promise<Readonly<Record<string, string>>>;

  constructor(environment: () => Promise<Readonly<Record<string, string>>>) {
    this.#environment = environment;
  }

  /**
   * Runs Git and returns how it ended. Rejects only with what `before` rejects with. It runs again while another Git
   * registers a work tree, except where the user asked for the call.
   */
  async try(args: readonly string[], options: GitOptions): Promise<GitResult> {
    const runsOnce = options.asUser || options.before;
    const until = performance.now() + REGISTERING_MS;
    for (;;) {
      const result = await this.#run(args, options, 'utf8');
      if (runsOnce || !isRegistering(result.stderr) || performance.now() >= until)
        return { ...result, stdout: result.stdout as string };
      await sleep(LOOK_AGAIN_MS);
      await options.beforeAgain?.();
    }
  }

  /** Runs Git and returns its output without the last line end. Rejects with a `GitError` when it fails. */
  async run(args: readonly string[], options: GitOptions): Promise<string> {
    const { code, stdout, stderr } = await this.try(args, options);
    if (code !== 0) throw failure(args, options.cwd, code, stderr);
    return stdout.replace(/\r?\n$/, '');
  }

  /** Like `run`, for output that is no text. */
  async bytes(args: readonly string[], options: GitOptions): Promise<Uint8Array> {
    const { code, stdout, stderr } = await this.#run(args, options, 'buffer');
    if (code !== 0) throw failure(args, options.cwd, code, stderr);
    return stdout as Uint8Array;
  }

  /** Runs another program (`gh`) in the environment that Git has, as its user. Never rejects. */
  async companion(program: string, args: readonly string[], options: Omit<GitOptions, 'asUser'>): Promise<GitResult> {
    const result = await this.#run(args, { ...options, asUser: true }, 'utf8', program);
    return { ...result, stdout: result.stdout as string };
  }

  async #run(args: readonly string[], options: GitOptions, encoding: 'utf8' | 'buffer', program = 'git') {
    const { execa } = await import('execa');
    const { cwd, stdin, before, asUser = false, timeoutMs = PATIENCE_MS } = options;
    const inherited = Object.entries(await this.#environment()).filter(([name]) => !LEADS_ELSEWHERE.test(name));
    const env = {
      ...Object.fromEntries(inherited),
      LC_ALL: 'C',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: '',
      SSH_ASKPASS: '',
      GIT_EDITOR: 'true',
      GIT_SEQUENCE_EDITOR: 'true',
      GIT_PAGER: 'cat',
      ...(asUser ? {} : { GIT_OPTIONAL_LOCKS: '0' }),
      ...options.env,
    };
    const words = [...(asUser ? [] : OWN_CALL), ...args];
    const isHeld = before !== undefined && HAS_SHELL;
    const [file, given] = isHeld ? ['/bin/sh', [...ON_A_WORD, program, ...words]] : [program, words];
    const running = execa(file, given, {
      ...{
        cwd,
        env,
        extendEnv: false,
        reject: false,
        windowsHide: true,
        timeout: timeoutMs,
        maxBuffer: LONGEST_OUTPUT,
      },
      ...{ stripFinalNewline: false, encoding, killDescendants: true, forceKillAfterDelay: 500 },
      ...(stdin === undefined ? { stdin: isHeld ? ('pipe' as const) : ('ignore' as const) } : { input: stdin }),
    });
    if (running.pid !== undefined) options.onStart?.(running.pid);
    const refused = before && running.pid !== undefined ? await errorOf(before(running.pid)) : undefined;
    if (isHeld) running.stdin?.end(refused === undefined ? 'go\n' : '');
    const result = await running;
    if (refused !== undefined) throw refused;
    const stderr =
      typeof result.stderr === 'string' ? result.stderr : Buffer.from(result.stderr ?? '').toString('utf8');
    const why = stderr || (result.failed ? (result.shortMessage ?? '') : '');
    return { code: result.exitCode, stdout: result.stdout ?? '', stderr: why };
  }
}

/** What a promise rejects with; undefined where it does not. */
function errorOf(promise: Promise<void>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error ?? new Error('It was refused.'),
  );
}

function failure(args: readonly string[], cwd: string, code: number | undefined, stderr: string): GitError {
  const command = args.find((arg) => !arg.startsWith('-')) ?? '';
  const said = stderr.trim().split('\n').slice(-3).join(' ').trim();
  const how = code === undefined ? 'could not be run' : `ended with ${code}`;
  return new GitError(`git ${command} ${how} in ${cwd}: ${said || 'it said nothing'}${adviceFor(stderr, cwd)}`, stderr);
}

const HALF_REGISTERED = /failed to read '?(.*[/\\]worktrees[/\\][^/\\\n]+)[/\\]commondir/;

/**
 * Whether Git failed because another one is registering a work tree in the same repository: for a moment its entry is
 * there and empty, and whatever looks at all work trees refuses to run.
 */
function isRegistering(stderr: string): boolean {
  return HALF_REGISTERED.test(stderr);
}

/** Advice for failures that a person can fix. */
export function adviceFor(stderr: string, cwd: string): string {
  const lock = /Unable to create '([^']*\.lock)'/.exec(stderr)?.[1];
  if (lock) return `. Another Git program is at work in ${cwd}, or one crashed: wait for it, or remove ${lock}`;
  const half = HALF_REGISTERED.exec(stderr)?.[1];
  if (half) return `. A Git that was making a work tree was killed: remove ${half}, then try again`;
  if (/No space left on device|Out of diskspace/i.test(stderr))
    return '. The disk is full: free some space and try again';
  // Git does not always say why.
  if (/unable to write|write error/i.test(stderr))
    return '. See that the disk has space and that you may write there, then try again';
  if (/detected dubious ownership/.test(stderr))
    return '. The folder belongs to another user: add it to safe.directory in your Git settings';
  if (/Please tell me who you are|unable to auto-detect email/i.test(stderr))
    return '. Set user.name and user.email in your Git settings';
  const filter = /(?:smudge|clean) filter '?([\w-]+)'? failed/.exec(stderr)?.[1];
  if (filter)
    return `. The program of the filter ${filter} failed or is missing: install it (Git LFS: "git lfs install")`;
  if (/File name too long|Filename too long/i.test(stderr))
    return '. A path is too long here: on Windows set core.longpaths, or move the storage folder';
  return '';
}

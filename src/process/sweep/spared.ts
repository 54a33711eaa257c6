import type { ProcessInfo, ProcessTable } from '../tables/processTable.ts';
import { seenIn } from './seenIn.ts';

/** Programs that run other programs: what they are is said by their first argument that is no option. */
const INTERPRETERS = new Set([
  'node',
  'bun',
  'deno',
  'python',
  'python3',
  'ruby',
  'perl',
  'sh',
  'bash',
  'zsh',
  'dash',
  'fish',
  'java',
]);
const EDITORS = new Set([
  'code',
  'code-insiders',
  'code - insiders',
  'code-oss',
  'code-server',
  'codium',
  'vscodium',
  'cursor',
  'windsurf',
  'positron',
]);
/** An extension host, a server of VS Code or one of its workers, and its app on macOS. */
const EDITOR_LINE =
  /\s--type=extensionHost\b|[\\/]out[\\/](server-main|bootstrap-fork)(\.js)?(\s|$)|^\S*\/(Visual Studio Code[^/]*|VSCodium|Cursor|Windsurf|Positron)\.app\//;
/** Of a command line only so much is looked at: what follows may be anything, a prompt too. */
const EDITOR_WORDS = 5;
/** A script of the agent's own may be called as an editor is: `code.py`. */
const SCRIPT_FILE = /\.([cm]?js|py|sh)$/i;
const KEEP_MARK = Buffer.from('LOOP_SUPERVISOR_KEEP=');

/** Why a process of a run is left alone: `kept` on purpose and listed (R7.4), `editor`: VS Code is never ended. */
export type Sparing = 'kept' | 'editor';

/** Whether a process is left alone, and why. `keep` are names of programs. */
export function sparing(table: ProcessTable, process: ProcessInfo, keep: readonly string[]): Sparing | undefined {
  const environment = seenIn(table.environment(process));
  if (environment && variableIn(environment, KEEP_MARK) === '1') return 'kept';
  const args = seenIn(table.args(process)) ?? [];
  if (isEditor(process.name, args)) return 'editor';
  const names = programNames(process.name, args);
  const isKept = keep.some(
    (name) => names.includes(name.toLowerCase()) || (names.includes('java') && runsClassOf(args, name)),
  );
  return isKept ? 'kept' : undefined;
}

/** The value of the variable `name` (with its `=`) in an environment whose entries each end with NUL. */
export function variableIn(environment: Buffer, name: Buffer): string | undefined {
  for (let at = environment.indexOf(name); at >= 0; at = environment.indexOf(name, at + 1)) {
    if (at > 0 && environment[at - 1] !== 0) continue;
    const end = environment.indexOf(0, at);
    return environment.toString('utf8', at + name.length, end < 0 ? environment.length : end);
  }
  return undefined;
}

export function isEditor(name: string, args: readonly string[]): boolean {
  const isNamedSo = programsIn(name, args).some((program) => EDITORS.has(stem(program)) && !SCRIPT_FILE.test(program));
  return isNamedSo || EDITOR_LINE.test(args.slice(0, EDITOR_WORDS).join(' '));
}

/**
 * The names that a program goes by, in small letters: as the system has it (`tmux: server`), as it calls itself (`bazel(workspace)`), and the script
 * where an interpreter runs one.
 */
export function programNames(name: string, args: readonly string[]): string[] {
  return [...new Set(programsIn(name, args).map(stem))].filter(Boolean);
}

/** The program by its name and by its first argument, and the script where it is an interpreter. */
function programsIn(name: string, args: readonly string[]): string[] {
  const own = [name, args[0] ?? ''];
  const script = own.some((one) => INTERPRETERS.has(stem(one)))
    ? args.slice(1).find((arg) => !arg.startsWith('-'))
    : undefined;
  return script === undefined ? own : [...own, script];
}

/** `/usr/bin/tmux: server` → `tmux` */
function stem(path: string): string {
  const base = path.split(/[/\\]/).at(-1) ?? '';
  return base
    .replace(/[:(].*$/, '')
    .replace(/\.(exe|cmd|[cm]?js|py|sh)$/i, '')
    .replace(/^-/, '')
    .trim()
    .toLowerCase();
}

/** Daemons on Java are told by the package of their main class: `org.gradle.launcher.daemon.…`. */
function runsClassOf(args: readonly string[], name: string): boolean {
  return args.some((arg) => !arg.startsWith('-') && arg.includes(`.${name}.`));
}

import type { ProcessInfo, ProcessTable } from '../tables/processTable.ts';
import { seenIn } from './seenIn.ts';

/** What a process is, by what it runs and not by the words in its arguments. */
export interface Program {
  /** The path of its executable, with the system's own case; undefined where that is not shown. */
  readonly executable: string | undefined;
  /** The name of its executable, in small letters and without an ending: `tmux`. */
  readonly name: string;
  /** Whether it is a runtime: then it is what it runs. */
  readonly isRuntime: boolean;
  /** The script that a known runtime runs, as its arguments name it. */
  readonly script: string | undefined;
  /** The main class or module that a known runtime runs. */
  readonly main: string | undefined;
  /** Where a runtime takes its classes from, as far as its arguments say. */
  readonly classPath: readonly string[];
}

/** A runtime's options that take a value, and those after which there is no script. */
interface Runtime {
  readonly valued: ReadonlySet<string>;
  /** The text that follows is the program. */
  readonly inline: RegExp;
  /** The option whose value is the main module. */
  readonly module?: readonly string[];
  /** The first argument that is no option is a class. */
  readonly runsClasses?: true;
  /** Words before the script. */
  readonly commands?: readonly string[];
}

const SHELL: Runtime = { valued: new Set(['-o', '-O', '--rcfile', '--init-file']), inline: /^-[a-z]*[cs][a-z]*$/ };
const NODE: Runtime = {
  valued: new Set(['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions']),
  inline: /^(-e|--eval|-p|--print|-pe|-i|--interactive)(=|$)/,
  commands: ['run'],
};
const RUNTIMES: readonly (readonly [RegExp, Runtime])[] = [
  [/^(node|nodejs|bun|deno)$/, NODE],
  [/^(pythonw?|pypy)[\d.]*$/, { valued: new Set(['-W', '-X', '-Q']), inline: /^-[a-zA-Z]*c$/, module: ['-m'] }],
  [/^ruby[\d.]*$/, { valued: new Set(['-r', '-I', '-C', '-E']), inline: /^-e/ }],
  [/^perl[\d.]*$/, { valued: new Set(['-I']), inline: /^-[a-zA-Z]*[eE]/ }],
  [/^(sh|bash|dash|zsh|fish|ksh|ash|mksh)$/, SHELL],
  [
    /^javaw?$/,
    {
      valued: new Set(['-cp', '-classpath', '--class-path', '-p', '--module-path', '--add-modules', '--add-opens']),
      inline: /^$/,
      module: ['-m', '--module'],
      runsClasses: true,
    },
  ],
];
const CLASS_PATH: readonly string[] = ['-cp', '-classpath', '--class-path'];

/**
 * `environment`: as the table shows it, if it was read just now.
 *
 * @throws LookFailed when a look at the process failed.
 */
export function programOf(
  table: ProcessTable,
  process: ProcessInfo,
  environment = seenIn(table.environment(process)),
): Program {
  // An Electron program, such as VS Code, can be started as a plain Node. Before the next look: that takes the buffer.
  const asNode = environment && variableIn(environment, RUNS_AS_NODE);
  const executable = seenIn(table.executable(process));
  const name = stem(executable ?? process.name);
  const runtime = asNode && asNode !== '0' ? NODE : RUNTIMES.find(([pattern]) => pattern.test(name))?.[1];
  // The arguments count for runtimes alone, and a sweep may have hundreds of processes to look at.
  if (!runtime) return { executable, name, isRuntime: false, ...NOTHING_DECLARED };
  const [, ...args] = seenIn(table.args(process)) ?? [];
  return { executable, name, isRuntime: true, ...declared(runtime, args) };
}

const RUNS_AS_NODE = Buffer.from('ELECTRON_RUN_AS_NODE=');
const NOTHING_DECLARED = { script: undefined, main: undefined, classPath: [] };

/** What the arguments of a runtime declare it to run. */
function declared(runtime: Runtime, args: readonly string[]): Pick<Program, 'script' | 'main' | 'classPath'> {
  const classPath: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    const value = args[at + 1];
    if (arg.startsWith('-') && arg !== '-') {
      if (runtime.inline.test(arg)) return { ...NOTHING_DECLARED, classPath };
      if (runtime.module?.includes(arg)) return { script: undefined, main: value, classPath };
      if (arg === '-jar') return { script: value, main: undefined, classPath };
      if (CLASS_PATH.includes(arg) && value !== undefined) classPath.push(...value.split(/[:;](?![\\/])/));
      if (runtime.valued.has(arg)) at += 1;
    } else if (runtime.runsClasses && arg.startsWith('@')) {
      // A file with more arguments.
    } else if (runtime.runsClasses) return { script: undefined, main: arg, classPath };
    else if (!runtime.commands?.includes(arg)) return { script: arg, main: undefined, classPath };
  }
  return { ...NOTHING_DECLARED, classPath };
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

/** `/usr/bin/tmux` and `tmux: server` → `tmux`. */
export function stem(path: string): string {
  const base = path.split(/[/\\]/).at(-1) ?? '';
  return base
    .replace(/[:(].*$/, '')
    .replace(/\.(exe|cmd|[cm]?js|py|sh|jar)$/i, '')
    .trim()
    .toLowerCase();
}

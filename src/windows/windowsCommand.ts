import { readFileSync, statSync } from 'node:fs';
import { win32 } from 'node:path';

type Environment = { readonly [name: string]: string | undefined };

/** What is started for a command in the end. */
export interface RealCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The arguments are already quoted. */
  readonly verbatim: boolean;
}

/** The file system, as far as commands are looked up in it; tests bring their own. */
export interface WindowsFiles {
  isFile(path: string): boolean;
  read(path: string): string;
}

const REAL_FILES: WindowsFiles = {
  isFile: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false,
  read: (path) => readFileSync(path, 'utf8'),
};

/** The command as it is started on this platform: as it is, except on Windows. */
export function platformCommand(command: string, args: readonly string[], environment: Environment): RealCommand {
  return process.platform === 'win32' ? windowsCommand(command, args, environment) : { command, args, verbatim: false };
}

/**
 * On Windows most agents are batch files made by npm, which only the command interpreter can start. What such a file
 * would start is therefore started directly; only an unknown batch file goes through the system's own `cmd.exe`,
 * whatever `ComSpec` says (R7.7), with every special character escaped (R1.4).
 */
export function windowsCommand(
  command: string,
  args: readonly string[],
  environment: Environment,
  files = REAL_FILES,
  system: Environment = process.env,
): RealCommand {
  const path = findOnWindows(command, environment, files);
  if (path === undefined || !/\.(cmd|bat)$/i.test(path)) return { command: path ?? command, args, verbatim: false };
  const started = startedByShim(path, files);
  if (started !== undefined && /\.exe$/i.test(started)) return { command: started, args, verbatim: false };
  if (started !== undefined)
    return {
      command: findOnWindows('node', environment, files) ?? 'node.exe',
      args: [started, ...args],
      verbatim: false,
    };
  const line = [escapeForCmd(path), ...args.map((arg) => escapeForCmd(quoteArgument(arg)))].join(' ');
  return {
    command: win32.join(systemRoot(system), 'System32', 'cmd.exe'),
    args: ['/d', '/s', '/c', `"${line}"`],
    verbatim: true,
  };
}

/**
 * Finds a program as the command interpreter would: on PATH, with the extensions of PATHEXT. Undefined when there is
 * none.
 */
export function findOnWindows(command: string, environment: Environment, files = REAL_FILES): string | undefined {
  const extensions = (variable(environment, 'PATHEXT') ?? '.COM;.EXE;.BAT;.CMD').split(';').filter(Boolean);
  const hasExtension = extensions.some((extension) => command.toLowerCase().endsWith(extension.toLowerCase()));
  const names = hasExtension ? [command] : extensions.map((extension) => command + extension);
  const folders = /[\\/]/.test(command) ? [''] : (variable(environment, 'Path') ?? '').split(';').filter(Boolean);
  for (const folder of folders) {
    for (const name of names) {
      const path = folder === '' ? name : win32.join(folder.replaceAll('"', ''), name);
      if (files.isFile(path)) return path;
    }
  }
  return undefined;
}

/**
 * The script or program that a batch file of npm runs: `"%dp0%\node_modules\…\cli.js" %*`, or as in `npx.cmd` by a
 * variable that was set to it first.
 */
function startedByShim(path: string, files: WindowsFiles): string | undefined {
  const text = files.read(path);
  const variableName = /"%(\w+)%"\s+%\*\s*$/.exec(text)?.[1];
  const set =
    variableName === undefined ? undefined : new RegExp(`^SET "${variableName}=%~dp0\\\\([^"%]+\\.js)"`, 'im');
  const started = set?.exec(text) ?? /"%(?:~dp0|dp0%)\\([^"%]+\.(?:[cm]?js|exe))"\s+%\*/i.exec(text);
  return started?.[1] === undefined ? undefined : win32.join(win32.dirname(path), started[1]);
}

/** Where Windows is, as our own process knows it: the environment of an agent may say anything. */
function systemRoot(system: Environment): string {
  return variable(system, 'SystemRoot') ?? variable(system, 'windir') ?? 'C:\\Windows';
}

/** Windows ignores the case of variable names. */
function variable(environment: Environment, name: string): string | undefined {
  return Object.entries(environment).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

/** Quotes one argument as programs on Windows read command lines: backslashes count only before a quote. */
function quoteArgument(arg: string): string {
  return `"${arg.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\*)$/, '$1$1')}"`;
}

/** Escapes what means something to the command interpreter: twice, because a batch file reads its arguments twice. */
function escapeForCmd(text: string): string {
  const escaped = (one: string) => one.replace(/[()\][%!^"`<>&|;, *?]/g, '^$&');
  return text.startsWith('"') ? escaped(escaped(text)) : escaped(text);
}

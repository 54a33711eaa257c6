import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import * as z from 'zod/mini';

/** An environment, as Node prints it. */
const environment = z.record(z.string(), z.string());

/** How to ask a shell for its environment, and what an answer looks like. */
export interface ShellQuestion {
  readonly args: readonly string[];
  /** The environment in what the shell has printed so far; undefined while it is not all there. */
  read(printed: string): Record<string, string> | undefined;
}

/**
 * Has a shell, as login and interactive as a terminal's, print its environment between two marks. The command holds no
 * whole mark, so that a shell that echoes its commands does not fake one; what a profile prints besides is left out.
 */
export function shellQuestion(shell: string, nodePath: string): ShellQuestion {
  const [one, two] = [randomBytes(8).toString('hex'), randomBytes(8).toString('hex')];
  const script = `process.stdout.write("${one}"+"${two}"+JSON.stringify(process.env)+"${two}"+"${one}")`;
  return {
    args: shellArguments(shell, nodePath, script),
    read: (printed) => readBetween(printed, one + two, two + one),
  };
}

/** How to have a shell run a script of ours in Node. The script has no single quotes. */
export function shellArguments(shell: string, nodePath: string, script: string): string[] {
  const name = basename(shell).replace(/\.exe$/i, '');
  if (/^(pwsh|powershell)/.test(name))
    return ['-Login', '-Command', `& '${nodePath.replaceAll("'", "''")}' -e '${script.replaceAll('"', '\\"')}'`];
  if (name === 'nu') return ['-i', '-l', '-c', `^'${nodePath}' -e '${script}'`];
  const command = `'${nodePath.replaceAll("'", "'\\''")}' -e '${script}'`;
  return /^t?csh$/.test(name) ? ['-ic', command] : ['-i', '-l', '-c', command];
}

function readBetween(printed: string, begin: string, end: string): Record<string, string> | undefined {
  const to = printed.lastIndexOf(end);
  const from = to < 0 ? -1 : printed.lastIndexOf(begin, to);
  if (from < 0) return undefined;
  try {
    return environment.safeParse(JSON.parse(printed.slice(from + begin.length, to))).data;
  } catch {
    return undefined;
  }
}

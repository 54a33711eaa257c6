import { isAbsolute } from 'node:path';
import type { ProcessInfo, ProcessTable } from '../tables/processTable.ts';
import { isEditor } from './editor.ts';
import { isOwn } from './ownFolders.ts';
import { type Program, programOf, stem, variableIn } from './program.ts';
import { seenIn } from './seenIn.ts';

const KEEP_MARK = Buffer.from('LOOP_SUPERVISOR_KEEP=');

/** Daemons on a runtime are declared by their main class, or by where their script lies in their installation. */
const DECLARED: { readonly [name: string]: { readonly main?: RegExp; readonly script?: RegExp } } = {
  gradle: { main: /^org\.gradle\./ },
  bazel: { main: /^com\.google\.devtools\.build\.lib\./, script: /\/install\/[0-9a-f]{32}\/A-server\.jar$/ },
  mvnd: { main: /^org\.mvndaemon\./ },
  kotlin: { main: /^org\.jetbrains\.kotlin\.daemon\./ },
  sbt: { main: /^(sbt|xsbt\.boot)\./ },
  bloop: { main: /^bloop\./ },
};

/**
 * Whether a process of a run is left alone and listed (R7.4): one with `LOOP_SUPERVISOR_KEEP=1`, VS Code, and a program
 * on `keep`, a list of names in small letters. It is spared for what it is, never for a word in its arguments, and not
 * if it lies in one of the loop's own folders. `ownFolders` undefined: nobody knows these, so no name counts.
 *
 * @throws LookFailed when a look at the process failed.
 */
export function isSpared(
  table: ProcessTable,
  process: ProcessInfo,
  keep: readonly string[],
  ownFolders: readonly string[] | undefined,
): boolean {
  const environment = seenIn(table.environment(process));
  if (environment && variableIn(environment, KEEP_MARK) === '1') return true;
  const program = programOf(table, process, environment);
  if (isEditor(program, ownFolders ?? [])) return true;
  return ownFolders !== undefined && keep.some((name) => isProgram(program, name.toLowerCase(), ownFolders));
}

/** Whether a program goes by that name. */
export function isProgram(program: Program, name: string, ownFolders: readonly string[]): boolean {
  const { executable, script, main, classPath } = program;
  const isForeign = (path: string) => isAbsolute(path) && !isOwn(path, ownFolders);
  const isNamed = program.name === name || program.name.replace(/-\d[\d.]*$/, '') === name;
  if (!isNamed && script === undefined && main === undefined) return false;
  // One that does not show its executable was installed by an administrator, as `screen` is.
  if (executable !== undefined && !isForeign(executable)) return false;
  if (isNamed) return true;
  const declared = DECLARED[name];
  if (script !== undefined)
    return (
      isForeign(script) && (stem(script) === name || isPackage(script, name) || declared?.script?.test(script) === true)
    );
  if (main === undefined || !classPath.every(isForeign)) return false;
  return (
    main.toLowerCase() === name || main.toLowerCase().startsWith(`${name}.`) || declared?.main?.test(main) === true
  );
}

/** A script of an installed package: `…/node_modules/pm2/lib/Daemon.js`. */
function isPackage(script: string, name: string): boolean {
  return script.toLowerCase().includes(`/node_modules/${name}/`);
}

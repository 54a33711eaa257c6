import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { isOwn } from './ownFolders.ts';
import { type Program, stem } from './program.ts';

const EDITORS: ReadonlySet<string> = new Set([
  ...['code', 'code-insiders', 'code - insiders', 'code-oss', 'code - oss', 'code-tunnel'],
  ...['codium', 'vscodium', 'cursor', 'windsurf', 'positron'],
]);
/** The apps of macOS, whose processes have other names. */
const EDITOR_APP = /\/(Visual Studio Code[^/]*|VSCodium|Cursor|Windsurf|Positron)\.app\//;
/** The programs of a server of VS Code and of its workers, as they lie in its installation. */
const SERVER_SCRIPTS: ReadonlySet<string> = new Set([
  'server-main',
  'server-cli',
  'bootstrap-fork',
  'bootstrap-server',
]);

/**
 * Whether a process is VS Code or one of its kind, by its executable or by the script of its server; a project's own
 * `./code` and `out/server-main.js` are not. An editor's executable that was started as a plain Node is what its
 * script is. `exists` looks at files.
 */
export function isEditor(
  program: Program,
  ownFolders: readonly string[],
  exists: (path: string) => boolean = existsSync,
): boolean {
  const { executable, name, isRuntime, script } = program;
  const isOne = isRuntime
    ? script !== undefined && isOfInstallation(script, ownFolders, exists)
    : EDITORS.has(name) || (executable !== undefined && EDITOR_APP.test(executable));
  return isOne && !(executable !== undefined && isOwn(executable, ownFolders));
}

/** Every installation has a `product.json` beside the folder of its programs. */
function isOfInstallation(script: string, ownFolders: readonly string[], exists: (path: string) => boolean): boolean {
  if (!isAbsolute(script) || isOwn(script, ownFolders) || !SERVER_SCRIPTS.has(stem(script))) return false;
  return exists(join(dirname(dirname(script)), 'product.json'));
}

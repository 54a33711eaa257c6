import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Who logs in, and where. */
export interface Login {
  /** A host name, an IP address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

const FIELD = String.raw`((?:\\.|[^\\:])*)`;
const LINE = new RegExp(`^(?!#)${FIELD}:${FIELD}:${FIELD}:${FIELD}:(.*)$`);

/**
 * The password for a login in the file that PGPASSFILE names, or else in ~/.pgpass; undefined where there is none. Like
 * PostgreSQL's own programs, it ignores a file that others may read. (The driver deprecates its own look there.)
 */
export function passwordInFile(
  { host, port, database, user }: Login,
  file = process.env['PGPASSFILE'] ?? usualFile(),
): string | undefined {
  for (const line of linesOf(file)) {
    const [, ...entry] = LINE.exec(line) ?? [];
    const [password, ...fields] = entry.map((field) => field.replace(/\\(.)/g, '$1')).reverse();
    if (password === undefined) continue;
    const login = [user, database, String(port), host];
    if (fields.every((field, index) => field === '*' || field === login[index])) return password;
  }
  return undefined;
}

function usualFile(): string {
  return process.platform === 'win32'
    ? join(process.env['APPDATA'] ?? '.', 'postgresql', 'pgpass.conf')
    : join(homedir(), '.pgpass');
}

function linesOf(file: string): readonly string[] {
  try {
    const isPrivate = process.platform === 'win32' || (statSync(file).mode & 0o077) === 0;
    return isPrivate ? readFileSync(file, 'utf8').split(/\r?\n/) : [];
  } catch {
    return [];
  }
}

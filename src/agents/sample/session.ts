import { appendFileSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Sessions are files, so that one can be continued after a crash, as with real agents. Each line adds to the session.

/** What a session has done so far. */
export interface Session {
  /** The directives of its first prompt. */
  readonly directives: string;
  /** Steps of its work that were done. */
  readonly done: number;
  /** The cost that its runs have reported, USD. */
  readonly costUsd: number;
}

interface Entry {
  readonly directives?: string;
  readonly done?: number;
  /** Cost of one run. */
  readonly costUsd?: number;
}

/** The session of that id; undefined when there is none. */
export function readSession(id: string): Session | undefined {
  const folder = sessionFolder();
  if (folder === undefined) return undefined;
  try {
    const entries = readFileSync(join(folder, fileOf(id)), 'utf8')
      .split('\n')
      .map(parse);
    return {
      directives: entries.find((entry) => entry.directives !== undefined)?.directives ?? '',
      done: Math.max(0, ...entries.map((entry) => entry.done ?? 0)),
      costUsd: entries.reduce((sum, entry) => sum + (entry.costUsd ?? 0), 0),
    };
  } catch {
    return undefined;
  }
}

/** Adds to a session. Without a folder for sessions nothing is kept, and none can be continued. */
export function remember(id: string, entry: Entry): void {
  const folder = sessionFolder();
  if (folder !== undefined) appendFileSync(join(folder, fileOf(id)), `${JSON.stringify(entry)}\n`, { mode: 0o600 });
}

function parse(line: string): Entry {
  try {
    return line === '' ? {} : JSON.parse(line);
  } catch {
    // The end of a line that a crash cut off.
    return {};
  }
}

function fileOf(id: string): string {
  return `${encodeURIComponent(id).slice(0, 200)}.jsonl`;
}

/** The folder of all sessions, private to us; undefined if somebody else owns it. */
function sessionFolder(): string | undefined {
  const given = process.env['LOOP_SUPERVISOR_SAMPLE_SESSIONS'];
  const folder = given ?? join(tmpdir(), `loop-supervisor-sample-${process.getuid?.() ?? 'sessions'}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const facts = lstatSync(folder);
    return facts.isDirectory() && (process.getuid === undefined || facts.uid === process.getuid()) ? folder : undefined;
  } catch {
    return undefined;
  }
}

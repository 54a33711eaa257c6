import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogName } from '../../core/model/logRequest.ts';
import { lookOf } from '../../core/model/looks.ts';
import type { LogCopy, LogPart, RunLogs, Span } from '../../core/ports/runLogs.ts';
import { FILE_MODE, FOLDER_MODE, lookAtJson, writeJson } from './atomicFile.ts';
import { runFiles } from './runFiles.ts';

/** Of a longer log only the end is sent, bytes. */
const MOST_SENT = 4 * 1024 * 1024;
/** How many copies are kept, and how much they may hold together (bytes) when another one begins. */
const MOST_COPIES = 50;
const MOST_HELD = 128 * 1024 * 1024;
const NEWLINE = 0x0a;

/** What is known of a copy beside its files, which are named as those of a run. */
interface CopyRecord {
  /** The positions in the logs at which the copies begin, bytes. */
  readonly from: { readonly [log in LogName]: number };
  readonly isComplete?: true;
}

/** What runs have written, below `runs`, and copies of what those of other machines have, below `copies` (R16.8). */
export function createRunLogs(runs: string, copies: string): RunLogs {
  const filesOf = (token: string) => {
    const { folder, stdout, stderr } = runFiles(copies, token);
    return { folder, out: stdout, err: stderr, record: join(folder, 'copy.json') };
  };
  const recordOf = (token: string) => {
    const look = lookAtJson(filesOf(token).record);
    if (look.state === 'unknown') throw new Error(`The copy of its output cannot be read (${look.why})`);
    const record = (look.state === 'there' ? look.value : undefined) as CopyRecord | undefined;
    return typeof record?.from?.out === 'number' && typeof record.from.err === 'number' ? record : undefined;
  };
  return {
    read: async (token, log, from, most) => {
      const { stdout, stderr } = runFiles(runs, token);
      return readPart(log === 'out' ? stdout : stderr, from, most);
    },
    pathsOf: (token) => {
      const { out, err } = filesOf(token);
      return { out, err };
    },
    copyOf: async (token): Promise<LogCopy | undefined> => {
      const record = recordOf(token);
      if (!record) return undefined;
      const files = filesOf(token);
      const span = async (log: LogName): Promise<Span> => {
        const from = record.from[log];
        return { from, to: from + (await sizeOf(files[log])) };
      };
      return { held: { out: await span('out'), err: await span('err') }, isComplete: record.isComplete === true };
    },
    begin: async (token, from) => {
      const { folder } = filesOf(token);
      await makeRoom(copies);
      // Of one whose record is damaged.
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
      writeJson(filesOf(token).record, { from } satisfies CopyRecord);
    },
    drop: (token) => rm(filesOf(token).folder, { recursive: true, force: true }),
    add: async (token, log, at, content) => {
      const record = recordOf(token);
      // Somebody has removed it: it begins anew.
      if (!record) return;
      const flags = constants.O_WRONLY | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
      const file = await open(filesOf(token)[log], flags, FILE_MODE);
      try {
        await file.write(Buffer.from(content, 'base64'), 0, null, at - record.from[log]);
      } finally {
        await file.close();
      }
    },
    complete: async (token) => {
      const record = recordOf(token);
      if (record) writeJson(filesOf(token).record, { ...record, isComplete: true } satisfies CopyRecord);
    },
  };
}

/** An agent could put a link or a pipe in the place of its log: only a regular file is sent (R8.1). */
async function readPart(path: string, from: number | undefined, most: number): Promise<LogPart> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    const isLink = (error as NodeJS.ErrnoException).code === 'ELOOP';
    if (isLink || lookOf(error).state === 'gone') return { at: 0, size: 0, content: '' };
    throw error;
  }
  try {
    const stats = await file.stat();
    const size = stats.isFile() ? stats.size : 0;
    const begins = from !== undefined && from <= size ? from : Math.max(0, size - MOST_SENT);
    const buffer = Buffer.allocUnsafe(Math.min(most, size - begins));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, begins);
    // What is left out of a long log ends with a line.
    const skip = begins > 0 && begins !== from ? buffer.subarray(0, bytesRead).indexOf(NEWLINE) + 1 : 0;
    return { at: begins + skip, size, content: buffer.toString('base64', skip, bytesRead) };
  } finally {
    await file.close();
  }
}

/** Removes the copies that were written longest ago, as far as there are too many or they hold too much. */
async function makeRoom(copies: string): Promise<void> {
  const names = await readdir(copies).catch(() => []);
  const all = await Promise.all(
    names.map(async (name) => {
      const folder = join(copies, name);
      const [at, out, err] = await Promise.all([
        stat(folder).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
        sizeOf(join(folder, 'stdout.log')).catch(() => 0),
        sizeOf(join(folder, 'stderr.log')).catch(() => 0),
      ]);
      return { folder, at, bytes: out + err };
    }),
  );
  let held = 0;
  for (const [index, { folder, bytes }] of all.sort((a, b) => b.at - a.at).entries()) {
    held += bytes;
    if (index >= MOST_COPIES - 1 || held > MOST_HELD) await rm(folder, { recursive: true, force: true });
  }
}

/** In bytes; 0 of a file that is not there. @throws the error of the file system where that cannot be seen. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    (error: unknown) => {
      if (lookOf(error).state === 'gone') return 0;
      throw error;
    },
  );
}

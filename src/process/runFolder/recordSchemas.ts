import * as z from 'zod/mini';
import { GONE, type Look, there } from '../../core/model/looks.ts';
import { lookAtJson } from './atomicFile.ts';
import { FORMAT } from './records.ts';
import type { RunFiles } from './runFiles.ts';
import { STOPS } from './stoppers.ts';

// What guardians wrote, as windows read it: another version, a half-broken disk or a curious hand may have been there.

const format = z.literal(FORMAT);
// Whole and exact: what is neither could be written to the database, but not be read back.
const time = z.int().check(z.nonnegative());
const identity = z.object({
  pid: z.int().check(z.positive()),
  startTime: z.string(),
  bootId: z.string(),
  machine: z.exactOptional(z.string()),
  namespace: z.exactOptional(z.string()),
});
const swept = z.array(z.extend(identity, { command: z.string() }));
const exit = z.object({ exitCode: z.exactOptional(z.int()), signal: z.exactOptional(z.string()) });
const stopBy = z.enum(STOPS);

const claim = z.object({
  format,
  by: z.enum(['guardian', 'void']),
  guardian: z.exactOptional(identity),
  beatMs: z.exactOptional(time),
});
const started = z.object({
  format,
  leader: identity,
  guardian: identity,
  group: z.exactOptional(z.string().check(z.regex(/^\/.*\/loop-supervisor\/[A-Za-z0-9-]+$/))),
  containment: z.exactOptional(z.enum(['scope', 'cgroup', 'subreaper', 'search'])),
  at: time,
});
const stop = {
  stoppedBy: z.exactOptional(stopBy),
  foreignSignal: z.exactOptional(z.string()),
  trouble: z.exactOptional(z.enum(['machine', 'folder', 'memory'])),
};
const exited = z.object({ format, exit, at: time, ...stop });
const ended = z.object({
  format,
  kind: z.enum(['exited', 'spawn', 'void', 'lost']),
  exit,
  at: time,
  ...stop,
  peakMemoryBytes: z.exactOptional(time),
  error: z.exactOptional(z.string()),
  swept,
  kept: swept,
  remaining: swept,
  unseen: z.exactOptional(z.string()),
});
const silent = z.object({ format, kind: z.enum(['first-output', 'silence']), forMs: time });

const seen = z.object({ format, processes: z.array(identity) });

const look =
  <T>(schema: z.ZodMiniType<T>, path: (files: RunFiles) => string) =>
  (files: RunFiles): Look<T> => {
    const look = lookAtJson(path(files));
    if (look.state !== 'there') return look;
    const record = schema.safeParse(look.value);
    return record.success ? there(record.data) : GONE;
  };

// Each finds its record `gone` when the file is not there or not what it should be.
export const lookAtClaim = look(claim, (files) => files.claim);
export const lookAtStarted = look(started, (files) => files.started);
export const lookAtExit = look(exited, (files) => files.exit);
export const lookAtEnded = look(ended, (files) => files.ended);
export const lookAtSeen = look(seen, (files) => files.seen);
export const lookAtSilent = look(silent, (files) => files.silent);

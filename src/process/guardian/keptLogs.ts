import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import { findRun, type RunMarks } from '../sweep/findProcesses.ts';
import { writersOf } from '../sweep/traces.ts';
import type { ProcessInfo, ProcessTable } from '../tables/processTable.ts';
import type { AgentLogs } from './agentLogs.ts';
import { LogLimit, type LogLimitOptions } from './logLimit.ts';

/** How often (ms) to look whether a process that was kept still lives. */
const LOOK_MS = 5_000;

export interface KeptLogsOptions extends Pick<LogLimitOptions, 'maxBytes' | 'onCut'> {
  readonly table: ProcessTable;
  readonly logs: AgentLogs;
  readonly marks: RunMarks;
  readonly keep: readonly string[];
  /** What was kept when the run ended. */
  readonly kept: readonly ProcessIdentity[];
  readonly onPassed: () => void;
  /** Ends the watch early. */
  readonly signal: AbortSignal;
}

/**
 * Holds the logs of a run that is over to their limit while processes that were kept (R7.4) still write to them (R8.3).
 * Those that pass the limit are frozen and killed although they were kept. Resolves when nobody can write any more.
 */
export async function watchKeptLogs({ table, logs, maxBytes, onCut, signal, ...run }: KeptLogsOptions): Promise<void> {
  const marks: RunMarks = { ...run.marks, seen: run.kept, kept: run.kept, trustGroup: false };
  /** Those that a look has found; if it failed, those that were there before. */
  const find = async (before: readonly ProcessInfo[]) => {
    const look = await findRun(table, marks, { keep: run.keep, deep: true });
    return look.state === 'there' ? writersOf(table, look.value.kept, marks) : before;
  };
  let writers: readonly ProcessInfo[] = maxBytes > 0 && run.kept.length > 0 ? await find([]) : [];
  if (writers.length === 0) return;
  const over = new AbortController();
  const onPassed = async (): Promise<void> => {
    run.onPassed();
    await table.signal(writers, 'SIGSTOP');
    // They may have started others meanwhile, until none is left.
    for (writers = await find(writers); writers.length > 0; writers = await find(writers))
      await table.signal(writers, 'SIGKILL');
    over.abort();
  };
  const limit = new LogLimit({ logs, maxBytes, onCut, onPassed: () => void onPassed() });
  const either = AbortSignal.any([signal, over.signal]);
  while (!either.aborted && writers.length > 0) {
    await sleep(LOOK_MS, undefined, { signal: either }).catch(() => undefined);
    if (either.aborted) break;
    const { there, unknown } = await table.look(writers);
    if (there.length + unknown.length === 0) writers = await find(writers);
  }
  limit.close();
}

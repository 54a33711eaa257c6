import { lookByScope } from '../tables/processScope.ts';
import type { ProcessInfo, ProcessTable } from '../tables/processTable.ts';
import type { RunMarks } from './findProcesses.ts';
import { variableIn } from './program.ts';
import { seenIn } from './seenIn.ts';

const MARKER = Buffer.from('LOOP_SUPERVISOR_ATTEMPT=');

/** Which run a process belongs to by its marker or its open log, by pid. Those older than all leaders are left out. */
export function claimedByTraces(
  table: ProcessTable,
  living: readonly ProcessInfo[],
  runs: readonly RunMarks[],
): Map<number, string> {
  const claimed = new Map<number, string>();
  const tokens = new Set(runs.map(({ token }) => token));
  const logs = logsOf(runs);
  const eldest = eldestStart(table, runs);
  for (const process of living) {
    if (process.started < eldest) continue;
    const environment = seenIn(table.environment(process));
    const marked = environment && variableIn(environment, MARKER);
    // A process that does not show the one does not show the other.
    const token =
      marked && tokens.has(marked) ? marked : environment && logOwner(seenIn(table.outputs(process)) ?? [], logs);
    if (token) claimed.set(process.pid, token);
  }
  return claimed;
}

/** Those of `processes` that hold a log of the run open as their output. */
export function writersOf(table: ProcessTable, processes: readonly ProcessInfo[], run: RunMarks): ProcessInfo[] {
  const logs = logsOf([run]);
  return processes.filter((process) => logOwner(seenIn(table.outputs(process)) ?? [], logs) !== undefined);
}

/** The paths of the logs of runs, each with the token of its run. */
function logsOf(runs: readonly RunMarks[]): Map<string, string> {
  return new Map(
    runs.flatMap(({ token, folder }) => [`${folder}/stdout.log`, `${folder}/stderr.log`].map((path) => [path, token])),
  );
}

function logOwner(outputs: readonly string[], logs: ReadonlyMap<string, string>): string | undefined {
  return outputs.map((path) => logs.get(path.replace(/ \(deleted\)$/, ''))).find((token) => token !== undefined);
}

/** When the first of the leaders started; nothing of a run is older than its leader. */
function eldestStart(table: ProcessTable, runs: readonly RunMarks[]): number {
  let eldest = Number.POSITIVE_INFINITY;
  for (const { leader } of runs) {
    // Start times of another boot say nothing, and not all platforms write them as numbers.
    const started = leader && !lookByScope(leader, table.scope) ? Number(leader.startTime) : 0;
    eldest = Math.min(eldest, Number.isFinite(started) ? started : 0);
  }
  return eldest;
}

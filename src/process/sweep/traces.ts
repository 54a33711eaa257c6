import { lookByScope } from '../tables/processScope.ts';
import type { ProcessInfo, ProcessTable } from '../tables/processTable.ts';
import type { RunMarks } from './findProcesses.ts';
import { variableIn } from './program.ts';
import { seenIn } from './seenIn.ts';

const MARKER = Buffer.from('LOOP_SUPERVISOR_ATTEMPT=');

/**
 * Returns a function that names the run of a process by its marker or its open log, and leaves out those that are older
 * than all leaders. It looks at a process when it is first asked for it, and throws LookFailed when that look failed:
 * these looks cost more than all others.
 */
export function ownersByTraces(
  table: ProcessTable,
  runs: readonly RunMarks[],
): (process: ProcessInfo) => string | undefined {
  const known = new Map<number, string | undefined>();
  const tokens = new Set(runs.map(({ token }) => token));
  const logs = logsOf(runs);
  const eldest = eldestStart(table, runs);
  const look = (process: ProcessInfo): string | undefined => {
    if (process.started < eldest) return undefined;
    const environment = seenIn(table.environment(process));
    const marked = environment && variableIn(environment, MARKER);
    if (marked && tokens.has(marked)) return marked;
    // A process that does not show the one does not show the other.
    return environment && logOwner(seenIn(table.outputs(process)) ?? [], logs);
  };
  return (process) => {
    if (!known.has(process.pid)) known.set(process.pid, look(process));
    return known.get(process.pid);
  };
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

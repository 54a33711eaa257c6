import { GONE, type Look, there, unknown } from '../../core/model/looks.ts';
import type { SweptProcess } from '../../core/model/processIdentity.ts';
import type { RunToLookFor } from '../../core/ports/launcher.ts';
import { groupOfRun } from '../contain/runGroup.ts';
import { lookAtClaim, lookAtSeen, lookAtStarted } from '../runFolder/recordSchemas.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { lookByScope } from '../tables/processScope.ts';
import type { ProcessTable } from '../tables/processTable.ts';
import { findRun } from './findProcesses.ts';
import { BETWEEN_EMPTY_LOOKS_MS, described, EMPTY_LOOKS, REAL_TIME, type SweepTime } from './sweep.ts';

/**
 * Looks for the processes of a run, and ends none. `gone` only if several looks in a row find nothing (R7.4), or if the
 * machine was restarted since.
 */
export async function lookForRun(
  table: ProcessTable,
  files: RunFiles,
  run: RunToLookFor,
  time: SweepTime = REAL_TIME,
): Promise<Look<readonly SweptProcess[]>> {
  const [claim, started, seen] = [lookAtClaim(files), lookAtStarted(files), lookAtSeen(files)];
  for (const record of [claim, started, seen]) if (record.state === 'unknown') return record;
  const guardian = (claim.state === 'there' ? claim.value.guardian : undefined) ?? run.guardian;
  const leader = (started.state === 'there' ? started.value.leader : undefined) ?? run.leader;
  const earlier = seen.state === 'there' ? seen.value.processes : [];
  const known = [leader, guardian, ...run.remaining, ...earlier].filter((one) => one !== undefined);
  const scopes = known.map((one) => lookByScope(one, table.scope));
  for (const byScope of scopes) if (byScope?.state === 'unknown') return byScope;
  // All of it is of an earlier boot.
  if (known.length > 0 && scopes.every((byScope) => byScope?.state === 'gone')) return GONE;
  const group = groupOfRun(started.state === 'there' ? started.value.group : undefined, run.token);
  const marks = { token: run.token, leader, seen: known, group, trustGroup: false, folder: files.folder };
  for (let looks = 0; ; looks++) {
    const look = await findRun(table, marks, { keep: run.keep, deep: true });
    if (look.state === 'unknown') return unknown(look.why);
    const found = look.value.members.map((process) => described(table, process));
    if (found.length > 0) return there(found);
    if (looks + 1 >= EMPTY_LOOKS) return GONE;
    await time.sleep(BETWEEN_EMPTY_LOOKS_MS);
  }
}

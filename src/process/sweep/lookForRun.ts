import { GONE, type Look, there, unknown } from '../../core/model/looks.ts';
import type { SweptProcess } from '../../core/model/loop.ts';
import type { RunToLookFor } from '../../core/ports/launcher.ts';
import { lookAtClaim, lookAtSeen } from '../runFolder/recordSchemas.ts';
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
  const claim = lookAtClaim(files);
  if (claim.state === 'unknown') return claim;
  const guardian = (claim.state === 'there' ? claim.value.guardian : undefined) ?? run.guardian;
  const seen = lookAtSeen(files);
  if (seen.state === 'unknown') return seen;
  const earlier = seen.state === 'there' ? seen.value.processes : [];
  const known = [run.leader, guardian, ...run.remaining, ...earlier].filter((one) => one !== undefined);
  const here = known.filter((one) => lookByScope(one, table.scope) === undefined);
  for (const one of known) {
    const byScope = lookByScope(one, table.scope);
    if (byScope?.state === 'unknown') return byScope;
  }
  // All of it is of an earlier boot.
  if (known.length > 0 && here.length === 0) return GONE;
  const marks = { ...run, leader: run.leader, seen: here, trustGroup: false, folder: files.folder };
  for (let looks = 0; ; looks++) {
    const look = await findRun(table, marks, { keep: run.keep, deep: true });
    if (look.state === 'unknown') return unknown(look.why);
    const found = look.value.members.map((process) => described(table, process));
    if (found.length > 0) return there(found);
    if (looks + 1 >= EMPTY_LOOKS) return GONE;
    await time.sleep(BETWEEN_EMPTY_LOOKS_MS);
  }
}

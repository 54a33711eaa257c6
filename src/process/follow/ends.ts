import type { StopBy } from '../../core/model/attempt.ts';
import { NOTHING_LEFT } from '../../core/model/leftovers.ts';
import { type Seen, there, unknown, whyOf } from '../../core/model/looks.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { writeJson } from '../runFolder/atomicFile.ts';
import { type EndedRecord, FORMAT } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import type { FollowOptions, FollowServices } from './followOptions.ts';
import type { GuardianLink } from './guardianLink.ts';
import { claimAsVoid, type LostRunOptions, settleLostRun } from './lostRun.ts';

/** The end of a run that was stopped before anything started; nothing will start now. */
export function voidEnd(files: RunFiles, by: StopBy, { clock, log }: Pick<FollowServices, 'clock' | 'log'>) {
  const end = { format: FORMAT, kind: 'void', exit: {}, at: clock.now(), stoppedBy: by, ...NOTHING_LEFT } as const;
  try {
    if (claimAsVoid(files)) writeJson(files.ended, end);
  } catch (error) {
    log(`The end of a run could not be written to ${files.folder}.`, error);
  }
  return end satisfies EndedRecord;
}

/** The end of a run that nobody could see, `unseen` says why: what is known of it may live on (R3.1). */
export function unseenEnd(
  unseen: string,
  {
    leader,
    guardian,
  }: { readonly leader: ProcessIdentity | undefined; readonly guardian: ProcessIdentity | undefined },
  clock: Clock,
): EndedRecord {
  const remaining = [
    ...(leader ? [{ ...leader, command: 'agent' }] : []),
    ...(guardian ? [{ ...guardian, command: 'guardian' }] : []),
  ];
  const error = `Nobody can see whether its processes have ended: ${unseen}.`;
  const end = { exit: {}, at: clock.now(), error, ...NOTHING_LEFT };
  return { format: FORMAT, kind: 'lost', ...end, remaining, unseen };
}

/** What the start of a run or its guardian's exit code reports of its end. */
export type ReportOfEnd = Pick<LostRunOptions, 'failedStart' | 'reported'>;

/**
 * How a run ended whose guardian has gone or reports its end. Returns `unknown` rather than a guess: a run that is
 * wrongly taken for ended may be started twice.
 */
export async function endOf(
  { files, token, graceMs, keep }: FollowOptions,
  { clock, table, log, sweepTime: time }: FollowServices,
  known: ReportOfEnd & { readonly leader: ProcessIdentity | undefined; readonly guardian: GuardianLink },
): Promise<Seen<EndedRecord>> {
  const { leader, guardian, failedStart, reported } = known;
  const begun = leader !== undefined || guardian.identity !== undefined;
  const facts = { files, token, leader, begun, graceMs, keep, time, failedStart, reported };
  try {
    return await settleLostRun({ table, clock, log, ...facts });
  } catch (error) {
    // Without a guardian there is nothing to look for.
    if (!failedStart || guardian.isChild) return unknown(whyOf(error));
    return there({ format: FORMAT, exit: {}, at: clock.now(), ...failedStart, ...NOTHING_LEFT });
  }
}

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../../src/core/model/attempt.ts';
import type { CheckResult } from '../../src/core/model/check.ts';
import type { Transition } from '../../src/core/model/history.ts';
import type { Loop } from '../../src/core/model/loop.ts';

import type { Store } from '../../src/core/ports/store.ts';

import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { isToken, runFiles } from '../../src/process/runFolder/runFiles.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { markedProcesses, stillLives } from '../support/markedProcesses.ts';
import { answersIn, reportedIn } from '../support/reporterProfile.ts';

/**
 * What must hold at every moment: no more attempts alive than the cap, no two attempts of a loop. Answers what does
 * not.
 */
export function violationsNow(prefix: string, cap: number): string[] {
  const violations: string[] = [];
  const seen = markedProcesses(prefix);
  for (const [loopId, processes] of Map.groupBy(seen, (process) => process.loopId)) {
    // Those of an earlier attempt may have ended while we read: only what still lives counts.
    const attempts = new Set(processes.filter(stillLives).map((process) => process.attempt));
    if (attempts.size > 1)
      violations.push(`two attempts of ${loopId} were alive together: ${[...attempts].join(', ')}`);
  }
  const alive = new Set(seen.filter(stillLives).map((process) => process.attempt));
  if (alive.size > cap) violations.push(`${alive.size} attempts were alive, above the cap of ${cap}`);
  return violations;
}

export interface AuditOptions {
  readonly storage: string;
  /** Folders of other machines. */
  readonly otherStorages?: readonly string[];
  /** Opens the books, if they are not a file in `storage`. */
  readonly open?: (() => Promise<Store>) | undefined;
  /** Begins the ids of all loops. */
  readonly prefix: string;
  readonly admitted: Iterable<string>;
  /** Loops that were asked to be cancelled, whether or not an answer came. */
  readonly mayBeCancelled: ReadonlySet<string>;
  /** Loops that were refused: nothing of them may be found. */
  readonly refused?: Iterable<string>;
  /** Tokens of runs whose folders somebody took away: of those no more is billed than they reported. */
  readonly vandalised?: ReadonlySet<string>;
}

/**
 * The books against the facts once all is over: nothing lost, nothing twice, nothing left, the ledger equal to the
 * reports. Answers what is not so.
 */
export async function audit(
  options: AuditOptions,
): Promise<{ readonly violations: readonly string[]; readonly ledger: number }> {
  const {
    storage,
    otherStorages = [],
    open,
    prefix,
    admitted,
    mayBeCancelled,
    refused = [],
    vandalised = new Set(),
  } = options;
  const violations: string[] = [];
  const left = markedProcesses(prefix);
  if (left.length > 0) violations.push(`processes were left: ${JSON.stringify(left)}`);
  const file = { path: join(storage, 'supervisor.db'), clock: systemClock };
  const store = (await open?.()) ?? openStore({ ...file, log: (message) => violations.push(message) });
  let ledger = 0;
  let ofVandalised = 0;
  for (const loopId of admitted) {
    const loop = await store.latest(loopId);
    if (!loop) {
      violations.push(`${loopId} is lost`);
      continue;
    }
    if (loop.state !== 'completed' && !(loop.state === 'cancelled' && mayBeCancelled.has(loopId))) {
      violations.push(`${loopId} ended as ${loop.state}: ${JSON.stringify((await store.history(loop.seq)).slice(-4))}`);
    }
    const attempts = await store.attempts(loop.seq);
    const done = attempts.filter(({ isCheck, end }) => !isCheck && end?.outcome === 'ok');
    if (loop.check) violations.push(...roundViolations(loop, done, await store.checks(loop.seq)));
    else if (loop.state === 'completed' && done.length !== 1)
      violations.push(`${loopId} was done ${done.length} times`);
    const looked = attempts.filter(({ token }) => !vandalised.has(token));
    violations.push(...answerViolations(loop, looked, await store.history(loop.seq), storage));
    if (attempts.some((attempt) => !attempt.end)) violations.push(`${loopId} has an attempt that was never settled`);
    const cost = (await store.ledger(loop.seq)).reduce((sum, row) => sum + row.cost, 0);
    if (cost !== loop.cost) violations.push(`${loopId} cost ${loop.cost}, and its ledger says ${cost}`);
    ledger += cost;
    for (const { id, token } of attempts)
      if (vandalised.has(token))
        ofVandalised += (await store.ledger(loop.seq)).reduce(
          (sum, row) => sum + (row.attemptId === id ? row.cost : 0),
          0,
        );
  }
  for (const loopId of refused) if (await store.latest(loopId)) violations.push(`${loopId} was refused, and is there`);
  const reported = [storage, ...otherStorages]
    .map((folder) => reportedByAll(join(folder, 'runs'), (token) => !vandalised.has(token)))
    .reduce((sum, amount) => sum + amount, 0);
  const spent = (await store.spend('0000-00-00')).reduce((sum, row) => sum + row.cost, 0);
  const billed = ledger - ofVandalised;
  if (billed !== reported) violations.push(`agents reported ${reported}, the ledger says ${billed}`);
  if (spent !== ledger) violations.push(`the ledger says ${ledger}, the days say ${spent}`);
  store.close();
  return { violations, ledger };
}

/**
 * Every question is answered at most once, and the agent got what is recorded (R17.1).
 */
function answerViolations(
  { loopId }: Loop,
  attempts: readonly Attempt[],
  history: readonly Transition[],
  storage: string,
): string[] {
  return attempts.flatMap(({ token, end }) => {
    const recorded = history.flatMap(({ why }) => {
      const [, answer, said, asked] = ANSWERED.exec(why) ?? [];
      if (asked !== token) return [];
      return [answer === 'answered' ? `true ${said}` : `${answer === 'allowed'}`];
    });
    if (recorded.length > 1) return [`${loopId} has ${recorded.length} answers to one question`];
    const heard = answersHeard(join(storage, 'runs'), token);
    if (heard.length > 0 && `${heard}` !== `${recorded}`)
      return [`an agent of ${loopId} heard ${heard}, and ${recorded.join() || 'nothing'} is recorded`];
    return end?.outcome === 'ok' && heard.length < recorded.length ? [`${loopId} went on without its answer`] : [];
  });
}

/** How the history tells an answer to a permission, or to a decision with what was said. */
const ANSWERED =
  /^(allowed|denied|answered|left to the agent) by \w+(?: \w+)?(?: \((.*)\))?: (?:run work|decide) ([\w-]+)(?:\?| and name it)$/;

function answersHeard(runsFolder: string, token: string): string[] {
  try {
    return answersIn(runFiles(runsFolder, token).stdout);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
}

/** Every round is worked once and judged once, in their order, and only the last one has passed (R11.2). */
function roundViolations(
  { loopId, state, check }: Loop,
  done: readonly Attempt[],
  results: readonly CheckResult[],
): string[] {
  const worked = done.map(({ round }) => round);
  const judged = results.map(({ round }) => round);
  const first = check?.checkFirst ? 0 : 1;
  const rounds = Array.from({ length: Math.max(0, ...judged) + 1 - first }, (_, n) => n + first);
  const violations: string[] = [];
  if (`${judged}` !== `${rounds}` && judged.length > 0) violations.push(`${loopId} was judged in the rounds ${judged}`);
  const last = results.at(-1);
  if (results.slice(0, -1).some(({ round, outcome }) => round > 0 && outcome === 'passed'))
    violations.push(`${loopId} went on after its check had passed`);
  if (state !== 'completed') return violations;
  if (`${worked}` !== `${rounds.filter((round) => round > 0)}`)
    violations.push(`${loopId} was worked in the rounds ${worked} and judged in ${judged}`);
  if (last?.outcome !== 'passed') violations.push(`${loopId} is completed, and its check ${last?.outcome}`);
  return violations;
}

/** What the complete lines of all runs report. */
function reportedByAll(runsFolder: string, counts: (token: string) => boolean): number {
  let reported = 0;
  for (const token of readdirSync(runsFolder).filter((name) => isToken(name) && counts(name))) {
    try {
      reported += reportedIn(runFiles(runsFolder, token).stdout);
    } catch (error) {
      // A run that was never claimed has no output.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return reported;
}

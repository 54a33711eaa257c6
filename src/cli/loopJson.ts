import { isFinished, type Loop } from '../core/model/loop.ts';
import type { LoopDetail } from '../core/model/loopDetail.ts';
import { toUsd } from '../core/model/money.ts';
import type { LiveView } from '../core/model/status.ts';
import { askedBy, reasonOf } from '../ui/text/loopText.ts';
import type { LoopJson } from './listSchema.ts';

/** A loop as `--json` prints it. */
export function loopJson(loop: Loop, view?: Pick<LiveView, 'position' | 'waitingFor' | 'machine'>): LoopJson {
  const reason = reasonOf(loop) ?? askedBy(loop) ?? view?.waitingFor;
  return {
    loopId: loop.loopId,
    title: loop.title,
    state: loop.state,
    agent: loop.agent,
    cwd: loop.cwd,
    ...(view?.machine !== undefined && { machine: view.machine }),
    priority: loop.priority,
    ...(view?.position !== undefined && { position: view.position }),
    ...(reason !== undefined && { reason }),
    attempts: loop.attempts,
    costUsd: toUsd(loop.cost),
    costEstimated: loop.costEstimated > 0,
    costAtLeast: loop.costAtLeast,
    submittedAt: iso(loop.submittedAt),
    ...(isFinished(loop) && { finishedAt: iso(loop.finishedAt) }),
  };
}

/**
 * Everything about a loop as `show --json` prints it. `logOf`: the path of an attempt's output, where that is here.
 */
export function detailJson(detail: LoopDetail, logOf: (token: string) => string | undefined) {
  const { loop, prompt, attempts, history, costUsd, machine } = detail;
  return {
    ...loopJson(loop, machine === undefined ? undefined : { machine }),
    costUsd,
    prompt,
    ...(loop.check && { check: loop.check.command }),
    ...(loop.maxCost !== undefined && { maxCostUsd: toUsd(loop.maxCost) }),
    attemptList: attempts.map((attempt) => ({
      number: attempt.number,
      startedAt: iso(attempt.startedAt),
      ...(attempt.endedAt !== undefined && { endedAt: iso(attempt.endedAt) }),
      ...(attempt.outcome !== undefined && { outcome: attempt.outcome }),
      ...(attempt.reason !== undefined && { reason: attempt.reason }),
      ...(attempt.exitCode !== undefined && { exitCode: attempt.exitCode }),
      ...(attempt.pid !== undefined && { pid: attempt.pid }),
      costUsd: attempt.cost.usd,
      costAtLeast: attempt.cost.atLeast,
      isCheck: attempt.isCheck === true,
      ...optionalLog(logOf(attempt.token)),
    })),
    history: history.map(({ at, from, to, why }) => ({ at: iso(at), from, to, why })),
  };
}

function optionalLog(log: string | undefined): { readonly log?: string } {
  return log === undefined ? {} : { log };
}

export function iso(at: number): string {
  return new Date(at).toISOString();
}

import type { HoldReason } from '../../core/model/gate.ts';
import type { ProfileCheck } from '../../core/state/context.ts';
import type { AgentChecks, AgentReport } from './agentChecks.ts';

/** The check that is repeated while a profile or its account is held (R14.3): it costs no run. */
export function profileChecker(checks: AgentChecks): (agent: string, reason: HoldReason) => Promise<ProfileCheck> {
  return async (agent, reason) => {
    const [report] = await checks.check([agent]);
    return report ? meaningOf(report, reason) : 'unknown';
  };
}

/** What a report says of the cause of a hold. A key that is set was set before, too: it says nothing of whether it is taken. */
export function meaningOf({ path, problems, loggedIn }: AgentReport, reason: HoldReason): ProfileCheck {
  if (path === undefined || problems.length > 0) return 'broken';
  if (reason !== 'login') return 'works';
  return loggedIn === true ? 'works' : 'unknown';
}

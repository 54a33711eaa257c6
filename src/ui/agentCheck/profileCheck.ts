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

/**
 * What a report says about the cause of a hold. An API key that is set proves nothing: it was set when the run failed,
 * too.
 */
export function meaningOf({ path, problems, loggedIn }: AgentReport, reason: HoldReason): ProfileCheck {
  if (path === undefined || problems.length > 0) return 'broken';
  if (reason !== 'login') return 'works';
  return loggedIn === true ? 'works' : 'unknown';
}

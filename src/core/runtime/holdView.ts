import type { CircuitState } from '../model/circuit.ts';
import type { Gates } from '../model/gate.ts';
import type { AccountStatus, CircuitStatus, HoldStatus } from '../model/status.ts';
import type { UsageWindow } from '../model/usageWindow.ts';
import { cooldownRemainingMs } from '../policy/circuitBreaker.ts';
import { accountOf, circuitOf } from '../state/gates.ts';
import type { Engine } from './engine.ts';

type HoldParts = Pick<Engine, 'context' | 'liveState'>;
type AccountCircuit = CircuitStatus & { readonly account: string };

/** All circuits that have counted something, by account (R4.3). */
export function circuitStatuses({ liveState, context }: HoldParts, now: number): AccountCircuit[] {
  return Object.entries(liveState.control.circuits).map(([account, circuit]) => ({
    account,
    state: circuit.state,
    consecutiveFailures: circuit.consecutiveFailures,
    ...(circuit.lastFailureAt !== undefined && { lastFailureAt: circuit.lastFailureAt }),
    ...(circuit.openedAt !== undefined && { openedAt: circuit.openedAt }),
    cooldownRemainingMs: cooldownRemainingMs(circuit, context.settings.circuit, now),
    reasons: circuit.reasons,
  }));
}

const SEVERITY: { readonly [state in CircuitState]: number } = { closed: 0, 'half-open': 1, open: 2 };
const NO_FAILURE: AccountCircuit = {
  ...{ account: '', state: 'closed', consecutiveFailures: 0, cooldownRemainingMs: 0, reasons: [] },
};

/** The worst circuit: open before half-open, then the one with the most failures in a row. */
export function worstCircuit(circuits: readonly AccountCircuit[]): AccountCircuit {
  const [worst = NO_FAILURE] = circuits.toSorted(
    (a, b) => SEVERITY[b.state] - SEVERITY[a.state] || b.consecutiveFailures - a.consecutiveFailures,
  );
  return worst;
}

/** All that is held, or on trial after a hold. */
export function holdStatuses(gates: Gates): HoldStatus[] {
  return Object.values(gates).map((gate) => ({
    of: gate.of,
    state: gate.state,
    reason: gate.reason,
    why: gate.why,
    since: gate.since,
    ...(gate.state === 'held' && gate.until !== undefined && { until: gate.until }),
    guessed: gate.state === 'held' && gate.guessed === true,
  }));
}

/** The accounts of all profiles (R14.1). */
export function accountStatuses({ liveState, context }: HoldParts): AccountStatus[] {
  const agents = Map.groupBy(context.agents.names(), (name) => accountOf(context, name));
  const holds = holdStatuses(liveState.control.gates);
  return [...agents].map(([account, names]) => ({
    account,
    agents: names,
    circuitState: circuitOf(liveState, account).state,
    holds: holds.filter(({ of }) => of.kind === 'account' && of.name === account),
    windows: windowsOf(liveState.control.usage?.[account] ?? [], context.clock.now()),
  }));
}

/** Those that have not started over since they were reported. */
function windowsOf(windows: readonly UsageWindow[], now: number): readonly UsageWindow[] {
  return windows.filter(({ resetsAt = now + 1 }) => resetsAt > now).toSorted((a, b) => b.used - a.used);
}

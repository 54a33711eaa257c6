import type { GateOf, HoldReason } from '../../core/model/gate.ts';
import type { AccountStatus, CircuitStatus, HoldStatus, Status } from '../../core/model/status.ts';
import { CIRCUIT_WORDS } from './circuitWords.ts';
import { count, formatClock, formatDuration } from './format.ts';
import { oneLine } from './safeText.ts';

/** Why loops are held, in two or three words. */
const HOLD_WORDS: { readonly [reason in HoldReason]: string } = {
  usageLimit: 'usage limit reached',
  login: 'not logged in',
  billing: 'billing problem',
  program: 'program missing',
  config: 'settings refused',
  machine: 'machine out of resources',
  user: 'held by you',
  absence: 'held after an absence',
};

export type AccountCircuit = CircuitStatus & { readonly account: string };

/** What stops or slows an account, in a few words; empty if nothing. */
export function accountWords(circuit: AccountCircuit | undefined, holds: readonly HoldStatus[], now: number): string {
  const [hold] = holds;
  if (hold) return holdWords(hold, now);
  if (circuit?.state === 'open')
    return `stopped after ${count(circuit.consecutiveFailures, 'failure')} · ${secondsLeft(circuit)}`;
  return circuit?.state === 'half-open' ? CIRCUIT_WORDS['half-open'].toLowerCase() : '';
}

/** Why something is held, and until when: `usage limit reached · resumes 15:40`. */
export function holdWords({ reason, state, until, guessed }: HoldStatus, now: number): string {
  if (state === 'trial') return 'testing recovery';
  if (until === undefined) return HOLD_WORDS[reason];
  return `${HOLD_WORDS[reason]} · ${guessed ? 'tried again' : 'resumes'} ${formatClock(until, now)}`;
}

/** What a hold applies to, in words. */
export function heldName(of: GateOf): string {
  switch (of.kind) {
    case 'account':
    case 'profile':
      return oneLine(of.name, 40);
    case 'machine':
      return 'this machine';
    case 'absence':
      return 'earlier loops';
  }
}

/** Time until a paused account is tried again: `87 s`, from two minutes on `2m 05s`. */
export function secondsLeft({ cooldownRemainingMs }: Pick<CircuitStatus, 'cooldownRemainingMs'>): string {
  const seconds = Math.ceil(cooldownRemainingMs / 1000);
  return seconds < 120 ? `${seconds} s` : formatDuration(seconds * 1000);
}

/** An account and the holds that stop it. */
export interface AccountState {
  readonly account: string;
  readonly agents: readonly string[];
  readonly circuit: AccountCircuit | undefined;
  readonly holds: readonly HoldStatus[];
}

/** All accounts with the holds of their profiles, stopped ones first. */
export function accountStates({
  accounts,
  circuits,
  holds,
}: Pick<Status, 'accounts' | 'circuits' | 'holds'>): AccountState[] {
  const known: readonly Pick<AccountStatus, 'account' | 'agents' | 'holds'>[] = [
    ...accounts,
    // A removed profile can still have counted failures.
    ...circuits
      .filter(({ account }) => !accounts.some((other) => other.account === account))
      .map(({ account }) => ({ account, agents: [], holds: [] })),
  ];
  return known
    .map(({ account, agents, holds: own }) => ({
      account,
      agents,
      circuit: circuits.find((circuit) => circuit.account === account),
      holds: [...own, ...holds.filter(({ of }) => of.kind === 'profile' && agents.includes(of.name))],
    }))
    .toSorted((a, b) => severity(b) - severity(a));
}

function severity({ circuit, holds }: AccountState): number {
  return holds.length > 0 ? 3 : circuit?.state === 'open' ? 2 : circuit?.state === 'half-open' ? 1 : 0;
}

import type { AgentEvent } from '../model/agentEvent.ts';
import { gateKey } from '../model/gate.ts';
import { type ActiveLoop, payerOf } from '../model/loop.ts';
import type { UsageWindow } from '../model/usageWindow.ts';
import { isPending } from '../policy/waits.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { hold } from './holds.ts';

/** How many windows of an account are kept. */
const MOST_WINDOWS = 8;

/**
 * Keeps how full a window of the account is, and holds new loops of it where only the part is left that its user has
 * reserved (R14.6). What runs goes on.
 */
export function noteWindow(unit: UnitOfWork, loop: ActiveLoop, told: Extract<AgentEvent, { type: 'window' }>): void {
  const { name, used, resetsAt } = told;
  if (used === undefined) return;
  const account = payerOf(loop);
  const window: UsageWindow = { name, used, ...(resetsAt !== undefined && { resetsAt }), at: unit.now };
  const { usage = {} } = unit.control;
  const others = (usage[account] ?? []).filter((other) => other.name !== name);
  unit.putControl({ ...unit.control, usage: { ...usage, [account]: [window, ...others].slice(0, MOST_WINDOWS) } });
  const reserve = unit.context.settings.reserves[account] ?? 0;
  const of = { kind: 'account', name: account } as const;
  const isLeft = reserve === 0 || used * 100 < 100 - reserve;
  if (isLeft || resetsAt === undefined || !isPending(resetsAt, unit.now) || unit.control.gates[gateKey(of)]) return;
  const share = `${Math.round(used * 100)} % of its ${name} window is used, and ${reserve} % is kept for you`;
  hold(unit, { of, reason: 'usageLimit', why: share, until: Math.ceil(resetsAt) });
}

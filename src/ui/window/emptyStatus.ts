import { toUsd } from '../../core/model/money.ts';
import type { Settings } from '../../core/model/settings.ts';
import type { Status } from '../../core/model/status.ts';

/** The status without a supervisor: no loops, not ready, with the reason. */
export function emptyStatus(settings: Settings, now: number, notReady: string | undefined): Status {
  const midnight = new Date(now);
  midnight.setHours(24, 0, 0, 0);
  return {
    running: [],
    preparing: [],
    queued: [],
    parked: [],
    backingOff: [],
    asking: [],
    waiting: [],
    circuitState: 'closed',
    circuit: { state: 'closed', consecutiveFailures: 0, cooldownRemainingMs: 0, reasons: [] },
    circuits: [],
    accounts: [],
    holds: [],
    concurrencyUsed: 0,
    concurrencyMax: settings.maxConcurrent,
    queueDepth: 0,
    queueMax: settings.maxQueueDepth,
    budget: {
      spent: 0,
      unknown: 0,
      reserved: 0,
      granted: 0,
      limit: toUsd(settings.budget.dailyLimit),
      resetsAt: midnight.getTime(),
    },
    permanentlyFailed: [],
    paused: false,
    unknownSettings: [],
    ready: false,
    ...(notReady === undefined ? {} : { notReady }),
  };
}

import type { Disposable } from '../../core/model/disposable.ts';
import type { SupervisorEvent } from '../../core/model/event.ts';
import { gateKey } from '../../core/model/gate.ts';
import type { SupervisorHost } from './supervisorHost.ts';

/** How long (ms) an event is left to the host that caused it: if that host is gone by then, another acts on it. */
const OTHERS_WAIT_MS = 2_000;

/** What one host does about an event for all. */
export type Purpose = 'notice' | 'command' | 'box';

/** Whether this host has caused the event, and so is the first to act on it. */
export function isOwn({ current }: Pick<SupervisorHost, 'current'>, event: SupervisorEvent): boolean {
  return event.host === '' || event.host === current?.hostId;
}

/**
 * Claims events, so that one host acts on each (R10.2). Resolves with those for this host; if the store cannot say,
 * with its own.
 */
export async function claimEvents<T extends SupervisorEvent>(
  host: Pick<SupervisorHost, 'current'>,
  purpose: Purpose,
  events: readonly T[],
): Promise<readonly T[]> {
  const keyOf = (event: T) => `${purpose} ${event.type} ${event.host} ${event.at} ${subjectOf(event)}`;
  try {
    const { current } = host;
    if (!current) return events.filter((event) => isOwn(host, event));
    const claimed = new Set(await current.claim([...new Set(events.map(keyOf))]));
    return events.filter((event) => claimed.has(keyOf(event)));
  } catch {
    return events.filter((event) => isOwn(host, event));
  }
}

function subjectOf(event: SupervisorEvent): string {
  if ('of' in event) return gateKey(event.of);
  if ('account' in event) return event.account;
  return 'loopId' in event ? (event.loopId ?? '') : '';
}

/** Whether an event is about a hold of another machine: its own hosts see to that. */
function isElsewhere({ current }: Pick<SupervisorHost, 'current'>, event: SupervisorEvent): boolean {
  return 'of' in event && event.of.machine !== undefined && event.of.machine !== current?.machineId;
}

/** Acts on events in their turn: on own ones at once, on those of other hosts once these have had the time. */
export class EventTurns implements Disposable {
  readonly #host: Pick<SupervisorHost, 'current'>;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(host: Pick<SupervisorHost, 'current'>) {
    this.#host = host;
  }

  take(event: SupervisorEvent, act: () => void): void {
    if (isElsewhere(this.#host, event)) return;
    if (isOwn(this.#host, event)) {
      act();
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, OTHERS_WAIT_MS);
    this.#timers.add(timer);
  }

  dispose(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

import type { AgentEvent } from '../model/agentEvent.ts';
import type { Activity } from '../model/status.ts';
import type { LiveLines } from '../ports/launcher.ts';

/** How much of a text that comes in pieces is kept, to show its last line (characters). */
const TAIL_KEPT = 2_000;
const LINE_SHOWN = 200;

/** Puts into a few words what a run does, from what its agent says. Nothing of it is stored. */
export class ActivityLog {
  current: Activity = {};
  #textTail = '';

  /** Takes what the agent said at `at` (wall time, ms). */
  hear(events: readonly AgentEvent[], at: number): void {
    if (events.length === 0) return;
    const { silentForMs: _, retrying: __, ...rest } = this.current;
    let next: Activity = { ...rest, heardAt: at };
    for (const event of events) {
      const doing = this.#inWords(event);
      if (doing !== undefined) next = { ...next, doing };
      next = event.type === 'retry' ? { ...next, retrying: event.reason } : withoutRetry(next);
    }
    this.current = next;
  }

  /** The last lines of its logs, as they are now. */
  lines({ unfinished, errorLine, asking }: LiveLines): void {
    const { asking: _, errorLine: __, ...rest } = this.current;
    const doing = unfinished?.slice(0, LINE_SHOWN) ?? rest.doing;
    this.current = {
      ...rest,
      ...(doing !== undefined && { doing }),
      ...(errorLine !== undefined && { errorLine }),
      ...(asking !== undefined && { asking }),
    };
  }

  /** Nothing was heard for `forMs`; undefined: it has resumed. */
  silent(forMs: number | undefined): void {
    const { silentForMs: _, ...rest } = this.current;
    this.current = forMs === undefined ? rest : { ...rest, silentForMs: forMs };
  }

  /** Why its processes cannot be seen; undefined: they can. */
  unseen(why: string | undefined): void {
    const { unseen: _, ...rest } = this.current;
    this.current = why === undefined ? rest : { ...rest, unseen: why };
  }

  /** It is near its limit of memory; undefined: it is not. Returns whether that is news. */
  nearMemory(near: Activity['nearMemory']): boolean {
    const { nearMemory: before, ...rest } = this.current;
    this.current = near ? { ...rest, nearMemory: near } : rest;
    return (before === undefined) !== (near === undefined);
  }

  #inWords(event: AgentEvent): string | undefined {
    if (event.type === 'text') {
      this.#textTail = (event.delta ? this.#textTail + event.text : event.text).slice(-TAIL_KEPT);
      return lastLine(this.#textTail);
    }
    if (event.type === 'toolCall') return `${event.name}: ${event.summary}`;
    return event.type === 'denied' ? `denied: ${event.tool}` : undefined;
  }
}

function withoutRetry(activity: Activity): Activity {
  const { retrying: _, ...rest } = activity;
  return rest;
}

function lastLine(text: string): string | undefined {
  const lines = text.split('\n');
  const last = lines.findLast((line) => line.trim() !== '');
  return last?.trim().slice(0, LINE_SHOWN);
}

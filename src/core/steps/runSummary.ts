import type { AgentEvent } from '../model/agentEvent.ts';
import { takesBackEnd } from '../policy/progress.ts';

/** What a run has said so far, as far as its settlement asks. */
export interface RunSummary {
  readonly said?: Extract<AgentEvent, { type: 'end' }>;
  readonly limit?: Extract<AgentEvent, { type: 'limit' }>;
  /** What the check has found, where this is one. */
  readonly checked?: Extract<AgentEvent, { type: 'checked' }>;
  /** Whether its cost was reported, or priced from what it reported. */
  readonly priced: boolean;
  /** Whether it has said that some of its work has an unknown cost. */
  readonly unknown: boolean;
  /** Whether it has said or done anything: then it has cost something, whatever it says of its end. */
  readonly worked: boolean;
  /** Whether this agent's cost is known at all. */
  readonly hasCost: boolean;
}

/** The summary once the run has said this too. */
export function withEvents(summary: RunSummary, events: readonly AgentEvent[]): RunSummary {
  let { said, limit, checked, priced, unknown, worked } = summary;
  for (const event of events) {
    // It works on: what it said before is not its last word (R5.6).
    if (event.type === 'end') said = event;
    else if (takesBackEnd(event)) said = undefined;
    if (event.type === 'limit') limit = event;
    if (event.type === 'checked') checked = event;
    if (event.type === 'cost' && event.source === 'unknown') unknown = true;
    else if (event.type === 'cost') priced = true;
    if (isWork(event)) worked = true;
  }
  const { said: _, ...rest } = summary;
  const marks = { priced, unknown, worked };
  return { ...rest, ...(said && { said }), ...(limit && { limit }), ...(checked && { checked }), ...marks };
}

/** Any text, tool call or token (R6.6). */
function isWork(event: AgentEvent): boolean {
  if (event.type === 'usage') return Object.values(event.tokens).some((count) => count > 0);
  if (event.type === 'cost' || event.type === 'accrued') return event.cost > 0;
  return event.type === 'text' || event.type === 'toolCall';
}

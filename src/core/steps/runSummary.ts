import type { AgentEvent } from '../model/agentEvent.ts';
import { takesBackEnd } from '../policy/progress.ts';

/** What a run has said so far, as far as its settlement asks. */
export interface RunSummary {
  readonly said?: Extract<AgentEvent, { type: 'end' }>;
  readonly limit?: Extract<AgentEvent, { type: 'limit' }>;
  /** What the check has found, where this is one. */
  readonly checked?: Extract<AgentEvent, { type: 'checked' }>;
  /** Whether the agent itself has said what it cost. */
  readonly priced: boolean;
  /** Whether it has said or done anything: then it has cost something, whatever it says of its end. */
  readonly worked: boolean;
  /** Whether this agent's cost is known at all. */
  readonly hasCost: boolean;
}

/** The summary once the run has said this too. */
export function withEvents(summary: RunSummary, events: readonly AgentEvent[]): RunSummary {
  let { said, limit, checked, priced, worked } = summary;
  for (const event of events) {
    // It works on: what it said before is not its last word (R5.6).
    if (event.type === 'end') said = event;
    else if (takesBackEnd(event)) said = undefined;
    if (event.type === 'limit') limit = event;
    if (event.type === 'checked') checked = event;
    if (event.type === 'cost' && (event.source === 'reported' || event.source === 'priced')) priced = true;
    if (event.type === 'text' || event.type === 'toolCall') worked = true;
  }
  const { said: _, ...rest } = summary;
  return { ...rest, ...(said && { said }), ...(limit && { limit }), ...(checked && { checked }), priced, worked };
}

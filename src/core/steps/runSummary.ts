import type { AgentEvent } from '../model/agentEvent.ts';

/** What a run has said so far, as far as its settlement asks. */
export interface RunSummary {
  readonly said?: Extract<AgentEvent, { type: 'end' }>;
  readonly limit?: Extract<AgentEvent, { type: 'limit' }>;
  /** Whether the agent itself has said what it cost. */
  readonly priced: boolean;
  /** Whether it has said or done anything: then it has cost something, whatever it says of its end. */
  readonly worked: boolean;
  /** Whether this agent's cost is known at all. */
  readonly hasCost: boolean;
}

/** The summary once the run has said this too. */
export function withEvents(summary: RunSummary, events: readonly AgentEvent[]): RunSummary {
  let { said, limit, priced, worked } = summary;
  for (const event of events) {
    if (event.type === 'end') said = event;
    if (event.type === 'limit') limit = event;
    if (event.type === 'cost' && event.source === 'reported') priced = true;
    if (event.type === 'text' || event.type === 'toolCall') worked = true;
  }
  return { ...summary, ...(said && { said }), ...(limit && { limit }), priced, worked };
}

import type { AgentEvent } from '../model/agentEvent.ts';
import { type LastWords, withWords } from '../policy/lastWords.ts';
import { isProgress, takesBackEnd } from '../policy/progress.ts';

/** Why an agent cannot work at all for now. `reason`: one sentence. */
export interface Refusal {
  readonly cause: 'auth' | 'billing';
  readonly reason: string;
}

/** That an agent says in a notice of a retry that its account is refused; undefined where it says no such thing. */
export function refusalIn(event: AgentEvent): Refusal | undefined {
  if (event.type !== 'retry' || (event.cause !== 'auth' && event.cause !== 'billing')) return undefined;
  return { cause: event.cause, reason: event.reason };
}

/** What a run has said so far, as far as its settlement asks. */
export interface RunSummary {
  readonly said?: Extract<AgentEvent, { type: 'end' }>;
  readonly limit?: Extract<AgentEvent, { type: 'limit' }>;
  /** Its account was refused, and it tries again by itself: nothing but the account's owner can help (R14.1). */
  readonly refused?: Refusal;
  /** What the check has found, where this is one. */
  readonly checked?: Extract<AgentEvent, { type: 'checked' }>;
  /** What its agent said last. */
  readonly words?: LastWords;
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
  if (events.length === 0) return summary;
  let { said, limit, refused, checked, words, priced, unknown, worked } = summary;
  for (const event of events) {
    // It works on: what it said before is not its last word (R5.6).
    if (event.type === 'end') said = event;
    else if (takesBackEnd(event)) said = undefined;
    if (event.type === 'limit') limit = event;
    refused = refusalIn(event) ?? (isProgress(event) ? undefined : refused);
    if (event.type === 'checked') checked = event;
    words = withWords(words, event);
    if (event.type === 'cost' && event.source === 'unknown') unknown = true;
    else if (event.type === 'cost') priced = true;
    if (isWork(event)) worked = true;
  }
  const { said: _, refused: _1, ...rest } = summary;
  const marks = { priced, unknown, worked };
  return {
    ...rest,
    ...(said && { said }),
    ...(limit && { limit }),
    ...(refused && { refused }),
    ...(checked && { checked }),
    ...(words && { words }),
    ...marks,
  };
}

/** Any text, tool call or token (R6.6). */
function isWork(event: AgentEvent): boolean {
  if (event.type === 'usage') return Object.values(event.tokens).some((count) => count > 0);
  if (event.type === 'cost' || event.type === 'accrued') return event.cost > 0;
  return event.type === 'text' || event.type === 'toolCall';
}

import type { AgentEvent } from '../model/agentEvent.ts';

/** What shows that an agent gets on with its work (R8.4): repeated notices that it tries again do not. */
export function isProgress({ type }: AgentEvent): boolean {
  return type === 'text' || type === 'toolCall' || type === 'toolResult' || type === 'usage';
}

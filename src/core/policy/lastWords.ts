import type { AgentEvent } from '../model/agentEvent.ts';

/** How many characters of a message are kept at most. */
const KEPT = 2_000;

/** What an agent said last. */
export interface LastWords {
  /** The beginning of its last message. */
  readonly text: string;
  /** Further pieces belong to it. */
  readonly isOpen: boolean;
}

/** The last words once the agent has said this too: a message that follows a tool call is another one. */
export function withWords(words: LastWords | undefined, event: AgentEvent): LastWords | undefined {
  if (event.type === 'toolCall' || event.type === 'toolResult') return words && { ...words, isOpen: false };
  if (event.type !== 'text') return words;
  const before = event.delta && words?.isOpen ? words.text : '';
  const text = (before + event.text).slice(0, KEPT);
  return text.trim() === '' ? words : { text, isOpen: event.delta };
}

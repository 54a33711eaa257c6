import type { AgentEvent } from '../model/agentEvent.ts';

/**
 * Whether an event shows that an agent gets on (R8.4): new text, a tool call or its result, tokens, a background task.
 * Notices are no progress, however often they come.
 */
export function isProgress(event: AgentEvent): boolean {
  switch (event.type) {
    case 'text':
      return event.text.trim() !== '';
    case 'toolCall':
    case 'toolResult':
    case 'background':
    case 'usage':
    case 'accrued':
    case 'cost':
      return true;
    default:
      return false;
  }
}

/**
 * Whether an event takes back the agent's report that it ended (R5.6): it works on. What it spent may be reported after
 * its last word.
 */
export function takesBackEnd(event: AgentEvent): boolean {
  if (event.type === 'background') return event.open;
  return event.type === 'text' || event.type === 'toolCall' || event.type === 'toolResult' ? isProgress(event) : false;
}

/** Words with which programs ask for an answer or a permission, at the end of a line. */
const ASKING = [
  /[?？]["'”’)\]]*$/,
  /[?:]\s*[([](y(es)?\s*\/\s*no?|no?\s*\/\s*y(es)?|y|n)[)\]]\s*[:>]?$/i,
  /[([](y(es)?\s*\/\s*no?|no?\s*\/\s*y(es)?)(\s*\/\s*[\w ]+)*[)\]]\s*[:?>]*$/i,
  /\b(password|passphrase|passcode|username|login|token|otp|verification code|pin)\b(?:[^.!]|\.(?=\S)){0,80}:$/i,
  /\bpress (enter|return|any key|y|space)\b(?:[^.!]|\.(?=\S)){0,60}[:.…]*$/i,
  /\b(allow|approve|confirm|continue|proceed|overwrite|accept|trust)\b(?:[^.!]|\.(?=\S)){0,80}[:>]$/i,
  /\b(enter|choose|select|pick|type)\b(?:[^.!]|\.(?=\S)){0,80}[:>]$/i,
  /^[❯>›]\s*\d*[.)]?\s*(yes|no|allow|deny|approve|reject)\b/i,
];
/** A longer line (characters) is never taken for a question. */
const LONGEST_QUESTION = 400;

/** Whether the last line of a program's output looks like a question or a request for permission (R8.4). */
export function looksLikeQuestion(line: string): boolean {
  const text = line.trim();
  // A line of JSON is for programs, not for people.
  if (text === '' || text.length > LONGEST_QUESTION || /^[{[]"?/.test(text)) return false;
  return ASKING.some((pattern) => pattern.test(text));
}

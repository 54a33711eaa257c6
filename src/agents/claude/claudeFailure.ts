import type { AgentErrorCause } from '../../core/model/agentEvent.ts';
import type { Failure, Signs } from '../failure.ts';
import { itemsIn, type JsonObject, numberIn, textIn } from '../json.ts';

const CAUSES: ReadonlyMap<string, AgentErrorCause> = new Map(
  Object.entries({
    authentication_failed: 'auth',
    oauth_org_not_allowed: 'auth',
    billing_error: 'billing',
    rate_limit: 'provider',
    overloaded: 'provider',
    server_error: 'provider',
    model_not_found: 'config',
    error_max_turns: 'turns',
    error_max_budget_usd: 'budget',
  } as const),
);

/** The cause that a kind of error stands for. */
export function causeOfKind(kind: string): AgentErrorCause | undefined {
  return CAUSES.get(kind);
}

/** What a result says of its failure. `apiError` is the kind of the last message that stood for an API failure. */
export function failureIn(message: JsonObject, text: string, apiError: string): Failure {
  const errors = itemsIn(message['errors'])
    .map(textIn)
    .filter((error) => error !== '');
  const terminal = textIn(message['terminal_reason']);
  const subtype = textIn(message['subtype']);
  const status = numberIn(message['api_error_status']);
  const said = errors.join('; ') || text || terminal || subtype;
  if (terminal.startsWith('aborted')) return { message: terminal.replaceAll('_', ' '), cause: 'aborted' };
  if (errors.some((error) => /No conversation found/i.test(error))) return { message: said, cause: 'session' };
  const named = textIn(message['api_error']) === '' ? undefined : 'provider';
  const cause = CAUSES.get(subtype) ?? CAUSES.get(apiError) ?? named;
  return { message: said, ...(status !== undefined && { status }), ...(cause !== undefined && { cause }) };
}

// What claude prints on standard error when it fails to start.
export const SIGNS: Signs = [
  [/No conversation found with session ID|Session ID .+ is already in use/i, 'session'],
  [/^error: (?:unknown option|option '.+' argument|unknown command|missing required)/i, 'config'],
  [/Invalid session ID|requires --verbose|cannot be used with root|is not a known model/i, 'config'],
  [/Credit balance/i, 'billing'],
  [/Invalid API key|Not logged in|Please run \/login|OAuth token/i, 'auth'],
  [/Input must be provided/i, 'task'],
];

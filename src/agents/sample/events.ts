import { randomUUID } from 'node:crypto';

export const MODEL = 'sample-1';

// Events in the form of Claude Code's stream-json: only what a reader of that needs.

export type ContentBlock =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: object };

/** What a message is said to have used. Output is a placeholder, as with the real one: the result knows. */
const USAGE = { input_tokens: 900, cache_creation_input_tokens: 200, cache_read_input_tokens: 8000, output_tokens: 1 };
const OUTPUT_PER_STEP = 150;

export function init(session: string): object {
  return {
    type: 'system',
    subtype: 'init',
    session_id: session,
    cwd: process.cwd(),
    model: MODEL,
    permissionMode: 'default',
  };
}

/** A message beside the work; it costs nothing. */
export function remark(session: string, text: string): object {
  return assistant(session, [{ type: 'text', text }], {});
}

/** A message of a step of the work. */
export function step(session: string, ...content: ContentBlock[]): object {
  return assistant(session, content, USAGE);
}

function assistant(session: string, content: readonly ContentBlock[], usage: object): object {
  const message = { id: `msg_${randomUUID()}`, type: 'message', role: 'assistant', model: MODEL, content, usage };
  return { type: 'assistant', message, parent_tool_use_id: null, session_id: session };
}

/** A message that stands for a failure of the API. */
export function apiError(session: string, kind: string, status: number, text: string): object {
  const message = {
    id: `msg_${randomUUID()}`,
    type: 'message',
    role: 'assistant',
    model: '<synthetic>',
    content: [{ type: 'text', text }],
  };
  return {
    type: 'assistant',
    message,
    parent_tool_use_id: null,
    session_id: session,
    error: kind,
    is_api_error_message: true,
    api_error_status: status,
  };
}

export function toolResult(session: string, id: string, content: string, isError = false): object {
  const part = { type: 'tool_result', tool_use_id: id, content, is_error: isError };
  return { type: 'user', message: { role: 'user', content: [part] }, parent_tool_use_id: null, session_id: session };
}

export function apiRetry(session: string, attempt: number, delayMs: number): object {
  const error = { error_status: 529, error: 'overloaded' };
  return {
    type: 'system',
    subtype: 'api_retry',
    attempt,
    max_retries: 2,
    retry_delay_ms: delayMs,
    ...error,
    session_id: session,
  };
}

export function windowUsedUp(session: string, resetsAt: number): object {
  const info = { status: 'rejected', resetsAt, rateLimitType: 'five_hour', isUsingOverage: false };
  return { type: 'rate_limit_event', rate_limit_info: info, session_id: session };
}

export function permissionDenied(session: string, id: string, tool: string, message: string): object {
  return {
    type: 'system',
    subtype: 'permission_denied',
    tool_name: tool,
    tool_use_id: id,
    message,
    session_id: session,
  };
}

/** How a run ended, for its result. */
export interface Outcome {
  readonly subtype: 'success' | 'error_during_execution' | 'error_max_budget_usd';
  readonly terminalReason: string;
  readonly result?: string;
  readonly errors?: readonly string[];
  readonly apiStatus?: number;
  readonly denials?: readonly { readonly id: string; readonly tool: string; readonly input: object }[];
}

/** `costUsd` is this run's, `earlierUsd` what the session's runs before it have reported. */
export function result(session: string, outcome: Outcome, steps: number, costUsd: number, earlierUsd: number): object {
  const failed = outcome.terminalReason !== 'completed';
  const usage = {
    input_tokens: steps * USAGE.input_tokens,
    cache_creation_input_tokens: steps * USAGE.cache_creation_input_tokens,
    cache_read_input_tokens: steps * USAGE.cache_read_input_tokens,
    output_tokens: steps * OUTPUT_PER_STEP,
  };
  const used = {
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    cacheReadInputTokens: usage.cache_read_input_tokens,
    cacheCreationInputTokens: usage.cache_creation_input_tokens,
    costUSD: costUsd,
  };
  return {
    type: 'result',
    subtype: outcome.subtype,
    is_error: failed,
    terminal_reason: outcome.terminalReason,
    api_error_status: outcome.apiStatus ?? null,
    num_turns: steps,
    ...(outcome.result !== undefined && { result: outcome.result }),
    ...(outcome.errors && { errors: outcome.errors }),
    permission_denials: (outcome.denials ?? []).map(({ id, tool, input }) => ({
      tool_name: tool,
      tool_use_id: id,
      tool_input: input,
    })),
    session_id: session,
    total_cost_usd: earlierUsd + costUsd,
    usage,
    model_usage_since_last_result: costUsd > 0 || steps > 0 ? { [MODEL]: used } : {},
  };
}

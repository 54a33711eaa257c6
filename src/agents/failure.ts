import type { AgentErrorCause, AgentEvent } from '../core/model/agentEvent.ts';
import { isObject, parseObject, textIn } from './json.ts';
import type { Say } from './lineReader.ts';
import { oneLine } from './oneLine.ts';
import { usageLimitIn } from './usageLimit.ts';

/** What an agent's failures are told with. */
export interface AgentWords {
  /** The product's name. */
  readonly title: string;
  /** What to do to be logged in, as an instruction without a full stop. */
  readonly login: string;
}

/** What is known of a failure that an agent reported. */
export interface Failure {
  readonly message: string;
  /** HTTP status of the provider's answer. */
  readonly status?: number;
  /** The cause, where the agent names it in a field of its own. */
  readonly cause?: AgentErrorCause;
}

/**
 * Tells a failure: as a `limit` before it where the message says that a usage window is used up, then as the `end`.
 * `now` (ms) is what times in the message count from.
 */
export function sayFailure(say: Say, words: AgentWords, failure: Failure, now: number): void {
  const message = oneLine(failure.message, 500);
  const limit =
    failure.cause === undefined || failure.cause === 'provider' ? usageLimitIn(failure.message, now) : undefined;
  if (limit) say({ type: 'limit', ...limit, reason: `${words.title} has used up its usage window: ${message}` });
  say(failureEnd(words, { ...failure, message }, limit ? 'provider' : causeOf(failure)));
}

/** The `end` of a failure, as one sentence that says what to do where something can be done. */
export function failureEnd(
  { title, login }: AgentWords,
  { message, status }: Failure,
  cause: AgentErrorCause,
): Extract<AgentEvent, { ok: false }> {
  // Agents end their messages with full stops, or not.
  const said = (message === '' ? 'no reason was given' : message).replace(/[.\s]+$/, '');
  const http = status !== undefined && status >= 400 && !said.includes(String(status)) ? `HTTP ${status}, ` : '';
  const sentence: { readonly [cause in AgentErrorCause]: string } = {
    auth: `${title} has no valid login or no credit (${http}${said}): ${login}, then retry`,
    config: `${title} can not run like this (${http}${said}): correct its profile in loopSupervisor.agents, or update the program, then retry`,
    provider: `${title} got no answer from its model provider (${http}${said})`,
    session: `${title} does not know the session to continue (${said})`,
    budget: `${title} stopped at its cost limit (${said})`,
    turns: `${title} stopped at its limit of turns (${said})`,
    aborted: `${title} was interrupted (${said})`,
    task: `${title} failed (${http}${said})`,
  };
  return { type: 'end', ok: false, cause, reason: sentence[cause] };
}

/** The cause of a failure: what the agent names, else by HTTP status, else by what its message is known to say. */
export function causeOf({ message, status, cause }: Failure): AgentErrorCause {
  if (cause !== undefined) return cause;
  if (status === 429) return 'provider';
  if (/credit balance|\bbilling\b|insufficient[_ ]quota|payment required/i.test(message)) return 'auth';
  if (isUnknownModel(message)) return 'config';
  if (status !== undefined && status >= 400) return causeOfStatus(status);
  if (/api[ _-]?key|not logged in|log ?in\b|authenticat|unauthori[sz]ed|credentials|oauth/i.test(message))
    return 'auth';
  if (
    /overloaded|high demand|at capacity|unavailable|server error|timed? ?out|stream (?:error|disconnected)|network|connection|ECONN|ENOTFOUND|EAI_AGAIN|fetch failed|too many requests/i.test(
      message,
    )
  )
    return 'provider';
  return 'task';
}

function isUnknownModel(message: string): boolean {
  return (
    /\bmodel\b/i.test(message) &&
    /not[ _]found|does ?n[o']t exist|not (?:a )?(?:valid|supported|available)|unknown|unsupported|invalid model|no access/i.test(
      message,
    )
  );
}

/** What an HTTP status of a model provider means. */
export function causeOfStatus(status: number): AgentErrorCause {
  if (status === 401 || status === 402 || status === 403) return 'auth';
  if (status === 404) return 'config';
  // Too early, too many, a conflict or a timeout on its side: another try can succeed.
  if (status === 408 || status === 409 || status === 425 || status === 429 || status === 499 || status >= 500)
    return 'provider';
  return 'task';
}

/** The first line of standard error that fits one of `signs` (which are tried in their order), and the cause it stands for. */
export function causeInErrors(
  errors: readonly string[],
  signs: readonly (readonly [RegExp, AgentErrorCause])[],
): { readonly message: string; readonly cause: AgentErrorCause } | undefined {
  for (const [sign, cause] of signs) {
    const line = errors.find((each) => sign.test(each));
    if (line !== undefined) return { message: oneLine(line.replace(/^error:\s*/i, '')), cause };
  }
  return undefined;
}

/** The message itself where it is wrapped in JSON, as providers' answers are handed on: `{"error":{"message":…}}`. */
export function innerMessage(text: string): string {
  const start = text.indexOf('{');
  const whole = start < 0 ? undefined : parseObject(text.slice(start, text.lastIndexOf('}') + 1));
  const error = isObject(whole?.['error']) ? whole['error'] : whole;
  return textIn(error?.['message']) || text;
}

/** The HTTP status that a message names, as in `unexpected status 401 Unauthorized` or `"code":401`. */
export function statusIn(text: string): number | undefined {
  const found =
    /\b(?:status|status code|HTTP|API Error)\b\W{0,4}([45]\d{2})\b|"(?:code|status)"\s*:\s*([45]\d{2})\b|^([45]\d{2})\s/i.exec(
      text.slice(0, 2_000),
    );
  const digits = found?.[1] ?? found?.[2] ?? found?.[3];
  return digits === undefined ? undefined : Number(digits);
}

/** The `end` of a run that went well, as far as it was let. */
export function finished(denials: number): AgentEvent {
  const but =
    denials === 0 ? '' : `, but ${denials === 1 ? 'a tool call was' : `${denials} tool calls were`} not allowed`;
  return { type: 'end', ok: true, reason: `finished${but}` };
}

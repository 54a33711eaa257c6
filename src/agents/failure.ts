import type { AgentErrorCause, AgentEvent } from '../core/model/agentEvent.ts';
import { isObject, parseObject, textIn } from './json.ts';
import type { Emit } from './lineReader.ts';
import { oneLine } from './oneLine.ts';
import { usageLimitIn } from './usageLimit.ts';

/** The words used for an agent's failures. */
export interface AgentWords {
  /** The product's name. */
  readonly title: string;
  /** How to log in, as an instruction without a full stop. */
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

/** Causes to look for in messages, the most telling first. */
export type Signs = readonly (readonly [RegExp, AgentErrorCause])[];

/**
 * Emits a failure: as a `limit` first, where the message says that a usage window is used up, then as the `end`.
 * `now` (ms) is what times in the message count from.
 */
export function emitFailure(emit: Emit, words: AgentWords, failure: Failure, now: number): void {
  const message = oneLine(failure.message, 500);
  const mayBeLimit = failure.cause === undefined || failure.cause === 'provider';
  const limit = mayBeLimit ? usageLimitIn(failure.message, now) : undefined;
  if (limit) emit({ type: 'limit', ...limit, reason: `${words.title} has used up its usage window: ${message}` });
  emit(failureEnd(words, { ...failure, message }, limit ? 'provider' : causeOf(failure)));
}

type Failed = Extract<AgentEvent, { ok: false }>;

/** The `end` of a failure, as one sentence that says what to do where something can be done. */
export function failureEnd({ title, login }: AgentWords, { message, status }: Failure, cause: AgentErrorCause): Failed {
  // Some agents end their messages with a full stop.
  const said = (message === '' ? 'no reason was given' : message).replace(/[.\s]+$/, '');
  const http = status !== undefined && status >= 400 && !said.includes(String(status)) ? `HTTP ${status}, ` : '';
  const sentence: { readonly [cause in AgentErrorCause]: string } = {
    auth: `${title} has no valid login (${http}${said}): ${login}, then retry`,
    billing: `${title} has no credit (${http}${said}): add credit or set another key, then retry`,
    config:
      `${title} cannot run like this (${http}${said}): ` +
      'correct its profile in loopSupervisor.agents, or update the program, then retry',
    provider: `${title} got no answer from its model provider (${http}${said})`,
    session: `${title} does not know the session to continue (${said})`,
    budget: `${title} stopped at its cost limit (${said})`,
    turns: `${title} stopped at its limit of turns (${said})`,
    aborted: `${title} was interrupted (${said})`,
    task: `${title} failed (${http}${said})`,
  };
  return { type: 'end', ok: false, cause, reason: sentence[cause] };
}

const BILLING = /credit balance|\bbilling\b|insufficient[_ ](?:quota|credits?|balance|funds)|payment required/i;

/** The provider has closed it: no retry can succeed, whatever the status. */
const CLOSED =
  /\b(?:organi[sz]ation|account|workspace|subscription|user) (?:has been |is |was )?(?:disabled|deactivated|suspended|banned|expired)\b/i;

const AUTH = new RegExp(
  [
    'api[ _-]?key|\\b(?:log|sign)(?:ged|ed)? ?in\\b|authenticat|unauthori[sz]ed|credentials|oauth',
    '(?:token|session) (?:has |is )?expired|invalid (?:bearer|access|refresh) token|no auth (?:type|method)',
  ].join('|'),
  'i',
);

const PROVIDER = new RegExp(
  [
    'overloaded|high demand|at capacity|unavailable|server[ _]error|timed? ?out|stream (?:error|disconnected)',
    'network|connection|ECONN|ENOTFOUND|EAI_AGAIN|E(?:HOST|NET)UNREACH|fetch failed|socket hang up|bad gateway',
    'certificate|could not resolve|too many requests|rate[ _-]?limit',
  ].join('|'),
  'i',
);

/** The cause of a failure: what the agent names, else by HTTP status, else by the words of its message. */
export function causeOf({ message, status, cause }: Failure): AgentErrorCause {
  if (cause !== undefined) return cause;
  if (status === 429) return 'provider';
  if (BILLING.test(message)) return 'billing';
  if (CLOSED.test(message)) return 'auth';
  if (isUnknownModel(message)) return 'config';
  if (status !== undefined && status >= 400) return causeOfStatus(status);
  if (AUTH.test(message)) return 'auth';
  return PROVIDER.test(message) ? 'provider' : 'task';
}

const NO_SUCH_MODEL = new RegExp(
  [
    "not[ _]found|does ?n[o']t exist|not (?:a )?(?:valid|supported|available)",
    'unknown|unsupported|invalid model|no access',
  ].join('|'),
  'i',
);

function isUnknownModel(message: string): boolean {
  return /\bmodels?\b/i.test(message) && NO_SUCH_MODEL.test(message);
}

/** What an HTTP status of a model provider means. */
export function causeOfStatus(status: number): AgentErrorCause {
  if (status === 401 || status === 403) return 'auth';
  if (status === 402) return 'billing';
  if (status === 404) return 'config';
  // Too early, too many, a conflict or a timeout on its side: a retry can succeed.
  if ([408, 409, 425, 429, 499].includes(status) || status >= 500) return 'provider';
  return 'task';
}

/**
 * Emits why a run gave no result, from what it wrote on standard error (R14): the first line that fits one of `signs`,
 * else the first one that an error is known by. Returns whether there was one.
 */
export function emitErrors(
  emit: Emit,
  words: AgentWords,
  errors: readonly string[],
  signs: Signs,
  now: number,
): boolean {
  const known = causeInErrors(errors, signs) ?? errors.filter(looksLikeError).map(failureOf).find(isTelling);
  if (known) emitFailure(emit, words, known, now);
  return known !== undefined;
}

/** Warns of a model that the agent does not know and uses all the same; `sign` finds its name on standard error. */
export function warnOfModel(emit: Emit, errors: readonly string[], sign: RegExp): void {
  const model = errors.map((line) => sign.exec(line)?.[1]).find((name) => name !== undefined);
  if (model === undefined) return;
  emit({ type: 'warning', text: `It does not know the model ${oneLine(model, 80)}, and used it anyway.` });
}

/** The last line of standard error that looks like an error, failing a better reason. */
export function lastError(errors: readonly string[]): string | undefined {
  const last = errors.findLast(looksLikeError);
  return last === undefined ? undefined : withoutLabel(last);
}

/** The first line of standard error that fits one of `signs`, tried in their order, and the cause it stands for. */
export function causeInErrors(errors: readonly string[], signs: Signs): Failure | undefined {
  for (const [sign, cause] of signs) {
    const line = errors.find((each) => sign.test(each));
    if (line !== undefined) return { message: withoutLabel(line), cause };
  }
  return undefined;
}

// Programs write much to standard error that is no error: warnings, notices, log lines.
const ERROR_LABEL = /^[\W_]*(?:\w+[: ]\s*)?(?:error|fatal|failed|failure)\b/i;
const PLAIN_AUTH = new RegExp(
  [
    'no authentication information|not (?:logged|signed) in\\b|' +
      '(?:no|invalid|incorrect|missing) api key|unauthori[sz]ed',
    '(?:please|must be) (?:log|sign)(?:ged|ed)? ?in\\b|authentication (?:required|failed)',
  ].join('|'),
  'i',
);

function looksLikeError(line: string): boolean {
  return ERROR_LABEL.test(line) || PLAIN_AUTH.test(line);
}

function failureOf(line: string): Failure {
  const status = statusIn(line);
  const message = innerMessage(withoutLabel(line));
  return { message, ...(status !== undefined && { status }) };
}

function isTelling(failure: Failure): boolean {
  return causeOf(failure) !== 'task' || usageLimitIn(failure.message, 0) !== undefined;
}

function withoutLabel(line: string): string {
  return oneLine(line.replace(/^error:\s*/i, ''));
}

/** The message itself where it is wrapped in JSON, as providers' answers are handed on: `{"error":{"message":…}}`. */
export function innerMessage(text: string): string {
  const start = text.indexOf('{');
  const whole = start < 0 ? undefined : parseObject(text.slice(start, text.lastIndexOf('}') + 1));
  const error = isObject(whole?.['error']) ? whole['error'] : whole;
  return textIn(error?.['message']) || text;
}

const STATUS = new RegExp(
  [
    /\b(?:status|status code|HTTP|API Error)\b\W{0,4}([45]\d{2})\b/,
    /"(?:code|status)"\s*:\s*([45]\d{2})\b/,
    /^([45]\d{2})\s/,
    /\(([45]\d{2})\)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
);

/** The HTTP status that a message names, as in `unexpected status 401 Unauthorized`, `"code":401` or `(429)`. */
export function statusIn(text: string): number | undefined {
  const digits = STATUS.exec(text.slice(0, 2_000))
    ?.slice(1)
    .find((group) => group !== undefined);
  return digits === undefined ? undefined : Number(digits);
}

/** The `end` of a run that went as well as its permissions allowed. */
export function finished(denials: number): Extract<AgentEvent, { ok: true }> {
  const but =
    denials === 0 ? '' : `, but ${denials === 1 ? 'a tool call was' : `${denials} tool calls were`} not allowed`;
  return { type: 'end', ok: true, reason: `finished${but}` };
}

import type { AgentEvent } from '../../src/core/model/agentEvent.ts';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const amount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const finite: Check = (value) => Number.isFinite(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const tokens: Check = (value) =>
  typeof value === 'object' &&
  value !== null &&
  ['input', 'cachedInput', 'cacheWrite', 'output'].every((key) => amount((value as Record<string, unknown>)[key]));

const CAUSES: readonly unknown[] = [
  'provider',
  'auth',
  'billing',
  'config',
  'session',
  'budget',
  'turns',
  'aborted',
  'task',
];
const SOURCES: readonly unknown[] = ['reported', 'priced', 'unknown'];

const FIELDS: { readonly [type in AgentEvent['type']]: { readonly [field: string]: Check } } = {
  session: { sessionId: (value) => text(value) && value !== '' },
  text: { text, delta: flag },
  toolCall: { id: optional(text), name: text, summary: text },
  toolResult: { id: optional(text), ok: flag, summary: text },
  account: { pays: (value) => value === 'key' || value === 'login', from: optional(text) },
  background: { id: text, open: flag, name: text },
  accrued: { cost: amount },
  checked: { report: text, digest: text, score: optional(finite) },
  window: { name: text, used: optional(finite), resetsAt: optional(Number.isSafeInteger as Check) },
  usage: { tokens, model: optional(text) },
  cost: {
    cost: amount,
    source: (value) => SOURCES.includes(value),
    atLeast: optional((value) => value === true),
    earlier: optional(amount),
    model: optional(text),
    note: optional(text),
  },
  retry: {
    attempt: optional(finite),
    maxAttempts: optional(finite),
    delayMs: optional(finite),
    cause: optional((value) => CAUSES.includes(value)),
    reason: text,
  },
  limit: { until: optional(Number.isSafeInteger as Check), reason: text },
  denied: { tool: text, reason: text },
  warning: { text },
  end: {
    ok: flag,
    reason: optional(text),
    cause: optional((value) => CAUSES.includes(value)),
    idle: optional((value) => value === true),
  },
};

/**
 * What is wrong with an event that a reader has answered: fields of the wrong type, amounts that are none, fields that
 * nobody knows.
 */
export function wrongIn(event: AgentEvent): string | undefined {
  const fields = FIELDS[event.type];
  if (!fields) return `an event of the unknown type ${JSON.stringify(event.type)}`;
  const wrong = Object.entries(fields).find(
    ([field, check]) => !check((event as unknown as Record<string, unknown>)[field]),
  );
  if (wrong) return `the ${wrong[0]} of ${JSON.stringify(event).slice(0, 300)}`;
  const unknown = Object.keys(event).find((field) => field !== 'type' && !(field in fields));
  if (unknown !== undefined) return `the unknown field ${unknown} of a ${event.type}`;
  if (
    event.type === 'end' &&
    !event.ok &&
    (event.reason === undefined || event.reason.trim() === '' || event.cause === undefined)
  )
    return 'an end without a reason';
  return undefined;
}

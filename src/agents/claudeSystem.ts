import type { AgentErrorCause } from '../core/model/agentEvent.ts';
import { type AgentWords, causeOfStatus } from './failure.ts';
import { countIn, isObject, itemsIn, type JsonObject, numberIn, objectIn, textIn } from './json.ts';
import type { Say } from './lineReader.ts';
import { oneLine } from './oneLine.ts';
import { resetAt } from './usageLimit.ts';

/** What the reader knows of the world around claude's turns. */
export interface ClaudeSystem {
  /** Where the key comes from that pays, in claude's word; empty before it was told. */
  payer: string;
  /** Names of background tasks that are open, by id. */
  tasks: { [id: string]: string };
  /** A usage window that is used up was told since the last result. */
  limited: boolean;
}

/** More open tasks than this are not remembered. */
const MOST_TASKS = 50;

/** Claude's word where no key pays, but a login. */
const NO_KEY = 'none';

/** Tells who pays (R14.5), and that somebody else does now than in the session's earlier runs. */
export function tellPayer(source: string, memory: ClaudeSystem, { title }: AgentWords, say: Say): void {
  const payer = oneLine(source, 80);
  if (payer === '' || payer === memory.payer) return;
  const before = memory.payer;
  memory.payer = payer;
  say({ type: 'account', ...(payer === NO_KEY ? { pays: 'login' } : { pays: 'key', from: payer }) });
  if (before !== '')
    say({
      type: 'warning',
      text: `Another account pays for ${title} now: ${nameOf(payer)}, before ${nameOf(before)}.`,
    });
}

function nameOf(payer: string): string {
  return payer === NO_KEY ? 'the login' : `the key from ${payer}`;
}

/** Notices of the system: retries, another model, background tasks. */
export function notices(
  message: JsonObject,
  memory: ClaudeSystem,
  causeOfKind: (kind: string) => AgentErrorCause | undefined,
  say: Say,
): void {
  const id = textIn(message['task_id']);
  switch (message['subtype']) {
    case 'api_retry':
      retry(message, causeOfKind, say);
      return;
    case 'model_fallback': {
      const [from, to] = [textIn(message['original_model']), textIn(message['fallback_model'])];
      const text = textIn(message['content']) || `Switched from ${from || 'its model'} to ${to || 'another model'}`;
      say({ type: 'warning', text: oneLine(text, 500) });
      return;
    }
    case 'background_tasks_changed':
      syncTasks(itemsIn(message['tasks']).map(objectIn), memory, say);
      return;
    case 'task_started':
      if (message['is_backgrounded'] !== false) openTask(id, textIn(message['description']), memory, say);
      return;
    case 'task_notification':
      closeTask(id, memory, say);
      return;
    case 'task_updated':
      if (ENDED.test(textIn(objectIn(message['patch'])['status']))) closeTask(id, memory, say);
  }
}

const ENDED = /^(?:completed|failed|killed|stopped|cancell?ed)$/;

function retry(message: JsonObject, causeOfKind: (kind: string) => AgentErrorCause | undefined, say: Say): void {
  const kind = textIn(message['error']);
  const status = numberIn(message['error_status']);
  const attempt = numberIn(message['attempt']);
  const maxAttempts = numberIn(message['max_retries']);
  const delayMs = numberIn(message['retry_delay_ms']);
  // Without a status and a kind it got no answer at all.
  const silent = kind === '' || kind === 'unknown';
  const byStatus = status === undefined ? undefined : causeOfStatus(status);
  const cause = causeOfKind(kind) ?? byStatus ?? (silent ? 'provider' : undefined);
  const why = silent ? 'the API does not answer' : oneLine(kind.replaceAll('_', ' '));
  say({
    type: 'retry',
    ...(attempt !== undefined && { attempt }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(delayMs !== undefined && { delayMs }),
    ...(cause !== undefined && { cause }),
    reason: status === undefined ? why : `${why}, HTTP ${status}`,
  });
}

/** The list of tasks that are open now. */
function syncTasks(tasks: readonly JsonObject[], memory: ClaudeSystem, say: Say): void {
  const open = new Set(tasks.map((task) => textIn(task['task_id'])));
  for (const id of Object.keys(memory.tasks)) if (!open.has(id)) closeTask(id, memory, say);
  for (const task of tasks) openTask(textIn(task['task_id']), textIn(task['description']), memory, say);
}

function openTask(id: string, description: string, memory: ClaudeSystem, say: Say): void {
  if (id === '' || Object.hasOwn(memory.tasks, id) || Object.keys(memory.tasks).length >= MOST_TASKS) return;
  const name = oneLine(description, 80) || oneLine(id, 80);
  memory.tasks[id] = name;
  say({ type: 'background', id, open: true, name });
}

function closeTask(id: string, memory: ClaudeSystem, say: Say): void {
  if (!Object.hasOwn(memory.tasks, id)) return;
  const name = textIn(memory.tasks[id]);
  delete memory.tasks[id];
  say({ type: 'background', id, open: false, name });
}

/** A usage window counts as used up only when it rejects: warnings, and overage that nobody uses, do not. */
export function rateLimit(info: JsonObject, memory: ClaudeSystem, words: AgentWords, say: Say, now: number): void {
  const overage = info['isUsingOverage'] === true;
  const rejected = overage ? info['overageStatus'] === 'rejected' : info['status'] === 'rejected';
  const window = oneLine(textIn(info['rateLimitType']).replaceAll('_', ' ')) || 'usage';
  tellWindows(info, window, say, now);
  if (rejected) {
    memory.limited = true;
    const resetsAt = countIn(overage ? (info['overageResetsAt'] ?? info['resetsAt']) : info['resetsAt']);
    const until = resetAt(resetsAt, now);
    const reason = `${words.title} has used up its ${window} window`;
    say({ type: 'limit', ...(until !== undefined && { until }), reason });
  } else if (info['status'] === 'allowed_warning') {
    const used = countIn(info['utilization']);
    const share = used > 0 ? ` (${Math.round(used * 100)} %)` : '';
    say({ type: 'warning', text: `The ${window} window of ${words.title} is nearly used up${share}.` });
  }
}

/** How full the usage windows are: all of them where the agent lists them, else the one that it speaks of. */
function tellWindows(info: JsonObject, window: string, say: Say, now: number): void {
  const listed = isObject(info['unifiedWindows']) ? Object.entries(info['unifiedWindows']) : [];
  const windows = listed.length > 0 ? listed.slice(0, MOST_WINDOWS) : [[window, info] as const];
  for (const [name, value] of windows) {
    const told = objectIn(value);
    const used = numberIn(told['utilization']);
    const resetsAt = resetAt(countIn(told['resetsAt']), now);
    if (used === undefined || used < 0) continue;
    say({
      type: 'window',
      name: oneLine(name.replaceAll('_', ' '), 40),
      used: Math.min(used, 1),
      ...(resetsAt !== undefined && { resetsAt }),
    });
  }
}

const MOST_WINDOWS = 8;

import type { AgentErrorCause } from '../../core/model/agentEvent.ts';
import { type AgentWords, causeOfStatus } from '../failure.ts';
import { countIn, isObject, itemsIn, type JsonObject, numberIn, objectIn, textIn } from '../json.ts';
import type { Emit } from '../lineReader.ts';
import { oneLine } from '../oneLine.ts';
import { resetAt } from '../usageLimit.ts';

/** What the reader knows besides claude's turns. */
export interface ClaudeSystem {
  /** The source of the key that pays, in claude's own word; empty until known. */
  payer: string;
  /** Names of background tasks that are open, by id. */
  tasks: { [id: string]: string };
  /** A rate-limit event said since the last result that a window is used up. */
  limited: boolean;
}

/** More open tasks than this are not remembered. */
const MOST_TASKS = 50;

/** Claude's word where no key pays, but a login. */
const NO_KEY = 'none';

/** Emits who pays (R14.5), and a warning when that is another account than in the session's earlier runs. */
export function emitPayer(source: string, memory: ClaudeSystem, { title }: AgentWords, emit: Emit): void {
  const payer = oneLine(source, 80);
  if (payer === '' || payer === memory.payer) return;
  const before = memory.payer;
  memory.payer = payer;
  emit({ type: 'account', ...(payer === NO_KEY ? { pays: 'login' } : { pays: 'key', from: payer }) });
  if (before !== '')
    emit({
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
  emit: Emit,
): void {
  const id = textIn(message['task_id']);
  switch (message['subtype']) {
    case 'api_retry':
      retry(message, causeOfKind, emit);
      return;
    case 'model_fallback': {
      const [from, to] = [textIn(message['original_model']), textIn(message['fallback_model'])];
      const text = textIn(message['content']) || `Switched from ${from || 'its model'} to ${to || 'another model'}`;
      emit({ type: 'warning', text: oneLine(text, 500) });
      return;
    }
    case 'background_tasks_changed':
      syncTasks(itemsIn(message['tasks']).map(objectIn), memory, emit);
      return;
    case 'task_started':
      if (message['is_backgrounded'] !== false) openTask(id, textIn(message['description']), memory, emit);
      return;
    case 'task_notification':
      closeTask(id, memory, emit);
      return;
    case 'task_updated':
      if (ENDED.test(textIn(objectIn(message['patch'])['status']))) closeTask(id, memory, emit);
  }
}

const ENDED = /^(?:completed|failed|killed|stopped|cancell?ed)$/;

function retry(message: JsonObject, causeOfKind: (kind: string) => AgentErrorCause | undefined, emit: Emit): void {
  const kind = textIn(message['error']);
  const status = numberIn(message['error_status']);
  const attempt = numberIn(message['attempt']);
  const maxAttempts = numberIn(message['max_retries']);
  const delayMs = numberIn(message['retry_delay_ms']);
  // Without a status and a kind there was no reply at all.
  const silent = kind === '' || kind === 'unknown';
  const byStatus = status === undefined ? undefined : causeOfStatus(status);
  const cause = causeOfKind(kind) ?? byStatus ?? (silent ? 'provider' : undefined);
  const why = silent ? 'the API does not answer' : oneLine(kind.replaceAll('_', ' '));
  emit({
    type: 'retry',
    ...(attempt !== undefined && { attempt }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(delayMs !== undefined && { delayMs }),
    ...(cause !== undefined && { cause }),
    reason: status === undefined ? why : `${why}, HTTP ${status}`,
  });
}

/** The list of tasks that are open now. */
function syncTasks(tasks: readonly JsonObject[], memory: ClaudeSystem, emit: Emit): void {
  const open = new Set(tasks.map((task) => textIn(task['task_id'])));
  for (const id of Object.keys(memory.tasks)) if (!open.has(id)) closeTask(id, memory, emit);
  for (const task of tasks) openTask(textIn(task['task_id']), textIn(task['description']), memory, emit);
}

function openTask(id: string, description: string, memory: ClaudeSystem, emit: Emit): void {
  if (id === '' || Object.hasOwn(memory.tasks, id) || Object.keys(memory.tasks).length >= MOST_TASKS) return;
  const name = oneLine(description, 80) || oneLine(id, 80);
  memory.tasks[id] = name;
  emit({ type: 'background', id, open: true, name });
}

function closeTask(id: string, memory: ClaudeSystem, emit: Emit): void {
  if (!Object.hasOwn(memory.tasks, id)) return;
  const name = textIn(memory.tasks[id]);
  delete memory.tasks[id];
  emit({ type: 'background', id, open: false, name });
}

/** A usage window counts as used up only when it rejects requests: warnings and unused overage do not count. */
export function rateLimit(info: JsonObject, memory: ClaudeSystem, words: AgentWords, emit: Emit, now: number): void {
  const overage = info['isUsingOverage'] === true;
  const rejected = overage ? info['overageStatus'] === 'rejected' : info['status'] === 'rejected';
  const window = oneLine(textIn(info['rateLimitType']).replaceAll('_', ' ')) || 'usage';
  emitWindows(info, window, emit, now);
  if (rejected) {
    memory.limited = true;
    const resetsAt = countIn(overage ? (info['overageResetsAt'] ?? info['resetsAt']) : info['resetsAt']);
    const until = resetAt(resetsAt, now);
    const reason = `${words.title} has used up its ${window} window`;
    emit({ type: 'limit', ...(until !== undefined && { until }), reason });
  } else if (info['status'] === 'allowed_warning') {
    const used = countIn(info['utilization']);
    const share = used > 0 ? ` (${Math.round(used * 100)} %)` : '';
    emit({ type: 'warning', text: `The ${window} window of ${words.title} is nearly used up${share}.` });
  }
}

/** How full the usage windows are: all of them where the agent lists them, else the one that it speaks of. */
function emitWindows(info: JsonObject, window: string, emit: Emit, now: number): void {
  const listed = isObject(info['unifiedWindows']) ? Object.entries(info['unifiedWindows']) : [];
  const windows = listed.length > 0 ? listed.slice(0, MOST_WINDOWS) : [[window, info] as const];
  for (const [name, value] of windows) {
    const state = objectIn(value);
    const used = numberIn(state['utilization']);
    const resetsAt = resetAt(countIn(state['resetsAt']), now);
    if (used === undefined || used < 0) continue;
    emit({
      type: 'window',
      name: oneLine(name.replaceAll('_', ' '), 40),
      used: Math.min(used, 1),
      ...(resetsAt !== undefined && { resetsAt }),
    });
  }
}

const MOST_WINDOWS = 8;

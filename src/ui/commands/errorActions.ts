import {
  type BudgetExceededError,
  type ErrorCode,
  isSupervisorError,
  type SupervisorError,
} from '../../core/model/errors.ts';
import { formatClock } from '../text/format.ts';
import { withoutLinks } from '../text/safeText.ts';
import type { HostState } from '../window/hostState.ts';

/** A button on a message: a command, and whether to repeat afterwards what failed. */
export interface CommandAction {
  readonly title: string;
  readonly command: string;
  readonly args?: readonly unknown[];
  /** Repeat what failed once the command has returned anything but `undefined` or `false`. */
  readonly thenAgain?: boolean;
}

/** A button that submits again what was refused, to be queued until it may start. */
interface QueueAction {
  readonly title: string;
  readonly queues: true;
}

/** A button on a message. */
export type ErrorAction = CommandAction | QueueAction;

const QUEUE: QueueAction = { title: 'Queue Until It Recovers', queues: true };

const SETTINGS = (key: string): CommandAction => ({
  title: 'Open Settings',
  command: 'loopSupervisor.openSettings',
  args: [key],
});

/** An error in sentences. Times are absolute: a message can stay on screen long after a countdown has become wrong. */
export function errorText(error: unknown, now: number): string {
  const message = withoutLinks(error instanceof Error ? error.message : String(error));
  if (!isSupervisorError(error) || !('secondsLeft' in error)) return message;
  const { secondsLeft } = error;
  return typeof secondsLeft === 'number' && secondsLeft > 0
    ? `${message} The next trial run is due at ${formatClock(now + secondsLeft * 1_000, now)}.`
    : message;
}

/** The buttons that help with an error. `isSubmit`: what failed can be submitted again, to be queued. */
export function errorActions(error: unknown, state: HostState['kind'], isSubmit = false): readonly ErrorAction[] {
  if (!isSupervisorError(error)) return [{ title: 'Show Log', command: 'loopSupervisor.showLog' }];
  if (error.code === 'not-ready') return notReadyActions(state);
  const loopId = 'loopId' in error && typeof error.loopId === 'string' ? error.loopId : undefined;
  const table: { readonly [code in ErrorCode]?: readonly ErrorAction[] } = {
    'circuit-open': [
      { title: 'Reset Circuit', command: 'loopSupervisor.resetCircuit', thenAgain: true },
      ...(isSubmit ? [QUEUE] : []),
      { title: 'Show Circuit', command: 'loopSupervisor.showCircuit' },
    ],
    'budget-exceeded': [
      { title: 'Raise Limit', command: 'loopSupervisor.setDailyBudget', thenAgain: true },
      ...(isSubmit && fitsAnotherDay(error) ? [QUEUE] : []),
      { title: 'Show Budget', command: 'loopSupervisor.showBudget' },
    ],
    'queue-full': [SETTINGS('maxQueueDepth'), { title: 'Show Loops', command: 'loopSupervisor.loops.focus' }],
    'permanently-failed': [
      { title: 'Retry', command: 'loopSupervisor.retry', args: [loopId] },
      { title: 'Show Output', command: 'loopSupervisor.showOutput', args: [loopId] },
    ],
    'duplicate-loop': [{ title: 'Show Output', command: 'loopSupervisor.showOutput', args: [loopId] }],
    'shutting-down': [{ title: 'Reload Window', command: 'workbench.action.reloadWindow' }],
    'unknown-loop': [{ title: 'Show Loops', command: 'loopSupervisor.loops.focus' }],
    'wrong-state': [{ title: 'Show Details', command: 'loopSupervisor.showDetail', args: [loopId] }],
    'invalid-loop':
      'field' in error && error.field === 'agent'
        ? [{ title: 'Choose Agent', command: 'loopSupervisor.chooseAgent', thenAgain: true }, SETTINGS('agents')]
        : [],
    'no-work-tree':
      'reason' in error && error.reason === 'not-pushed'
        ? [{ title: 'Push', command: 'git.push' }]
        : [SETTINGS('isolation')],
    store: [...STORE_ACTIONS],
  };
  return table[error.code] ?? [];
}

/** Whether a loop that today's budget refused can fit that of another day. */
function fitsAnotherDay(error: SupervisorError): boolean {
  const { estimateUsd, limitUsd } = error as Partial<BudgetExceededError>;
  return estimateUsd !== undefined && limitUsd !== undefined && estimateUsd <= limitUsd;
}

/** The buttons that help while there is no supervisor. */
export function notReadyActions(state: HostState['kind']): readonly CommandAction[] {
  if (state === 'untrusted') return [{ title: 'Manage Workspace Trust', command: 'workbench.trust.manage' }];
  if (state === 'idle' || state === 'opening') return [];
  return STORE_ACTIONS;
}

const STORE_ACTIONS: readonly CommandAction[] = [
  { title: 'Reopen Database', command: 'loopSupervisor.reopenStore' },
  { title: 'Reload Window', command: 'workbench.action.reloadWindow' },
  { title: 'Open Storage Folder', command: 'loopSupervisor.openStorageFolder' },
];

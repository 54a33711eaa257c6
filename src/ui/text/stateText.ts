import type { LoopState, UserDecision, Waiting } from '../../core/model/loop.ts';
import type { WaitingFor } from '../../core/model/status.ts';

/** A state in words. */
export const STATE_WORDS: { readonly [state in LoopState]: string } = {
  queued: 'queued',
  preparing: 'being prepared',
  running: 'running',
  stopping: 'stopping',
  checking: 'checking',
  backingOff: 'waiting to restart',
  waiting: 'waiting',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** What a waiting loop waits for, in words. */
export const WAITING_FOR_WORDS: { readonly [reason in Waiting['for']]: string } = {
  usageLimit: 'usage limit reached',
  dailyBudget: 'out of budget',
  you: 'needs you',
};

/** What a loop needs its user for, in two or three words. */
export const NEED_WORDS: { readonly [need in UserDecision]: string } = {
  endUnknown: 'may still be running',
  machineAway: 'its machine is away',
  notEnded: 'could not be ended',
  answer: 'asked a question',
  question: 'waits for your answer',
  allowance: 'wants to spend more',
  workTree: 'has no work tree',
  maxRounds: 'no rounds left',
  maxCost: 'at its cost limit',
  maxMinutes: 'out of time',
  noProgress: 'no progress',
  noBetterScore: 'score no better',
  checkTimeouts: 'check too slow',
  checkUnstartable: 'check does not start',
};

/** What a queued loop waits for, in words; nothing if only for a slot, which its place in the queue already shows. */
export const QUEUED_FOR_WORDS: { readonly [reason in WaitingFor]: string } = {
  slot: '',
  circuit: 'paused after failures',
  budget: 'waiting for budget',
  paused: 'queue paused',
  settings: 'waiting for a setting that can be read',
  window: 'waiting for its window',
  limit: 'usage limit reached',
  disk: 'waiting for disk space',
  store: 'waiting for the database',
  folder: 'its folder is missing',
  profile: 'its agent profile is missing',
  login: 'its agent is not logged in',
  billing: 'its account has a billing problem',
  program: 'its agent’s program is missing',
  config: 'its agent refuses its settings',
  machine: 'waiting for this machine',
  memory: 'waiting for free memory',
  user: 'held',
  absence: 'held after an absence',
};

import type { AgentErrorCause, AgentEvent } from '../../core/model/agentEvent.ts';
import {
  causeOfStatus,
  emitErrors,
  emitFailure,
  failureEnd,
  innerMessage,
  lastError,
  type Signs,
  statusIn,
} from '../failure.ts';
import { type JsonObject, textIn } from '../json.ts';
import type { Emit, Ending } from '../lineReader.ts';
import { oneLine } from '../oneLine.ts';
import { resetTime } from '../usageLimit.ts';
import { dayOf, instantOf } from '../wallClock.ts';
import { GEMINI_EXITS } from './geminiExits.ts';

export const GEMINI_WORDS = {
  title: 'Gemini CLI',
  login: 'run "gemini" in a terminal and log in with /auth, or set GEMINI_API_KEY',
} as const;

const CAUSES: ReadonlyMap<string, AgentErrorCause> = new Map(
  Object.entries({
    FatalAuthenticationError: 'auth',
    FatalConfigError: 'config',
    FatalSandboxError: 'config',
    FatalUntrustedWorkspaceError: 'config',
    ModelNotFoundError: 'config',
    FatalInputError: 'task',
    FatalToolExecutionError: 'task',
    FatalTurnLimitedError: 'turns',
    FatalCancellationError: 'aborted',
    RetryableQuotaError: 'provider',
  } as const),
);

/** Emits why a result failed; `lastSaid` is the last error that did not end the run. */
export function failed(error: JsonObject, lastSaid: string, emit: Emit, now: number): void {
  const type = textIn(error['type']);
  const raw = textIn(error['message']) || lastSaid;
  const message = innerMessage(raw).replace(/^\[API Error:\s*([\s\S]*?)\](?:\s*$|\s*\n[\s\S]*)/, '$1');
  const status = statusIn(raw);
  const cause = CAUSES.get(type);
  const daily = /exhausted your daily quota/i.test(message) && resetTime(message, now) === undefined;
  if (type !== 'TerminalQuotaError' && !daily) {
    emitFailure(
      emit,
      GEMINI_WORDS,
      { message, ...(status !== undefined && { status }), ...(cause !== undefined && { cause }) },
      now,
    );
    return;
  }
  // Google's days end at midnight in California; other quotas say when they reset, or do not.
  const until = resetTime(raw, now) ?? (daily ? nextPacificMidnight(now) : undefined);
  emit({
    type: 'limit',
    ...(until !== undefined && { until }),
    reason: `${GEMINI_WORDS.title} has used up its quota: ${oneLine(message, 500)}`,
  });
  emit(failureEnd(GEMINI_WORDS, { message: oneLine(message, 500) }, 'provider'));
}

function nextPacificMidnight(now: number): number {
  const zone = 'America/Los_Angeles';
  const today = dayOf(now, zone);
  return instantOf({ ...today, day: today.day + 1 }, { hour: 0, minute: 0 }, zone);
}

const SIGNS: Signs = [
  [/Error resuming session|Invalid session identifier/i, 'session'],
  [/^Unknown arguments?:|Not enough arguments following|Invalid values:/i, 'config'],
  [/No input provided via stdin/i, 'task'],
  [/specify the GEMINI_API_KEY|set an Auth method|Please login|re-authenticate/i, 'auth'],
  [/not running in a trusted directory/i, 'config'],
];

/** Emits why a run ended without a result. */
export function failedWithoutResult({ exit, errors }: Ending, lastSaid: string, emit: Emit, now: number): void {
  const code = exit.exitCode ?? 0;
  const own = GEMINI_EXITS[code];
  // A failed request makes its HTTP status the exit code, of which the system keeps the lowest 8 bits: 401 is 145.
  const status = HTTP.find((each) => each % 256 === code);
  if (emitErrors(emit, GEMINI_WORDS, errors, SIGNS, now)) return;
  if (code === 0) emit(withoutResult(lastSaid || lastError(errors)));
  else if (own) emit(failureEnd(GEMINI_WORDS, { message: own[1] }, own[0]));
  else if (status !== undefined)
    emit(failureEnd(GEMINI_WORDS, { message: `exit code ${code}`, status }, causeOfStatus(status)));
}

/** It ends like this when it is stopped, too. */
function withoutResult(error: string | undefined): Extract<AgentEvent, { type: 'end' }> {
  if (error !== undefined) return failureEnd(GEMINI_WORDS, { message: error }, 'task');
  return failureEnd(GEMINI_WORDS, { message: 'it ended without a result, as it does when it is stopped' }, 'aborted');
}

const HTTP = [400, 401, 403, 404, 429, 499, 500, 502, 503, 504] as const;

import type { Check, CheckRequest } from '../model/check.ts';
import { InvalidLoopError } from '../model/errors.ts';
import { patternOf } from './checkReader.ts';

const DEFAULT_TIMEOUT_MINUTES = 10;
const DEFAULT_ROUNDS = 10;
const MOST_ROUNDS = 1_000;
const MOST_MINUTES = 7 * 24 * 60;
const LONGEST_COMMAND = 32 * 1024;

/** A check with its defaults (R11.1, R11.3). Throws an `InvalidLoopError` that says what is wrong in it. */
export function checkOf(request: CheckRequest): Check {
  if (typeof request !== 'object' || request === null) throw wrong('must be an object with a command');
  const { command, timeoutMinutes = DEFAULT_TIMEOUT_MINUTES, maxRounds = DEFAULT_ROUNDS, maxMinutes = 0 } = request;
  const { context = 'resume', checkFirst = true, score } = request;
  if (typeof command !== 'string' || command.trim() === '') throw wrong('has no command: name one that must exit 0');
  if (command.length > LONGEST_COMMAND || command.includes('\0')) throw wrong('has a command that no shell takes');
  if (!isWithin(timeoutMinutes, Number.MIN_VALUE, MOST_MINUTES))
    throw wrong(`needs timeoutMinutes above 0 and at most ${MOST_MINUTES}, and has ${timeoutMinutes}`);
  if (!Number.isInteger(maxRounds) || !isWithin(maxRounds, 1, MOST_ROUNDS))
    throw wrong(`needs maxRounds from 1 to ${MOST_ROUNDS}, and has ${maxRounds}`);
  if (!isWithin(maxMinutes, 0, MOST_MINUTES))
    throw wrong(`needs maxMinutes from 0 (no bound) to ${MOST_MINUTES}, and has ${maxMinutes}`);
  if (context !== 'resume' && context !== 'fresh') throw wrong('needs "resume" or "fresh" as its context');
  if (typeof checkFirst !== 'boolean') throw wrong('needs true or false for checkFirst');
  const times = { timeoutMs: Math.ceil(timeoutMinutes * 60_000), maxMs: Math.ceil(maxMinutes * 60_000) };
  return { command, ...times, maxRounds, context, checkFirst, ...(score !== undefined && { score: scoreOf(score) }) };
}

/** The check as a caller would specify it. */
export function checkRequestOf({ timeoutMs, maxMs, ...check }: Check): CheckRequest {
  return { ...check, timeoutMinutes: timeoutMs / 60_000, maxMinutes: maxMs / 60_000 };
}

function scoreOf(score: NonNullable<CheckRequest['score']>): NonNullable<Check['score']> {
  const { pattern, better } = score ?? {};
  if (typeof pattern !== 'string' || pattern === '' || !patternOf(pattern))
    throw wrong('needs a regular expression as the pattern of its score');
  if (better !== 'higher' && better !== 'lower')
    throw wrong('needs "higher" or "lower" as what is better in its score');
  return { pattern, better };
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

function wrong(message: string): InvalidLoopError {
  return new InvalidLoopError('check', message);
}

import type { NoRepositoryReason } from './workTree.ts';

const CODES = [
  'not-ready',
  'invalid-loop',
  'invalid-argument',
  'no-work-tree',
  'shutting-down',
  'permanently-failed',
  'duplicate-loop',
  'circuit-open',
  'budget-exceeded',
  'queue-full',
  'unknown-loop',
  'wrong-state',
  'not-allowed',
  'invalid-cost',
  'store',
] as const;

/** The stable names of what can go wrong, for callers that decide by code. */
export type ErrorCode = (typeof CODES)[number];

/**
 * Whether an error is the supervisor's own. Recognized by its code, because each bundle has a class of its own of the
 * extension.
 */
export function isSupervisorError(error: unknown): error is SupervisorError {
  return error instanceof Error && 'code' in error && CODES.some((code) => code === error.code);
}

/**
 * Base of every error that the supervisor rejects with. `message` is a sentence for people: what happened, to what,
 * what to do. `code` is for programs.
 */
export class SupervisorError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** The supervisor cannot take work: no store, or an untrusted workspace (R1.2). */
export class NotReadyError extends SupervisorError {
  constructor(why: string, options?: ErrorOptions) {
    super('not-ready', why, options);
  }
}

/** A field of a submit is wrong (R1.3). `field` names it. */
export class InvalidLoopError extends SupervisorError {
  readonly field: string;
  constructor(field: string, why: string) {
    super('invalid-loop', `The loop was not submitted: ${field} ${why}.`);
    this.field = field;
  }
}

/** A submit from inside an attempt that passes one of its bounds (R15.4). */
export class NotAllowedError extends SupervisorError {
  constructor(why: string) {
    super('not-allowed', `The loop was not submitted: ${why}.`);
  }
}

/** An argument of some other call is of the wrong kind. `argument` names it. */
export class InvalidArgumentError extends SupervisorError {
  readonly argument: string;
  constructor(argument: string, why: string) {
    super('invalid-argument', `Nothing was done: ${argument} ${why}.`);
    this.argument = argument;
  }
}

/** The loop cannot have a work tree of its own (R12.1). `reason` says why, the message what to do. */
export class NoWorkTreeError extends SupervisorError {
  readonly reason: NoRepositoryReason;
  constructor(reason: NoRepositoryReason, message: string) {
    super('no-work-tree', `The loop was not submitted: ${message}`);
    this.reason = reason;
  }
}

/** A submit after shutdown began (R9.1). */
export class ShuttingDownError extends SupervisorError {
  constructor() {
    super(
      'shutting-down',
      'The loop was not submitted: the supervisor is shutting down. Submit it again in a new window.',
    );
  }
}

/** The loop used up its restarts and is not taken again until it is cleared or retried (R5.1). */
export class PermanentlyFailedError extends SupervisorError {
  readonly loopId: string;
  constructor(loopId: string) {
    super(
      'permanently-failed',
      `Loop ${loopId} failed and has no restarts left. Retry it, or submit under another id.`,
    );
    this.loopId = loopId;
  }
}

/** A loop of that id is queued, running or waiting. */
export class DuplicateLoopError extends SupervisorError {
  readonly loopId: string;
  constructor(loopId: string) {
    super('duplicate-loop', `Loop ${loopId} is already here. Cancel it first, or submit under another id.`);
    this.loopId = loopId;
  }
}

/** The circuit breaker lets nothing through (R4). `secondsLeft` is 0 when probe places are taken in half-open. */
export class CircuitOpenError extends SupervisorError {
  readonly secondsLeft: number;
  constructor(secondsLeft: number) {
    super(
      'circuit-open',
      secondsLeft > 0
        ? 'The loop was not submitted: new loops are paused after several failures in a row. ' +
            'They start again once a trial run has succeeded; reset the circuit to go on now.'
        : 'The loop was not submitted: new loops are paused after several failures in a row, ' +
            'and a trial run is under way. Wait for its result, or reset the circuit to go on now.',
    );
    this.secondsLeft = secondsLeft;
  }
}

/**
 * The day's budget does not allow the loop (R6.2). Amounts in USD; `unknownUsd` is guessed for work whose cost nobody
 * knows.
 */
export class BudgetExceededError extends SupervisorError {
  readonly spentUsd: number;
  readonly unknownUsd: number;
  readonly reservedUsd: number;
  readonly limitUsd: number;
  readonly estimateUsd: number;
  constructor(amounts: {
    readonly spentUsd: number;
    readonly unknownUsd: number;
    readonly reservedUsd: number;
    readonly limitUsd: number;
    readonly estimateUsd: number;
  }) {
    const usd = (n: number) => `$${n.toFixed(2)}`;
    const unknown = amounts.unknownUsd > 0 ? `, ${usd(amounts.unknownUsd)} of unknown cost` : '';
    super(
      'budget-exceeded',
      `The loop was not submitted: its estimate of ${usd(amounts.estimateUsd)} does not fit today's budget of ` +
        `${usd(amounts.limitUsd)} (${usd(amounts.spentUsd)} spent${unknown}, ${usd(amounts.reservedUsd)} ` +
        'reserved). Raise the limit or wait until midnight.',
    );
    this.spentUsd = amounts.spentUsd;
    this.unknownUsd = amounts.unknownUsd;
    this.reservedUsd = amounts.reservedUsd;
    this.limitUsd = amounts.limitUsd;
    this.estimateUsd = amounts.estimateUsd;
  }
}

/**
 * The queue holds as many new loops as it may (R2.2). `isParked`: it would be parked, and as many wait for the same
 * reason.
 */
export class QueueFullError extends SupervisorError {
  readonly depth: number;
  readonly limit: number;
  constructor(depth: number, limit: number, isParked = false) {
    const places = isParked ? 'places for loops that cannot start for the same reason' : 'places in the queue';
    super(
      'queue-full',
      `The loop was not submitted: ${depth} of ${limit} ${places} are taken. ` +
        'Wait for one, cancel one, or raise maxQueueDepth.',
    );
    this.depth = depth;
    this.limit = limit;
  }
}

/** There is no loop of that id. */
export class UnknownLoopError extends SupervisorError {
  readonly loopId: string;
  constructor(loopId: string) {
    super('unknown-loop', `There is no loop ${loopId}. It may have been cleared from the history.`);
    this.loopId = loopId;
  }
}

/** The loop is not in a state in which this can be done. */
export class WrongStateError extends SupervisorError {
  readonly loopId: string;
  constructor(loopId: string, what: string) {
    super('wrong-state', `Loop ${loopId} ${what}.`);
    this.loopId = loopId;
  }
}

/** A cost that is negative, not a number or infinite was refused (R6.6). */
export class InvalidCostError extends SupervisorError {
  constructor(value: unknown) {
    super(
      'invalid-cost',
      `A cost of ${String(value).slice(0, 40)} was refused: a cost is a finite number of USD, 0 or more.`,
    );
  }
}

/** The store cannot be used now. The message says why and what to do. */
export class StoreError extends SupervisorError {
  /**
   * `locked`: somebody holds it, which may pass; `unreachable`: its server does not answer, which may pass; `disk`: no
   * space, or read-only; `newer`: of a later version; `replaced`: its file is another; `broken`: only a person can
   * help.
   */
  readonly kind: 'locked' | 'unreachable' | 'disk' | 'newer' | 'replaced' | 'broken';
  constructor(kind: StoreError['kind'], message: string, options?: ErrorOptions) {
    super('store', message, options);
    this.kind = kind;
  }
}

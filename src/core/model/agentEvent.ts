import type { NanoUsd } from './money.ts';

/** Plain data that survives JSON. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * How a row of the ledger came about (R6.2, R6.6): the agent named the amount, we worked it out from tokens, or the work
 * was done and nobody knows its cost, so that a guess is charged.
 */
export type CostSource = 'reported' | 'estimated' | 'unknown';

/**
 * Where the amount of a `cost` event comes from (R6.2, R6.6).
 *
 * - `reported`: the agent named it.
 * - `priced`: worked out from tokens or credits that the agent reported.
 * - `unknown`: work was done, and neither its amount nor its tokens were reported. The amount is a guess, 0 where there
 *   is nothing to guess from; what is charged instead is the core's decision.
 * - `estimated`: the old word for `priced`, still accepted.
 */
export type CostOrigin = 'reported' | 'priced' | 'unknown' | 'estimated';

/** Tokens of one usage report: since the report before it, never cumulative. */
export interface Tokens {
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWrite: number;
  readonly output: number;
}

/**
 * Why an agent says that it could not do its work. `provider`: overload, server error, network: it counts in the circuit.
 * `auth`, `config`: wrong key, bad flag, unknown model: the same command can not succeed, so it is permanent.
 * `session`: the session to continue is unknown: start afresh. `budget`, `turns`: a cap of the agent's own.
 * `aborted`: the agent was interrupted. `task`: anything else that went wrong in its work.
 */
export type AgentErrorCause = 'provider' | 'auth' | 'config' | 'session' | 'budget' | 'turns' | 'aborted' | 'task';

/** What an agent told us, in one vocabulary for all agents. Adapters make these from output lines. */
export type AgentEvent =
  | { readonly type: 'session'; readonly sessionId: string }
  /** `delta`: a piece to be joined to the text before it; otherwise a whole message. */
  | { readonly type: 'text'; readonly text: string; readonly delta: boolean }
  /** `summary`: the call in one line, such as the command or the path. */
  | { readonly type: 'toolCall'; readonly id?: string; readonly name: string; readonly summary: string }
  | { readonly type: 'toolResult'; readonly id?: string; readonly ok: boolean; readonly summary: string }
  | { readonly type: 'usage'; readonly tokens: Tokens; readonly model?: string }
  /**
   * What has been spent since the last `cost` event by a first reckoning, 10⁻⁹ USD (R6.10). Each replaces the one
   * before it, and the next `cost` event replaces them all. It is for watching, never for the ledger: a reader turns
   * what is left of it at the end into a `cost` event.
   */
  | { readonly type: 'accrued'; readonly cost: NanoUsd }
  /**
   * What was spent since the last `cost` event, 10⁻⁹ USD.
   * `atLeast`: part of the work is left out, such as sub-agents or a turn that was cut off.
   * `note` says how the amount was found where the agent did not name it.
   * `earlier`: what the agent reports for all that the session cost before this attempt, where it reports that: it
   * replaces our estimates.
   */
  | {
      readonly type: 'cost';
      readonly cost: NanoUsd;
      readonly source: CostOrigin;
      readonly atLeast?: true;
      readonly earlier?: NanoUsd;
      readonly model?: string;
      readonly note?: string;
    }
  /** The agent waits for its provider and will try again by itself. */
  | {
      readonly type: 'retry';
      readonly attempt?: number;
      readonly maxAttempts?: number;
      readonly delayMs?: number;
      readonly reason: string;
    }
  /** A usage window is used up; `until` is the wall time (ms) of its reset, where the agent names it. */
  | { readonly type: 'limit'; readonly until?: number; readonly reason: string }
  | { readonly type: 'denied'; readonly tool: string; readonly reason: string }
  | { readonly type: 'warning'; readonly text: string }
  /** The agent's own verdict. `reason` is a sentence for people. The last one counts. */
  | { readonly type: 'end'; readonly ok: true; readonly reason?: string }
  | { readonly type: 'end'; readonly ok: false; readonly reason: string; readonly cause: AgentErrorCause };

/** How the leader of an attempt's process group ended. */
export interface ProcessExit {
  /** Exit code; absent when a signal ended it. */
  readonly exitCode?: number;
  /** Signal name such as `SIGKILL`; absent when it exited by itself. */
  readonly signal?: string;
}

/**
 * Turns the output of one attempt into events. It never throws: a line that it can not read becomes a `warning` or nothing.
 * Its state is plain data, so that another window can go on where this one stopped.
 */
export interface AgentReader {
  /**
   * Takes one line of standard output without its line end, and answers what it says. `writtenAt` is the wall time (ms) at which it was there at the
   * latest: what "in 3 hours" counts from when the output of a run is read long after it; now if absent.
   */
  line(text: string, writtenAt?: number): AgentEvent[];
  /**
   * Called once when the process has ended and all output was read. `stderrTail` holds the last 64 KiB of standard error,
   * `report` what the agent wrote into the plan's report file, if it did. Answers what is still to be said: at least the `end` event where the agent has not said it itself and its own rules know it.
   * `endedAt` is the wall time (ms) of its end; now if absent.
   */
  end(exit: ProcessExit, stderrTail: string, report?: string, endedAt?: number): AgentEvent[];
  /** The state to go on from, as `AgentProfile.reader(state)` takes it. */
  state(): Json;
}

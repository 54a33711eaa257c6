import type { NanoUsd } from './money.ts';

/** Plain data that survives JSON. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * How a row of the ledger came about (R6.2, R6.6): the agent named the amount, we worked it out from tokens, or the
 * work was done and its cost is unknown, so that a guess is charged.
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
 * Why an agent could not do its work. The cause names the owner of the trouble (R14):
 *
 * - the account: `auth` (no login, a key refused), `billing` (no credit, a payment refused);
 * - the profile: `config` (unknown model, flag or mode; a program too old; a permission that it would need);
 * - the provider: `provider` (overload, server error, network);
 * - the loop: `session` (the session to continue is unknown: start afresh), `budget` and `turns` (a cap of the agent's
 *   own), `aborted` (it was interrupted), `task` (anything else that went wrong in its work).
 */
export type AgentErrorCause =
  | 'provider'
  | 'auth'
  | 'billing'
  | 'config'
  | 'session'
  | 'budget'
  | 'turns'
  | 'aborted'
  | 'task';

/** What an agent said, in one vocabulary for all agents. Readers make these events from lines of output. */
export type AgentEvent =
  | { readonly type: 'session'; readonly sessionId: string }
  /**
   * Who pays (R14.5), where the agent says it: `key` is an API key and `from` where it was found, such as a variable's
   * name; `login` is a subscription or account that somebody logged in to, whose dollars are only imputed.
   */
  | { readonly type: 'account'; readonly pays: 'key' | 'login'; readonly from?: string }
  /** `delta`: a piece to be joined to the text before it; otherwise a whole message. */
  | { readonly type: 'text'; readonly text: string; readonly delta: boolean }
  /** `summary`: the call in one line, such as the command or the path. */
  | { readonly type: 'toolCall'; readonly id?: string; readonly name: string; readonly summary: string }
  | { readonly type: 'toolResult'; readonly id?: string; readonly ok: boolean; readonly summary: string }
  /**
   * A task that goes on beside the agent's turns has begun (`open`) or ended. While one is open the agent may take
   * another turn after it has said that it is done (R5.6).
   */
  | { readonly type: 'background'; readonly id: string; readonly open: boolean; readonly name: string }
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
  /**
   * The agent waits for its provider and will try again by itself. `cause`: what stands in its way, where it says so;
   * with `auth` and `billing` the tries that are left cannot succeed.
   */
  | {
      readonly type: 'retry';
      readonly attempt?: number;
      readonly maxAttempts?: number;
      readonly delayMs?: number;
      readonly cause?: AgentErrorCause;
      readonly reason: string;
    }
  /**
   * A usage window is used up. `until` is the wall time (ms) of its reset, only where the agent named a time that was
   * wholly understood (R14.4); without it, how long to wait is a guess and has to be shown as one.
   */
  | { readonly type: 'limit'; readonly until?: number; readonly reason: string }
  /** How full a usage window is: `used` from 0 to 1, `resetsAt` in wall time (ms), each if the agent reports it. */
  | { readonly type: 'window'; readonly name: string; readonly used?: number; readonly resetsAt?: number }
  | { readonly type: 'denied'; readonly tool: string; readonly reason: string }
  | { readonly type: 'warning'; readonly text: string }
  /**
   * What a check found, at its end (R11.2). The same `digest` means the same output, whatever its times and temporary
   * names.
   */
  | { readonly type: 'checked'; readonly report: string; readonly digest: string; readonly score?: number }
  /**
   * The agent's own verdict. `reason` is a sentence for people. The last one counts. `idle`: no tool was seen at work,
   * so nothing was run or changed as far as we can see.
   */
  | { readonly type: 'end'; readonly ok: true; readonly reason?: string; readonly idle?: true }
  | { readonly type: 'end'; readonly ok: false; readonly reason: string; readonly cause: AgentErrorCause };

/** How the leader of an attempt's process group ended. */
export interface ProcessExit {
  /** Exit code; absent when a signal ended it. */
  readonly exitCode?: number;
  /** Signal name such as `SIGKILL`; absent when it exited by itself. */
  readonly signal?: string;
}

/**
 * Turns the output of one attempt into events. It never throws: a line that it cannot read becomes a `warning` or
 * nothing. Its state is plain data, so that another host can go on where this one stopped.
 */
export interface AgentReader {
  /**
   * Takes one line of standard output without its line end, and returns what it says. `writtenAt` is the wall time
   * (ms) at which the line was there at the latest: "in 3 hours" counts from then when the output is read long after
   * it was written; now if absent.
   */
  line(text: string, writtenAt?: number): AgentEvent[];
  /**
   * Called once when the process has ended and all output was read. `stderrTail` holds the last 64 KiB of standard
   * error, `report` what the agent wrote into the plan's report file, if it did. Returns what is still to be said: at
   * least the `end` event, where the agent has not said it and its own rules tell it. What else it returns, tokens of a
   * report among it, is accounting and no progress: it takes no verdict back (R5.6). `endedAt` is the wall time (ms)
   * of the end; now if absent.
   */
  end(exit: ProcessExit, stderrTail: string, report?: string, endedAt?: number): AgentEvent[];
  /** The state to go on from, as `AgentProfile.reader(state)` takes it. */
  state(): Json;
}

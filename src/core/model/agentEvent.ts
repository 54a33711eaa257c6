import type { NanoUsd } from './money.ts';

/** Plain data that survives JSON. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Where a cost comes from: the agent said it, or it was computed from tokens, a median or a reservation (R6.6). */
export type CostSource = 'reported' | 'estimated';

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
   * What was spent since the last cost event, in 10⁻⁹ USD. `note` says how an estimate was made where that needs saying.
   * `earlier`: what the agent reports for all that the session cost before this attempt, where it reports that: it replaces our estimates.
   */
  | {
      readonly type: 'cost';
      readonly cost: NanoUsd;
      readonly source: CostSource;
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

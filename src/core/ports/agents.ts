import type { AgentReader, Json } from '../model/agentEvent.ts';
import type { NanoUsd } from '../model/money.ts';

/**
 * One step of a stop: this signal, then its share (0 to 1) of the grace period. SIGKILL follows when all is used up
 * (R7.2).
 */
export interface StopStep {
  readonly signal: 'SIGINT' | 'SIGTERM';
  readonly share: number;
}

/** What a profile needs to know to start an attempt. */
export interface PlanRequest {
  readonly loopId: string;
  readonly prompt: string;
  readonly cwd: string;
  /** Session to continue; absent for a fresh start. */
  readonly resume?: string;
  /**
   * The prompt is a new message for the session that goes on, such as the report of a check (R11.2). If absent, the
   * session knows the prompt already, and the agent gets a short instruction to go on.
   */
  readonly newMessage?: boolean;
  /** What the attempt may still cost, 10⁻⁹ USD, where something limits it. */
  readonly costLeft?: NanoUsd;
  /** A prompt that begins with a command of the agent's own is sent as that command; as text if absent (R1.5). */
  readonly commands?: boolean;
}

/** How to start one attempt. */
export interface CommandPlan {
  readonly command: string;
  /** `${asksFolder}` stands for the folder into which a program of ours writes questions for the user (R17.1). */
  readonly args: readonly string[];
  /** Added to the environment that a terminal would have. */
  readonly env: { readonly [name: string]: string };
  /** Goes to standard input, which is then closed; absent: standard input is empty. */
  readonly stdin?: string;
  /** The prompt goes into a file of the run folder whose path replaces `${promptFile}` in `args`. */
  readonly promptFile?: string;
  /**
   * The agent writes a report of its own when it ends: `${reportFile}` in `args` stands for a path in the run folder,
   * and what is found there (up to 1 MiB) goes to `AgentReader.end`.
   */
  readonly reportFile?: true;
  /** The session, where we choose it. */
  readonly sessionId?: string;
  readonly stopSteps: readonly StopStep[];
}

/** What is known of the session that an attempt continues. */
export interface SessionBefore {
  /** The last reader state of the session's earlier attempt, for agents that count over all of a session. */
  readonly state?: Json;
}

/** How to start one kind of agent, and how to read it. */
export interface AgentProfile {
  readonly name: string;
  /**
   * Names who pays (R14.1): profiles share an account unless their credentials differ. Absent: only this profile does.
   * No credential itself.
   */
  readonly account?: string;
  /** The demo agent: it makes no changes, and its costs are play money that counts for no budget. */
  readonly isDemo?: boolean;
  /** Why this prompt cannot be given to this agent (R1.4); undefined when it can. */
  refuse(prompt: string): string | undefined;
  /**
   * The agent's own command that this prompt begins with, such as `/compact` (R1.5): `plan` sends it as text unless the
   * request, or the profile's option, says `commands`. Undefined when the prompt is text to the agent, or when the
   * agent has no form for commands without a terminal.
   */
  commandIn(prompt: string): string | undefined;
  /** Whether prompts that begin with a command run that command, unless their loop says otherwise (R1.5). */
  readonly commands?: boolean;
  /** Whether a failed attempt's session can be continued. */
  readonly canResume: boolean;
  /** Whether its cost is known at all; `plain` programs have none, and are never charged an estimate. */
  readonly hasCost: boolean;
  /**
   * When its spending is seen (R6.8): `live` as it works, `atEnd` in one sum when it ends (it is not bounded while it
   * runs), `never` where it has no cost that is known.
   */
  readonly spending: 'live' | 'atEnd' | 'never';
  /** Whether the agent itself stops when it has spent what is left (`PlanRequest.costLeft`), give or take a turn. */
  readonly capsItself: boolean;
  /** Whether standard output must be read even when it is not shown. If not, only its size and end matter. */
  readonly needsReading: boolean;
  plan(request: PlanRequest): CommandPlan;
  /**
   * A reader from the beginning, or from a state that a reader of this profile returned. An unknown state is ignored.
   * `before` is given for an attempt that continues a session, whether or not there is a state.
   */
  reader(state?: Json, before?: SessionBefore): AgentReader;
}

export interface AgentCatalog {
  /** How to run a command line by the system's shell, standard error and output in one: for checks (R11.1). */
  shell(commandLine: string): CommandPlan;
  find(name: string): AgentProfile | undefined;
  /** All names, for messages and pickers. */
  names(): readonly string[];
}

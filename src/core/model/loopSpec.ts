import type { Json } from './agentEvent.ts';
import type { CheckRequest } from './check.ts';
import type { Isolation } from './workTree.ts';

/** Prompts are at most this long (bytes of UTF-8, R1.4). */
export const LONGEST_PROMPT_BYTES = 10 * 1024 * 1024;

/** What a caller asks for (R1.1). Only `prompt` is needed. */
export interface LoopSpec {
  /** The text for the agent, up to 10 MiB, byte for byte. Not only white space. */
  readonly prompt: string;
  /** A name of the caller's choice: 1 to 128 of letters, digits, `.`, `_`, `:`, `-`. Made if absent. */
  readonly loopId?: string;
  /** Higher goes first. A finite integer; 0 if absent. */
  readonly priority?: number;
  /**
   * USD, 0 or more. Absent: the median of what the agent's last 20 loops that worked cost, 0 with fewer than three
   * (R6.2).
   */
  readonly estimatedCostUsd?: number;
  /** The loop waits for you when it has cost this much (USD, above 0). Absent: no cap of its own. */
  readonly maxCostUsd?: number;
  /** An agent profile. Absent: the default agent. */
  readonly agent?: string;
  /** An existing folder. Absent: the window's first folder, or the home folder. */
  readonly cwd?: string;
  /** What the tree shows. Absent: the first line of the prompt. */
  readonly title?: string;
  /**
   * Whether a prompt that begins with a slash command is sent as that command, if its agent has a form for it (R1.5).
   * Absent: as its profile says.
   */
  readonly commands?: boolean;
  /** `queue`: it is queued although its circuit or today's budget would refuse it now. `reject`, if absent. */
  readonly whenBlocked?: 'reject' | 'queue';
  /** What must pass before the loop counts as completed (R11). Absent: it completes when its agent says so. */
  readonly check?: CheckRequest;
  /**
   * `worktree`: it works in a Git work tree of its own, made from the commit that is checked out now (R12.1). Absent:
   * as the settings say.
   */
  readonly isolation?: Isolation;
  /** Uncommitted changes of the folder are taken along into its work tree (R12.2). Absent: they are not. */
  readonly carryChanges?: boolean;
  /**
   * Where it runs, on a store that several machines share (R16.4): the name or id of a machine, or `any` that takes
   * loops of its repository. It then works in a work tree of a clone there, at the commit that is checked out here now,
   * which must be on the remote. Absent: on this machine.
   */
  readonly machine?: string;
  /**
   * The loop inside whose attempt this was submitted (R15.4): the new loop has its agent and folder, no check, at most
   * its priority, and takes its cap out of its.
   */
  readonly parent?: string;
  /** Anything that survives JSON, kept with the loop and handed back. */
  readonly metadata?: { readonly [key: string]: Json };
}

/**
 * What its user changes of a loop that has not started (R2.6). What is left out stays; `null` takes a given value back.
 */
export interface LoopEdit {
  readonly prompt?: string;
  readonly agent?: string;
  readonly priority?: number;
  /** Empty: the first line of the prompt. */
  readonly title?: string;
  readonly estimatedCostUsd?: number | null;
  readonly maxCostUsd?: number | null;
  /** A new check restarts its rounds; `null`: the loop completes when its agent says so. */
  readonly check?: CheckRequest | null;
}

/** What a retry changes about its loop (R5.5). */
export interface RetryOptions {
  /** A new cap of its own: USD, more than the loop has cost. Absent: as much again, if its own is used up. */
  readonly maxCostUsd?: number;
}

/** What a loop that waits for more is granted (R6.8, R11.3). */
export type ContinueOptions = RetryOptions;

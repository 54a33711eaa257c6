import type { AgentErrorCause } from '../../../../src/core/model/agentEvent.ts';

/** What must be read from a recording. */
export interface Expectation {
  /** The session id; absent when the output names none. */
  readonly session?: string;
  /** Whole messages, pieces joined. */
  readonly text?: readonly string[];
  /** Tool calls: name and summary. */
  readonly tools?: readonly (readonly [name: string, summary: string])[];
  /** What the agent reported to have cost, USD. */
  readonly usd?: number;
  /** Tokens that were priced: input, cached input, cache write, output. */
  readonly priced?: readonly [number, number, number, number];
  /** What the agent told of the cost of a message that was cut off, USD. */
  readonly cutOff?: number;
  /** Work was done whose cost nobody told. */
  readonly unknown?: true;
  /** Part of the cost is left out. */
  readonly atLeast?: true;
  /** The agent's verdict; absent when it gave none, so that its process's end decides. */
  readonly end?: 'ok' | AgentErrorCause;
  /** Part of the reason. */
  readonly reason?: string;
  /** It ended well, and no tool was seen at work. */
  readonly idle?: true;
  readonly retries?: number;
  /** What the retries named as their cause. */
  readonly retryCause?: AgentErrorCause;
  /** Tool whose call was denied. */
  readonly denied?: string;
  /** When a usage window that is used up resets. */
  readonly limit?: string;
  /** Where the key comes from that pays, or `login`. */
  readonly payer?: string;
  /** Part of a warning. */
  readonly warning?: string;
}

export const ANSWER = 'The answer is 42. All tasks in the plan are done.';
export const READING = 'I will read the file.';
export const CAT = 'cat hello.txt';
export const TAIL = 'tail -f /dev/null & tail -f hello.txt';
export const TOUCH = 'touch /home/user/lab/touched.txt';

/** The first steps of the long answer. */
export function steps(count: number): string {
  return Array.from({ length: count }, (_, index) => `Working on step ${index + 1} of 120. `).join('');
}

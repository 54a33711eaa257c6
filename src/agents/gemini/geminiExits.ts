import type { AgentErrorCause } from '../../core/model/agentEvent.ts';

/** What the exit codes of Gemini CLI mean; it says nothing on standard output with them. Qwen Code is a fork of it. */
export const GEMINI_EXITS: { readonly [code: number]: readonly [AgentErrorCause, string] } = {
  41: ['auth', 'exit code 41: no login'],
  42: ['task', 'exit code 42: it did not accept its input'],
  44: ['config', 'exit code 44: its sandbox did not start'],
  52: ['config', 'exit code 52: its configuration is wrong'],
  53: ['turns', 'exit code 53: its limit of turns'],
  54: ['task', 'exit code 54: a tool failed'],
  55: ['config', 'exit code 55: it does not trust the folder'],
  130: ['aborted', 'exit code 130'],
};

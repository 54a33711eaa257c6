import type { AgentReader, Json } from '../core/model/agentEvent.ts';
import type { AgentFacts } from '../core/model/agentFacts.ts';
import type { PlanRequest, SessionBefore, StopStep } from '../core/ports/agents.ts';
import type { AgentWords } from './failure.ts';
import type { Prices } from './prices.ts';

/** How a prompt gets to its agent. */
export type PromptChannel = 'stdin' | 'argument' | 'file';

/** A profile's options, checked. */
export interface AgentOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
  readonly prompt: PromptChannel;
  readonly model?: string;
  /** Value of the kind's mode option: its permission mode or sandbox; empty where it has none. */
  readonly mode: string;
  readonly resume: boolean;
  readonly stop: readonly StopStep[];
}

/** What profiles need from outside. */
export interface AgentServices {
  readonly prices: Prices;
  /** Wall time, ms. */
  readonly now: () => number;
  readonly newUuid: () => string;
}

/** An option that says what an agent may do without asking, and what its values mean. */
export interface ModeOption {
  readonly option: 'permissionMode' | 'sandbox';
  /** Value and meaning, in a sentence. */
  readonly values: { readonly [value: string]: string };
  /** What counts when nothing is said. */
  readonly fallback: string;
}

/** A command line without the prompt. */
export interface CommandLine {
  readonly args: readonly string[];
  /** The session, where we chose it. */
  readonly sessionId?: string;
  readonly reportFile?: true;
}

/** What differs between the kinds of agents: one of these per agent, in a file of its own. */
export interface AgentKind {
  readonly name: string;
  readonly words: AgentWords;
  /** The program, as it is found on PATH. */
  readonly command: string;
  /** Set for its environment. */
  readonly env: { readonly [name: string]: string };
  readonly mode?: ModeOption;
  readonly takesModel: boolean;
  readonly canResume: boolean;
  readonly hasCost: boolean;
  readonly needsReading: boolean;
  readonly stop: readonly StopStep[];
  readonly facts: Omit<AgentFacts, 'name' | 'title' | 'command' | 'args' | 'env' | 'mode' | 'modes' | 'login'>;
  /** The command line; `request.prompt` is not in it. */
  line(options: AgentOptions, request: PlanRequest, services: AgentServices): CommandLine;
  /** What stands for the prompt at the end of the command line when it goes to standard input. */
  readonly stdinMark?: string;
  /** Whether a prompt that begins with `/` is taken for a command of the agent's own. */
  readonly slashCommands: boolean;
  /** The prompt as arguments; undefined where one that begins with `-` can not be told from an option. */
  argument(prompt: string): readonly string[] | undefined;
  reader(
    options: AgentOptions,
    services: AgentServices,
    state: Json | undefined,
    before: SessionBefore | undefined,
  ): AgentReader;
}

/** Whether the arguments hold one of these options, alone or as `--option=value`. */
export function hasOption(args: readonly string[], ...names: readonly string[]): boolean {
  return args.some((arg) => names.some((name) => arg === name || arg.startsWith(`${name}=`)));
}

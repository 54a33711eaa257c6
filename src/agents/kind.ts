import type { AgentReader, Json } from '../core/model/agentEvent.ts';
import type { AgentFacts } from '../core/model/agentFacts.ts';
import type { AgentProfile, PlanRequest, SessionBefore, StopStep } from '../core/ports/agents.ts';
import type { RolloutFacts } from './codex/codexRollout.ts';
import type { AgentWords } from './failure.ts';
import type { TokensByModel } from './gemini/geminiChat.ts';
import type { Prices } from './prices.ts';

/** How a prompt gets to its agent. */
export type PromptChannel = 'stdin' | 'argument' | 'file';

/** A profile's options, checked. */
export interface AgentOptions {
  readonly command: string;
  /** `command` is a line for the system's shell, and not the name of a program. */
  readonly shell: boolean;
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
  readonly prompt: PromptChannel;
  readonly model?: string;
  /** Value of the kind's mode option: its permission mode or sandbox; empty where it has none. */
  readonly mode: string;
  readonly resume: boolean;
  /** Prompts that begin with a command of the agent's own run that command (R1.5). */
  readonly commands: boolean;
  readonly stop: readonly StopStep[];
}

/** How a bundled program is started. */
export interface DriverProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
}

/** What profiles need from outside. */
export interface AgentServices {
  readonly prices: Prices;
  /** Wall time, ms. */
  readonly now: () => number;
  readonly newUuid: () => string;
  /** How to start our driver, which stands between the guardian and agents that ask. */
  readonly driver: DriverProgram;
  /** As `process.platform`. */
  readonly platform: string;
  /** What Codex wrote down about a thread; undefined where that is not known. */
  readonly rollout: (threadId: string, options: AgentOptions) => RolloutFacts | undefined;
  /** What Gemini CLI wrote down of a session's answers since a time (ms); nothing where that is not known. */
  readonly chat: (sessionId: string, since: number, options: AgentOptions) => TokensByModel;
}

/** An option that says what an agent may do without asking, and what its values mean. */
export interface ModeOption {
  readonly option: 'permissionMode' | 'sandbox';
  /** Value and meaning, in a sentence. */
  readonly values: { readonly [value: string]: string };
  /** The default. */
  readonly fallback: string;
}

/** A command line without the prompt. */
export interface CommandLine {
  /** The program, where it is not that of the profile. */
  readonly command?: string;
  /** Added to its environment. */
  readonly env?: { readonly [name: string]: string };
  readonly args: readonly string[];
  /** The session id, if we chose it. */
  readonly sessionId?: string;
  readonly reportFile?: true;
}

/**
 * How an agent takes commands of its own without a terminal (R1.5): `none`: a slash is text to it; `prompt`: a prompt
 * that begins with `/name` is one, unless a line break comes before it; `option`: only `--command name` is one.
 */
export type CommandForm = 'none' | 'prompt' | 'option';

/** Facts that differ between the profiles of one kind: they come from its words and options. */
type ProfileFact = 'name' | 'title' | 'command' | 'args' | 'env' | 'mode' | 'modes' | 'login';

/** What differs between the kinds of agents: one of these per agent, in a file of its own. */
export interface AgentKind {
  readonly name: string;
  readonly words: AgentWords;
  /** The program, as it is found on PATH. */
  readonly command: string;
  /** Set for its environment. */
  readonly env: { readonly [name: string]: string };
  readonly mode?: ModeOption;
  /** The modes depend on the program behind the profile: the option is `mode`. */
  readonly takesAnyMode?: true;
  readonly takesModel: boolean;
  readonly canResume: boolean;
  readonly hasCost: boolean;
  readonly spending: AgentProfile['spending'];
  readonly capsItself: boolean;
  readonly needsReading: boolean;
  readonly stop: readonly StopStep[];
  readonly commands: CommandForm;
  readonly facts: Omit<AgentFacts, ProfileFact>;
  /** How to ask whether it is logged in, where that depends on the options. */
  loginStatus?(options: AgentOptions): AgentFacts['loginStatus'];
  /** Notes that hold for these options only. */
  notes?(options: AgentOptions): readonly string[];
  /** The command line; `request.prompt` is not in it. */
  line(options: AgentOptions, request: PlanRequest, services: AgentServices): CommandLine;
  /** What stands for the prompt at the end of the command line when it goes to standard input. */
  readonly stdinMark?: string;
  /** The prompt as arguments; undefined where one that begins with `-` would be taken for an option. */
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

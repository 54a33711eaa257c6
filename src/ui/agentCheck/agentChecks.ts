import type { ContainmentReport } from '../../core/model/containment.ts';

/** An agent profile as its facts describe it; its program was not looked for. */
export interface KnownAgent {
  readonly name: string;
  /** The product's name. */
  readonly title: string;
  /** What the profile starts, as written. */
  readonly command: string;
  /** It is the demo that comes with the extension: it makes no changes, costs nothing and needs no account. */
  readonly bundled: boolean;
  /** Sentences on what it cannot do, such as keep to a cost limit; absent if there are none. */
  readonly cannot?: readonly string[];
  /** How to install it, as a command line. */
  readonly install?: string;
  /** How to log in, without a full stop. */
  readonly login?: string;
  /** Arguments that go on with a session in a terminal; `${session}` stands for its id. */
  readonly resumeArgs?: readonly string[];
  /** The option that says what it may do without asking, its value, and what each value means. */
  readonly modes?: {
    readonly option: string;
    readonly value: string;
    readonly values: readonly { readonly value: string; readonly meaning: string }[];
  };
}

/** An agent profile with the path of its program, which was not started. */
export interface FoundAgent extends KnownAgent {
  /** Absent if it was not found. */
  readonly path?: string;
}

/** Something that keeps an agent from being used. */
export interface AgentProblem {
  /** In two or three words, for lists. */
  readonly short: string;
  /** What is wrong and what to do. */
  readonly sentence: string;
}

/** The result of checking an agent. */
export interface AgentReport extends FoundAgent {
  readonly version?: string;
  /** Whether it reports that it is logged in; absent if it cannot say or did not reply. */
  readonly loggedIn?: boolean;
  /** The environment variable with an API key that the agent uses instead of a login. The key itself is not tried. */
  readonly apiKey?: string;
  /** What is wrong; empty if it can be used. */
  readonly problems: readonly AgentProblem[];
  /** Sentences worth knowing. */
  readonly notes: readonly string[];
}

/** Checks the agents' programs. The composition root builds it on the agents' facts and the process layer. */
export interface AgentChecks {
  /** All profiles as they are now. Does not look for programs. */
  all(): Promise<readonly KnownAgent[]>;
  /** Looks for the programs on PATH. Starts no agent. */
  find(): Promise<readonly FoundAgent[]>;
  /** Asks each program for its version, its help and, if it can say, whether it is logged in. */
  check(names?: readonly string[]): Promise<readonly AgentReport[]>;
  /** How loops are contained on this machine (R13.1). */
  containment(): Promise<ContainmentReport>;
}

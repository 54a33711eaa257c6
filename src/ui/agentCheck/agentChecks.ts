/** What is known of an agent profile without looking for its program. */
export interface KnownAgent {
  readonly name: string;
  /** The product's name. */
  readonly title: string;
  /** What the profile starts, as written. */
  readonly command: string;
  /** It comes with the extension, costs nothing and needs no account. */
  readonly bundled: boolean;
  /** How to install it, as a command line. */
  readonly install?: string;
  /** How to log in, without a full stop. */
  readonly login?: string;
}

/** An agent profile and where its program was found, without starting it. */
export interface FoundAgent extends KnownAgent {
  /** Absent when it was not found. */
  readonly path?: string;
}

/** Something that keeps an agent from being used. */
export interface AgentProblem {
  /** In two or three words, for lists. */
  readonly short: string;
  /** What is wrong and what to do. */
  readonly sentence: string;
}

/** What a check of an agent has shown. */
export interface AgentReport extends FoundAgent {
  readonly version?: string;
  /** Whether it says that it is logged in; absent where it can not be asked or has not answered. */
  readonly loggedIn?: boolean;
  /** The variable with an API key that the agent takes instead of a login. Nobody has tried it. */
  readonly apiKey?: string;
  /** What is wrong; empty when it can be used. */
  readonly problems: readonly AgentProblem[];
  /** Sentences worth knowing. */
  readonly notes: readonly string[];
  /** The option that says what it may do without asking, its value, and what all values mean. */
  readonly modes?: {
    readonly option: string;
    readonly value: string;
    readonly values: readonly { readonly value: string; readonly meaning: string }[];
  };
}

/** Looks at the agents' programs. Made by the composition root from the agents' facts and the process layer. */
export interface AgentChecks {
  /** All profiles as they are now, at once. */
  all(): Promise<readonly KnownAgent[]>;
  /** Looks for the programs on PATH. Starts no agent. */
  find(): Promise<readonly FoundAgent[]>;
  /** Asks each program for its version, its help and, where it can tell, whether it is logged in. */
  check(names?: readonly string[]): Promise<readonly AgentReport[]>;
}

/** An agent profile and where its program was found, without starting it. */
export interface FoundAgent {
  readonly name: string;
  /** What the profile starts, as written. */
  readonly command: string;
  /** Where that is; absent when it was not found. */
  readonly path?: string;
  /** It comes with the extension, costs nothing and needs no account. */
  readonly bundled: boolean;
}

/** What a check of an agent has shown. */
export interface AgentReport extends FoundAgent {
  readonly version?: string;
  /** Sentences that say what is wrong and what to do; empty when it can be used. */
  readonly problems: readonly string[];
  /** Sentences worth knowing. */
  readonly notes: readonly string[];
  /** The option that says what it may do without asking, its value, and what all values mean. */
  readonly modes?: {
    readonly option: string;
    readonly value: string;
    readonly values: readonly { readonly value: string; readonly meaning: string }[];
  };
  /** How to install it, as a command line. */
  readonly install?: string;
  /** How to log in, without a full stop. */
  readonly login?: string;
}

/** Looks at the agents' programs. Made by the composition root from the agents' facts and the process layer. */
export interface AgentChecks {
  /** Looks for the programs on PATH. Starts no agent. */
  find(): Promise<readonly FoundAgent[]>;
  /** Asks each program for its version and its help. */
  check(names?: readonly string[]): Promise<readonly AgentReport[]>;
}

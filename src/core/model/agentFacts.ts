/** What is known about the program behind a profile: for checks, onboarding and messages. */
export interface AgentFacts {
  /** The profile's name. */
  readonly name: string;
  /** The product's name. */
  readonly title: string;
  /** The program that is started. */
  readonly command: string;
  /** Arguments that come before all others whenever it is started, also for its version and help. */
  readonly args: readonly string[];
  /** Set for its environment. */
  readonly env: { readonly [name: string]: string };
  /** It comes with the extension, costs nothing and needs no account. */
  readonly bundled: boolean;
  /** Arguments that make it print its version; absent for programs that nothing is known about. */
  readonly versionArgs?: readonly string[];
  /** The oldest version (`1.2.3`) that knows all that we use. */
  readonly minimumVersion?: string;
  /** Pages of its help, and the options of ours that each must mention. */
  readonly help: readonly { readonly args: readonly string[]; readonly options: readonly string[] }[];
  /** How its makers say to install it, as a command line. Show it before it runs. */
  readonly install?: string;
  /** How to log in, as an instruction without a full stop. */
  readonly login?: string;
  /** Arguments that begin a login in a terminal: what the button *Log in to …* runs. Absent where there is no login. */
  readonly loginArgs?: readonly string[];
  /** Arguments that go on with a session in a terminal; `${session}` stands for its id. Absent where it has none. */
  readonly resumeArgs?: readonly string[];
  /** How to find out whether it is logged in, at no cost; absent where it cannot be asked. */
  readonly loginStatus?: {
    readonly args: readonly string[];
    /** The first version that knows these arguments (`1.2.3`): an older one would take them for a prompt. */
    readonly since?: string;
    /** Environment variables that count as a login, whatever it says. */
    readonly keys: readonly string[];
  };
  /** The option that says what it may do without asking; absent where there is none. */
  readonly mode?: { readonly option: 'permissionMode' | 'sandbox'; readonly value: string };
  /** What the values of that option mean, the profile's own included. */
  readonly modes: readonly { readonly value: string; readonly meaning: string }[];
  /** What cannot be bounded or asked with it: sentences to read before it is chosen. */
  readonly cannot: readonly string[];
  /** Sentences worth knowing. */
  readonly notes: readonly string[];
}

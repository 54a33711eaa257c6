/** What is in a shared store. */
export interface SharedStoreFacts {
  /** The address for people, without a password. */
  readonly shown: string;
  readonly live: number;
  readonly finished: number;
  /** How much of that belongs to this machine. */
  readonly ours: { readonly live: number; readonly finished: number };
}

/** The result of moving loops between this machine's own file and a shared store. */
export interface MovedLoops {
  readonly finished: number;
  readonly live: number;
  /** Loops that stayed because they run or their id is taken where they would go. */
  readonly left: number;
}

/** Operations on a shared store for the command that chooses it. */
export interface SharedStore {
  /**
   * Connects, creates the schema if needed, and describes the contents. Rejects with a `StoreError` that says what to
   * do.
   */
  look(address: string, password: string | undefined): Promise<SharedStoreFacts>;
  /** Moves this machine's queue there and copies its history. Repeatable: each loop moves once. */
  move(address: string, password: string | undefined, progress: (moved: number) => void): Promise<MovedLoops>;
  /** Moves what is this machine's of queue and history back to its own file. Repeatable: each loop moves once. */
  moveBack(address: string, password: string | undefined, progress: (moved: number) => void): Promise<MovedLoops>;
}

/** The key of the password of an address in the secret storage. */
export const passwordKey = (address: string) => `store.password ${address}`;

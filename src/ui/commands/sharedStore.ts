/** What is in a shared store. */
export interface SharedStoreFacts {
  /** The address for people, without a password. */
  readonly shown: string;
  readonly live: number;
  readonly finished: number;
}

/** What came of moving this machine's loops into a shared store. */
export interface MovedLoops {
  readonly finished: number;
  readonly live: number;
  /** Loops that stayed: they run, or their id is taken over there. */
  readonly left: number;
}

/** A store that several machines share, as the command that chooses it needs it. */
export interface SharedStore {
  /** Connects, makes the schema if there is none, and says what is there. Rejects with a `StoreError` that says what to do. */
  look(address: string, password: string | undefined): Promise<SharedStoreFacts>;
  /** Moves the queue of this machine's own store there and copies its history. Can be repeated: each loop is moved once. */
  move(address: string, password: string | undefined, progress: (moved: number) => void): Promise<MovedLoops>;
}

/** Where the secret storage keeps the password of an address. */
export const passwordKey = (address: string) => `store.password ${address}`;

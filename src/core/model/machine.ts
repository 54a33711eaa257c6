/** What the store knows of a machine whose hosts share it with others (R16.3). */
export interface MachineRecord {
  /** What people call it. */
  readonly name: string;
  /** Grows whenever another machine takes over what ran here: what was begun under an earlier one may not run on. */
  readonly epoch: number;
  /** Addresses of the repositories whose loops it takes from other machines (R16.4); absent: it has not opted in. */
  readonly takes?: readonly string[];
  /** Its hosts' lease; absent once it has lapsed. */
  readonly lease?: MachineLease;
}

/** Until when what runs on a machine is its own. Any of its hosts renews it. */
export interface MachineLease {
  /** Wall time, ms. */
  readonly renewedAt: number;
  /** The boot of the machine that renewed it; absent where an earlier version did, or where nobody can tell. */
  readonly bootId?: string;
  /** How long (ms) after its last renewal none of its runs can be alive, so that others may take over. */
  readonly lapsesAfterMs: number;
}

/** Machines by their ids. */
export type Machines = { readonly [id: string]: MachineRecord };

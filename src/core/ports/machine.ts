/** The machine of this host, where several share the store (R16.3). */
export interface Machine {
  /** Names it among those that share the store. Hosts have the same one if they can follow each other's runs. */
  readonly id: string;
  /** What people call it. */
  readonly name: string;
  /** Time (ms) of a clock that counts suspend and cannot be set. */
  bootNow(): number;
  /**
   * Lets the runs that were begun under this epoch or a later one go on until then, a time of that clock (ms). Never
   * throws: what cannot be written is logged, and the runs stop at the time that they know.
   */
  allowUntil(epoch: number, bootTime: number): void;
}

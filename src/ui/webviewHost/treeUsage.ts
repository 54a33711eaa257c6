/** What a running attempt's processes take. */
export interface TreeUsage {
  /** Share of one core since the last sample of this tree, in percent; absent at the first one. */
  readonly cpuPercent?: number;
  /** Resident memory of all of them, bytes. */
  readonly memoryBytes: number;
  readonly processes: readonly {
    readonly pid: number;
    readonly command: string;
    readonly memoryBytes: number;
    readonly cpuPercent?: number;
  }[];
}

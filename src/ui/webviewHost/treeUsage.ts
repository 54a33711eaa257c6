/** CPU and memory of the processes of a running attempt. */
export interface TreeUsage {
  /** Percent of one core since the last sample of this tree; absent at the first. */
  readonly cpuPercent?: number;
  /** Their resident memory, bytes. */
  readonly memoryBytes: number;
  readonly processes: readonly {
    readonly pid: number;
    readonly command: string;
    readonly memoryBytes: number;
    readonly cpuPercent?: number;
  }[];
}

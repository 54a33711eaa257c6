import type { Event, SupervisorEvent } from './event.ts';
import type { FinishedLoop, LoopSpec } from './loop.ts';
import type { FinishedQuery, SpendRow } from './ports.ts';
import type { Settings } from './settings.ts';
import type { LiveView, LoopDetail, Status, SubmitResult } from './status.ts';

// CONTRACT SKETCH — the class is being written; these are its public members.
export interface Supervisor {
  readonly onEvent: Event<SupervisorEvent>;
  /** Something shown has changed, here or in another window. Not coalesced. */
  readonly onDidChange: Event<void>;
  submit(spec: LoopSpec): Promise<SubmitResult>;
  cancel(loopId: string): Promise<boolean>;
  killProcessGroup(loopId: string, signal?: string): Promise<boolean>;
  status(): Status;
  get(loopId: string): LoopDetail | undefined;
  recordCost(loopId: string, usd: number, key?: string): Promise<boolean>;
  resetCircuit(): Promise<void>;
  retry(loopId: string): Promise<SubmitResult>;
  clearFailed(loopId: string): Promise<boolean>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  setPriority(loopId: string, priority: number): Promise<number>;
  /** Puts a queued loop before another, taking that one's priority; `undefined`: to the very front (Run Next). */
  moveBefore(loopId: string, beforeLoopId: string | undefined): Promise<number>;
  /** Makes a queued loop of another window this window's. */
  takeOver(loopId: string): Promise<boolean>;
  /** Cancels every live loop; answers how many. */
  stopAll(): Promise<number>;
  /** Stops the attempt and restarts the loop, without using up a restart. */
  restartNow(loopId: string): Promise<boolean>;
  keepWaiting(loopId: string): boolean;
  clearFinished(): Promise<number>;
  removeFinished(loopId: string): Promise<boolean>;
  endKept(loopId: string, pid: number): Promise<boolean>;
  /** Live loops in the order of the tree: active first, then the queue in its order, then backing off, then waiting. */
  live(): LiveView[];
  finished(query: FinishedQuery): FinishedLoop[];
  finishedCount(): { readonly total: number; readonly failed: number };
  spend(fromDay: string): SpendRow[];
  spendToday(limit: number): { readonly loopId: string; readonly title: string; readonly agent: string; readonly usd: number; readonly estimatedUsd: number }[];
  configure(settings: Settings): void;
  shutdown(timeoutMs?: number): Promise<void>;
  release(): Promise<void>;
}

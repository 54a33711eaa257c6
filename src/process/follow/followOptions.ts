import type { AgentReader, Json } from '../../core/model/agentEvent.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import type { SweepTime } from '../sweep/sweep.ts';
import type { GuardianLinkServices } from './guardianLink.ts';
import type { Pump } from './pump.ts';

/** What all runs of a window share. */
export interface FollowServices extends GuardianLinkServices {
  readonly clock: Clock;
  readonly pump: Pump;
  readonly log: (message: string, error?: unknown) => void;
  /** How long (ms) to go on looking for a run that cannot be seen; 10 minutes if absent (R3.1). */
  readonly unseenForMs?: number;
  /** For tests that do not wait. */
  readonly sweepTime?: SweepTime;
}

export interface FollowOptions {
  readonly token: string;
  readonly files: RunFiles;
  readonly reader: AgentReader;
  readonly freshReader?: (() => AgentReader) | undefined;
  readonly needsReading: boolean;
  readonly readOffset: number;
  readonly position?: Json | undefined;
  readonly leader: ProcessIdentity | undefined;
  readonly guardian: ProcessIdentity | undefined;
  readonly graceMs: number;
  readonly keep: readonly string[];
}

import type { ProcessInspector } from '../../core/ports/launcher.ts';
import type { RunRequest } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import type { ProcessTable } from '../tables/processTable.ts';

/** What a guardian needs to know and use. */
export interface GuardianOptions {
  readonly files: RunFiles;
  readonly request: RunRequest;
  readonly table: ProcessTable;
  readonly inspector: ProcessInspector;
  /** It was started as its containment wants it: in a scope, or under a reaper. */
  readonly isWrapped?: boolean;
  readonly log: (message: string, error?: unknown) => void;
}

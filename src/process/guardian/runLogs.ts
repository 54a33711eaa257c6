import { existsSync } from 'node:fs';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import { FORMAT, type RunRequest } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import type { RunMarks } from '../sweep/findProcesses.ts';
import type { ProcessTable } from '../tables/processTable.ts';
import type { AgentLogs } from './agentLogs.ts';
import { watchKeptLogs } from './keptLogs.ts';
import { LogLimit } from './logLimit.ts';
import type { RunRecords } from './runRecords.ts';

export interface RunLogsOptions {
  readonly files: RunFiles;
  readonly records: RunRecords;
  readonly limits: RunRequest['limits'];
  readonly logs: AgentLogs;
  /** The logs have passed their limit, while the agent ran or what it had left was being swept. */
  readonly onPassed: () => void;
  readonly log: (message: string, error?: unknown) => void;
}

/** Holds the logs of a run to their limit (R8.3), from its start until nothing can write to them. */
export class RunLogs {
  readonly #options: RunLogsOptions;
  readonly #limit: LogLimit;
  readonly #released = new AbortController();

  constructor(options: RunLogsOptions) {
    this.#options = options;
    const { logs, limits, onPassed } = options;
    this.#limit = new LogLimit({ logs, maxBytes: limits.maxLogBytes, onPassed, onCut: this.#noteCut });
  }

  /** Bytes in both logs. */
  bytes(): number {
    return this.#options.logs.bytes();
  }

  look(): void {
    this.#limit.look();
  }

  /** The run is over. */
  close(): void {
    this.#limit.close();
  }

  /** Spared processes may write as long as they live. Resolves when they no longer can, or after `release`. */
  async watchKept(table: ProcessTable, marks: RunMarks, kept: readonly ProcessIdentity[]): Promise<void> {
    const { logs, log, limits } = this.#options;
    const onPassed = () => log('Processes that were kept passed the log limit and were ended.');
    const { keep, maxLogBytes: maxBytes } = limits;
    const signal = this.#released.signal;
    await watchKeptLogs({ table, keep, kept, maxBytes, logs, marks, onCut: this.#noteCut, onPassed, signal });
  }

  /** Ends the watch of what was kept. */
  release(): void {
    this.#released.abort();
  }

  readonly #noteCut = (bytes: number): void => {
    const { files, records } = this.#options;
    if (!existsSync(files.cut)) records.cut({ format: FORMAT, bytes, at: Date.now() });
  };
}

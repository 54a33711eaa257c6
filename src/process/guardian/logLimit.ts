import type { AgentLogs } from './agentLogs.ts';

const MEBIBYTE = 1024 * 1024;
/** An attempt's logs never pass their limit by more than this (bytes), or by a tenth of the limit if that is more. */
const LEAST_SLACK_BYTES = 64 * MEBIBYTE;
/** The rate (bytes per ms) assumed until a faster one is seen: about as fast as memory is copied. */
const FAST_BYTES_PER_MS = 8 * MEBIBYTE;
const LONGEST_LOOK_MS = 1_000;

export interface LogLimitOptions {
  readonly logs: Pick<AgentLogs, 'bytes' | 'cutTo' | 'watch'>;
  /** The limit for both logs together, bytes; 0 is none. */
  readonly maxBytes: number;
  /** The limit was passed just now: the writers must be stopped at once. */
  readonly onPassed: () => void;
  /** The logs, which had this many bytes, are about to be cut back to the limit. */
  readonly onCut: (bytes: number) => void;
}

/** How far (bytes) the logs may pass a limit before the writers are stopped. */
export function slackOf(maxBytes: number): number {
  return Math.max(LEAST_SLACK_BYTES, maxBytes / 10);
}

/**
 * When (ms from now) to look at the logs again so that they cannot pass the limit and half of its slack in between,
 * even if they grow at `bytesPerMs`. The other half is for the time that a busy machine takes to let us look.
 */
export function nextLookMs(maxBytes: number, bytes: number, bytesPerMs: number): number {
  const left = maxBytes + slackOf(maxBytes) / 2 - bytes;
  return Math.min(Math.max(1, Math.floor(left / bytesPerMs)), LONGEST_LOOK_MS);
}

/**
 * Holds the logs of one attempt to their limit (R8.3). While they grow it looks as often as the fastest writer would
 * need; once they stand still it sleeps until the system reports a write. Past the limit it reports that once and cuts
 * the logs back whenever they have used up half of the slack.
 */
export class LogLimit {
  readonly #options: LogLimitOptions;
  #bytes = 0;
  #lookedAt = performance.now();
  #fastest = FAST_BYTES_PER_MS;
  #passed = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #unwatch: (() => void) | undefined;

  constructor(options: LogLimitOptions) {
    this.#options = options;
    this.#closed = options.maxBytes <= 0;
    this.look();
  }

  look(): void {
    if (this.#closed) return;
    const { logs, maxBytes } = this.#options;
    clearTimeout(this.#timer);
    let grew = this.#measure();
    if (!grew && !this.#unwatch) {
      this.#unwatch = logs.watch(() => this.look());
      // Something may have been written before the watch began.
      grew = this.#measure();
    }
    if (grew) this.#stopWatching();
    if (!this.#unwatch) this.#timer = setTimeout(() => this.look(), nextLookMs(maxBytes, this.#bytes, this.#fastest));
  }

  /** Nothing writes any more: logs that passed the limit are cut back to it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stopWatching();
    if (this.#options.logs.bytes() > this.#options.maxBytes) this.#cut();
  }

  /** Measures the logs, and acts if they have passed the limit. Returns whether they have changed. */
  #measure(): boolean {
    const { logs, maxBytes, onPassed } = this.#options;
    const now = performance.now();
    const bytes = logs.bytes();
    const grown = bytes - this.#bytes;
    this.#fastest = Math.max(this.#fastest, grown / Math.max(1, now - this.#lookedAt));
    this.#bytes = bytes;
    this.#lookedAt = now;
    if (bytes > maxBytes && !this.#passed) {
      this.#passed = true;
      onPassed();
    } else if (bytes > maxBytes + slackOf(maxBytes) / 2) this.#cut();
    return grown !== 0;
  }

  #cut(): void {
    const { logs, maxBytes, onCut } = this.#options;
    onCut(logs.bytes());
    logs.cutTo(maxBytes);
    this.#bytes = logs.bytes();
  }

  #stopWatching(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }
}

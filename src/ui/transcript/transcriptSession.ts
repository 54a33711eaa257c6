import type { Disposable } from '../../core/model/disposable.ts';
import { isActive } from '../../core/model/loop.ts';
import type { LoopDetail } from '../../core/model/loopDetail.ts';
import type { AgentProfile } from '../../core/ports/agents.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { type AttemptLog, attemptLogs, type LogPaths } from './attemptLog.ts';
import type { AwayView } from './awayOutput.ts';
import { stepBack } from './earlier.ts';
import { ForwardCursor } from './forwardCursor.ts';
import { readLine } from './logFile.ts';
import { LogSearches } from './logSearches.ts';
import { openingPlace, SMALL_LOG, WINDOW } from './openingPlace.ts';
import { comparePos, type FromView, type Pos, START, type ToView, type TranscriptItem } from './protocol.ts';
import { toolDetails } from './toolDetails.ts';
import { headerOf } from './transcriptHeader.ts';

/** Output read before yielding the thread, bytes. */
const PIECE = 96 * 1024;
/** More output than this (bytes) between two looks is skipped: it is more than anybody can read. */
const MAX_BACKLOG = 2 * 1024 * 1024;
const MIN_ITEMS = 40;
/** Interval (ms) between two looks at a growing log: at most 8 messages a second. */
const PAUSE_MS = 125;
/** The interval (ms) after skipped output, when the whole page changes. */
const LONG_PAUSE_MS = 500;

interface Read {
  readonly detail: LoopDetail;
  readonly logs: readonly AttemptLog[];
}

export interface SessionDeps {
  /** The loop as it is now; undefined if it is gone. */
  detail(): Promise<LoopDetail | undefined>;
  paths(token: string): LogPaths;
  /** Where the output is of a loop that runs on another machine, and has more of it come; undefined of one of here. */
  away?(detail: LoopDetail): AwayView | undefined;
  profile(agent: string): AgentProfile | undefined;
  readonly clock: Clock;
  post(message: ToView): void;
  onError(error: unknown): void;
}

/** Messages handled by a session; the others are commands for the panel. */
export type SessionRequest = Exclude<FromView, { type: 'openFile' | 'command' }>;

/**
 * Serves one open transcript: handles requests of the view, and follows the loop while the view shows its end. Holds
 * one window of the log in memory and reads nothing while the view is hidden.
 */
export class TranscriptSession implements Disposable {
  readonly #deps: SessionDeps;
  readonly #searches: LogSearches;
  #cursor = new ForwardCursor(START);
  /** Whether the view shows everything up to the cursor. */
  #following = false;
  #visible = true;
  #disposed = false;
  #timer: Disposable | undefined;
  #detail: Promise<LoopDetail | undefined> = Promise.resolve(undefined);
  /** The loop may have changed since `detail` was read. */
  #dirty = true;
  #header = '';
  /** One task at a time, so that windows and live items do not mix. */
  #queue: Promise<void> = Promise.resolve();

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    this.#searches = new LogSearches(
      (message) => this.#post(message),
      () => deps.clock.now(),
      PAUSE_MS,
    );
  }

  /** Handles a message of the view. */
  handle(message: SessionRequest): void {
    switch (message.type) {
      case 'ready':
      case 'latest':
        this.#enqueue(() => this.#open());
        break;
      case 'earlier':
        if (message.detached) this.#following = false;
        this.#enqueue(() => this.#earlier(message.before));
        break;
      case 'later':
        this.#enqueue(() => this.#later(message.after));
        break;
      case 'goto':
        this.#enqueue(() => this.#goto(message.at));
        break;
      case 'expand':
        this.#enqueue(() => this.#expand(message.key, message.attempt, message.lines));
        break;
      case 'search':
        // Outside the queue: a long search must not delay live output.
        this.#searches
          .find(message.id, message.text, async () => (await this.#read())?.logs)
          .catch((error: unknown) => this.#deps.onError(error));
    }
  }

  /** The loop may have changed. */
  changed(): void {
    this.#dirty = true;
    if (this.#visible && !this.#timer) this.#enqueue(() => this.#tick());
  }

  /** A hidden view costs nothing; when shown again it requests everything. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (visible) return;
    this.#following = false;
    this.#searches.abort();
    this.#timer?.dispose();
    this.#timer = undefined;
  }

  dispose(): void {
    this.setVisible(false);
    this.#disposed = true;
  }

  #enqueue(work: () => Promise<void>): void {
    this.#queue = this.#queue
      .then(() => (this.#disposed ? undefined : work()))
      .catch((error: unknown) => {
        this.#deps.onError(error);
        this.#post({
          type: 'gone',
          text: `The output could not be read: ${error instanceof Error ? error.message : String(error)}`,
        });
      });
  }

  #post(message: ToView): void {
    if (!this.#disposed) this.#deps.post(message);
  }

  async #read(): Promise<Read | undefined> {
    if (this.#dirty) this.#detail = this.#deps.detail();
    this.#dirty = false;
    const detail = await this.#detail.catch((error: unknown) => {
      this.#dirty = true;
      throw error;
    });
    if (!detail) {
      this.#dirty = true;
      this.#following = false;
      this.#post({ type: 'gone', text: 'This loop is no longer in the history.' });
      return undefined;
    }
    const profile = this.#deps.profile(detail.loop.agent);
    const away = this.#deps.away?.(detail);
    const header = headerOf(detail, profile?.isDemo ?? false, away?.note);
    const text = JSON.stringify(header);
    if (text !== this.#header) {
      this.#header = text;
      this.#post({ type: 'header', header });
    }
    return { detail, logs: attemptLogs(detail, away?.paths ?? this.#deps.paths, profile) };
  }

  /** Shows the end and follows it. `skipped`: bytes skipped to get there. */
  async #open(skipped?: number): Promise<void> {
    if (skipped === undefined) this.#header = '';
    const read = await this.#read();
    if (!read) return;
    const from = await openingPlace(read.logs);
    this.#cursor = new ForwardCursor(from);
    const { items } = await this.#drain(read, 2 * SMALL_LOG);
    this.#following = this.#visible;
    this.#post({
      type: 'reset',
      items,
      atStart: from.attempt === 0,
      atEnd: true,
      ...(skipped === undefined ? {} : { skipped }),
    });
    this.#arm(read.detail, skipped === undefined ? PAUSE_MS : LONG_PAUSE_MS);
  }

  /** Reads up to `maxBytes` of output, or to the end. */
  async #drain({ detail, logs }: Read, maxBytes: number): Promise<{ items: TranscriptItem[]; atEnd: boolean }> {
    const items = new Map<string, TranscriptItem>();
    let atEnd = false;
    for (let bytes = 0; bytes < maxBytes && !atEnd && !this.#disposed; ) {
      const step = await this.#cursor.next(logs, () => detail.prompt, PIECE, this.#deps.clock.now());
      for (const item of step.items) items.set(item.key, item);
      bytes += step.read;
      atEnd = step.atEnd;
    }
    return { items: [...items.values()], atEnd };
  }

  async #earlier(before: Pos): Promise<void> {
    const read = await this.#read();
    if (!read) return;
    const items: TranscriptItem[] = [];
    let at = before;
    let atStart = false;
    for (let left = 2 * WINDOW; left > 0 && items.length < MIN_ITEMS && !atStart; left -= WINDOW / 2) {
      const window = await stepBack(read.logs, at, () => read.detail.prompt, WINDOW / 2, this.#deps.clock.now());
      items.unshift(...window.items);
      at = window.from;
      atStart = window.atStart;
    }
    this.#post({ type: 'earlier', items, atStart });
  }

  async #later(after: Pos): Promise<void> {
    const read = await this.#read();
    if (!read) return;
    if (comparePos(this.#cursor.pos, after) !== 0) this.#cursor = new ForwardCursor(after);
    const { items, atEnd } = await this.#drain(read, WINDOW);
    this.#following = atEnd && this.#visible;
    this.#post({ type: 'later', items, atEnd });
    this.#arm(read.detail);
  }

  /** Shows the surroundings of a position. */
  async #goto(at: Pos): Promise<void> {
    const read = await this.#read();
    if (!read) return;
    const { from } = await stepBack(read.logs, at, () => read.detail.prompt, WINDOW / 8, this.#deps.clock.now());
    this.#cursor = new ForwardCursor(from);
    const { items, atEnd } = await this.#drain(read, WINDOW);
    this.#following = atEnd && this.#visible;
    this.#post({ type: 'reset', items, atStart: from.attempt === 0, atEnd, focus: at });
    this.#arm(read.detail);
  }

  async #expand(key: string, attempt: number, lines: readonly number[]): Promise<void> {
    const log = (await this.#read())?.logs.find((one) => one.attempt.number === attempt);
    if (!log) return;
    const texts = await Promise.all(lines.map((offset) => readLine(log.out, offset)));
    this.#post({ type: 'details', key, sections: toolDetails(texts.flatMap((line) => line?.text ?? [])) });
  }

  async #tick(): Promise<void> {
    const read = await this.#read();
    if (!read || !this.#following) return;
    const backlog = await this.#cursor.backlog(read.logs);
    if (backlog > MAX_BACKLOG) {
      await this.#open(backlog);
      return;
    }
    const { items } = await this.#drain(read, WINDOW);
    // Checked again: meanwhile the view may have been hidden or have left the end.
    if (items.length > 0 && this.#following) this.#post({ type: 'live', items });
    this.#arm(read.detail);
  }

  #arm(detail: LoopDetail, pauseMs = PAUSE_MS): void {
    const grows = isActive(detail.loop);
    if (!grows || !this.#following || !this.#visible || this.#disposed || this.#timer) return;
    this.#timer = this.#deps.clock.after(pauseMs, () => {
      this.#timer = undefined;
      this.#enqueue(() => this.#tick());
    });
  }
}

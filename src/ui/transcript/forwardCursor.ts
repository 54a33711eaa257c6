import type { AgentReader } from '../../core/model/agentEvent.ts';
import { type AttemptLog, endItem, headingItem, isPlain, promptItem, stderrItem } from './attemptLog.ts';
import { ItemFold } from './itemFold.ts';
import { type LogLine, readForward, sizeOf } from './logFile.ts';
import { AFTER, BEFORE, type Pos, STDERR, type TranscriptItem } from './protocol.ts';

/** Reads lines of an unknown agent as plain text. */
const TEXT_READER: Pick<AgentReader, 'line'> = { line: (text) => [{ type: 'text', text, delta: false }] };

/**
 * A reader for an attempt's output from a position on. In the middle of a log, or in a resumed session, it does not
 * know the earlier output.
 */
export function openReader(log: AttemptLog, offset: number): Pick<AgentReader, 'line'> {
  const continues = offset > 0 || log.attempt.resumed;
  return log.profile?.reader(undefined, continues ? {} : undefined) ?? TEXT_READER;
}

/** Feeds lines through the reader into the fold. Lines that were cut cannot be parsed and skip the reader. */
export function foldLines(fold: ItemFold, reader: Pick<AgentReader, 'line'>, lines: readonly LogLine[]): void {
  for (const line of lines) fold.push(line, line.cut ? [] : reader.line(line.text));
}

export interface Step {
  /** New and changed items. */
  readonly items: TranscriptItem[];
  /** There are no more items for now. */
  readonly atEnd: boolean;
  /** Bytes of output read. */
  readonly read: number;
}

/** Walks through the transcript of a loop from a position on and follows it as it grows. Holds one window in memory. */
export class ForwardCursor {
  #pos: Pos;
  #reading: { readonly reader: Pick<AgentReader, 'line'>; readonly fold: ItemFold } | undefined;
  #scanned = 0;
  #stderrBytes = 0;

  constructor(pos: Pos) {
    this.#pos = pos;
  }

  /** The position read up to. */
  get pos(): Pos {
    return this.#pos;
  }

  /** Unread bytes of output of the current attempt. */
  async backlog(logs: readonly AttemptLog[]): Promise<number> {
    const { attempt, offset } = this.#pos;
    const log = logs.find((one) => one.attempt.number === attempt);
    return log && offset >= 0 && offset < STDERR ? Math.max(0, (await sizeOf(log.out)) - offset) : 0;
  }

  /** The next items: about `maxBytes` of output, a heading, or an end. `now`: wall time, ms. */
  async next(logs: readonly AttemptLog[], prompt: () => string, maxBytes: number, now: number): Promise<Step> {
    const { attempt, offset } = this.#pos;
    if (attempt === 0) {
      this.#pos = { attempt: 1, offset: BEFORE };
      return { items: [promptItem(prompt())], atEnd: logs.length === 0, read: 0 };
    }
    const log = logs.find((one) => one.attempt.number === attempt);
    if (!log) return { items: [], atEnd: true, read: 0 };
    if (offset === BEFORE) {
      this.#pos = { attempt, offset: 0 };
      return { items: [headingItem(log)], atEnd: false, read: 0 };
    }
    if (offset < STDERR) return this.#output(log, maxBytes, now);
    if (offset === STDERR) {
      const end = endItem(log);
      this.#pos = { attempt, offset: AFTER };
      return { items: [...(await this.#stderr(log)), ...(end ? [end] : [])], atEnd: false, read: 0 };
    }
    const more = logs.some((one) => one.attempt.number === attempt + 1);
    if (more) {
      this.#pos = { attempt: attempt + 1, offset: BEFORE };
      this.#reading = undefined;
      this.#scanned = 0;
      this.#stderrBytes = 0;
    }
    return { items: [], atEnd: !more, read: 0 };
  }

  async #output(log: AttemptLog, maxBytes: number, now: number): Promise<Step> {
    const { attempt, offset } = this.#pos;
    const window = await readForward(log.out, offset, maxBytes, log.ended, Math.max(offset, this.#scanned));
    this.#scanned = window.scanned;
    this.#reading ??= {
      reader: openReader(log, offset),
      fold: new ItemFold({ attempt, plain: isPlain(log), midway: offset > 0, now }),
    };
    foldLines(this.#reading.fold, this.#reading.reader, window.lines);
    const read = window.to - offset;
    this.#pos = { attempt, offset: read === 0 && log.ended ? STDERR : window.to };
    const items = this.#reading.fold.take();
    // Standard error is shown as it grows, and completely once the attempt has ended.
    if (!log.ended && window.to >= window.size) items.push(...(await this.#stderr(log)));
    return { items, atEnd: read === 0 && !log.ended, read };
  }

  async #stderr(log: AttemptLog): Promise<TranscriptItem[]> {
    const item = await stderrItem(log);
    if (!item || item.bytes === this.#stderrBytes) return [];
    this.#stderrBytes = item.bytes;
    return [item];
  }
}

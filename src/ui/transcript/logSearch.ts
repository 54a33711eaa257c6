import type { AgentEvent } from '../../core/model/agentEvent.ts';
import { oneLine } from '../text/safeText.ts';
import { cleanText } from '../webviewHost/cleanText.ts';
import { type AttemptLog, isPlain } from './attemptLog.ts';
import { openReader } from './forwardCursor.ts';
import { readForward, sizeOf } from './logFile.ts';
import type { SearchHit } from './protocol.ts';

const CHUNK = 256 * 1024;
const CONTEXT = 60;

export interface SearchOptions {
  /** The text to search for, ignoring case. Not empty. */
  readonly text: string;
  /** Maximum number of hits. */
  readonly limit: number;
  readonly signal: AbortSignal;
  /** Called for new hits and after each hundredth of the logs. `progress`: 0 to 1. */
  found(hits: readonly SearchHit[], progress: number): void;
}

/**
 * Searches all output of a loop as it is shown, from the first attempt on, in chunks that leave the thread free in
 * between. Returns whether there are more than `limit` hits.
 */
export async function searchLogs(
  logs: readonly AttemptLog[],
  { text, limit, signal, found }: SearchOptions,
): Promise<boolean> {
  const needle = text.toLowerCase();
  const sizes = await Promise.all(logs.map((log) => sizeOf(log.out)));
  const total = Math.max(
    1,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  let left = limit;
  let passed = 0;
  for (const [index, log] of logs.entries()) {
    const reader = openReader(log, 0);
    const joins = !isPlain(log);
    // The end of the previous text, so that matches across pieces are found too.
    let tail = '';
    for (let at = 0; !signal.aborted; ) {
      const window = await readForward(log.out, at, CHUNK, log.ended);
      if (window.to === at) break;
      const hits: SearchHit[] = [];
      for (const line of window.lines) {
        const events = line.cut ? [{ type: 'text', text: line.text, delta: false } as const] : reader.line(line.text);
        for (const event of events) {
          const shown = textOf(event);
          if (shown === '') continue;
          const delta = joins && event.type === 'text' && event.delta;
          const hit = hitIn(delta ? tail + shown : shown, needle, delta ? tail.length : 0);
          tail = delta ? (tail + shown).slice(-Math.max(CONTEXT, needle.length - 1)) : '';
          if (hit && left-- > 0) hits.push({ at: { attempt: log.attempt.number, offset: line.from }, ...hit });
        }
        if (left < 0) break;
      }
      at = window.to;
      if (signal.aborted) return false;
      found(hits, Math.min(1, (passed + at) / total));
      if (left < 0) return true;
    }
    passed += sizes[index] ?? 0;
  }
  return false;
}

function textOf(event: AgentEvent): string {
  switch (event.type) {
    case 'text':
    case 'warning':
      return event.text;
    case 'toolCall':
      return `${event.name} ${event.summary}`;
    case 'toolResult':
      return event.summary;
    case 'denied':
      return `${event.tool} ${event.reason}`;
    case 'retry':
    case 'limit':
      return event.reason;
    case 'end':
      return event.reason ?? '';
    default:
      return '';
  }
}

/** The first match that ends after `from`, with some context. */
function hitIn(text: string, needle: string, from: number): Omit<SearchHit, 'at'> | undefined {
  const index = text.toLowerCase().indexOf(needle, Math.max(0, from - needle.length + 1));
  if (index < 0) return undefined;
  const end = index + needle.length;
  const part = (start: number, stop: number) => cleanText(text.slice(Math.max(0, start), stop)).replace(/\s+/g, ' ');
  return {
    before: part(index - CONTEXT, index).trimStart(),
    match: oneLine(text.slice(index, end), 200),
    after: part(end, end + CONTEXT).trimEnd(),
  };
}

import type { Json } from '../model/agentEvent.ts';
import type { RunOutput } from '../ports/launcher.ts';
import type { RunSummary } from './runSummary.ts';

/** What is kept with the read position, so that another host can go on reading here. */
type Bookmark = { reader: Json; position?: Json } & { [K in keyof RunSummary]?: Json };

/** A reader's state and what the run has said so far, as stored with the read position. */
export function bookmarkOf({ readerState, position }: RunOutput, { hasCost: _, ...summary }: RunSummary): Json {
  return { reader: readerState, ...(position !== undefined && { position }), ...summary } as unknown as Json;
}

/** The state for a reader that goes on where an earlier one stopped. */
export function readerStateIn(bookmark: Json | undefined): Json | undefined {
  return isBookmark(bookmark) ? bookmark.reader : undefined;
}

/** Where the process layer goes on reading. */
export function positionIn(bookmark: Json | undefined): Json | undefined {
  return isBookmark(bookmark) ? bookmark.position : undefined;
}

/** What the run has said so far, as kept in the bookmark. */
export function summaryIn(bookmark: Json | undefined): Omit<RunSummary, 'hasCost'> {
  if (!isBookmark(bookmark)) return { priced: false, unknown: false, worked: false };
  const { said, limit, refused, words, priced, unknown, worked } = bookmark as unknown as Partial<RunSummary>;
  const marks = { priced: priced === true, unknown: unknown === true, worked: worked === true };
  const spoken = { ...(said && { said }), ...(limit && { limit }), ...(words && { words }) };
  return { ...spoken, ...(refused && { refused }), ...marks };
}

function isBookmark(value: Json | undefined): value is Bookmark {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && 'reader' in value;
}

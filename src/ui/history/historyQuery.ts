import type { FinishedLoop } from '../../core/model/loop.ts';
import type { FinishedQuery } from '../../core/ports/historyQueries.ts';

/** Which finished loops, without paging. */
export type HistoryQuery = Omit<FinishedQuery, 'limit' | 'offset'>;

const MINUTE = 60_000;
const UNITS: { readonly [unit: string]: number } = {
  m: MINUTE,
  h: 60 * MINUTE,
  d: 24 * 60 * MINUTE,
  w: 7 * 24 * 60 * MINUTE,
};
const STATES: readonly FinishedLoop['state'][] = ['completed', 'failed', 'cancelled'];

/** How to write a search, for people. */
export const QUERY_HELP = 'Text, and state:failed agent:claude folder:here since:7d before:2026-01-31';

/**
 * Parses a search: `state:` (several with commas), `agent:`, `folder:here`, `since:` and `before:` (a length of time
 * such as `7d`, `today`, `yesterday`, or a day such as `2026-01-31`). Everything else is text that must occur. `now`:
 * wall time, ms; `here`: the folders of this window.
 */
export function parseHistoryQuery(search: string, now: number, here: readonly string[] = []): HistoryQuery {
  const query: { -readonly [key in keyof HistoryQuery]: HistoryQuery[key] } = {};
  const words: string[] = [];
  // Quotes group words: agent:"my agent".
  for (const [word, key = '', quoted, bare = ''] of search.matchAll(/(?:([a-z]+):)?(?:"([^"]*)"|(\S+))/gi)) {
    const value = quoted ?? bare;
    const states = value
      .toLowerCase()
      .split(',')
      .flatMap((one) => STATES.filter((state) => one !== '' && state.startsWith(one)));
    const time = timeOf(value, now);
    switch (key.toLowerCase()) {
      case 'state':
      case 'is':
        if (states.length > 0) query.states = states;
        else words.push(word);
        break;
      case 'agent':
        query.agent = value;
        break;
      case 'folder':
        if (value.toLowerCase() === 'here' && here.length > 0) query.folders = here;
        else words.push(word);
        break;
      case 'since':
      case 'from':
      case 'after':
        if (time !== undefined) query.from = time;
        else words.push(word);
        break;
      case 'before':
      case 'until':
        if (time !== undefined) query.before = time;
        else words.push(word);
        break;
      default:
        words.push(key === '' ? value : word);
    }
  }
  const text = words.join(' ').trim();
  return text === '' ? query : { ...query, text };
}

/** Describes a query, for a title; empty if it matches everything. */
export function queryWords(query: HistoryQuery): string {
  const day = (at: number) => {
    const date = new Date(at);
    const pad = (n: number) => String(n).padStart(2, '0');
    return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  };
  return [
    query.states?.join(' or ') ?? '',
    query.agent ?? '',
    query.folders ? 'this workspace' : '',
    query.text === undefined ? '' : `“${query.text}”`,
    query.from === undefined ? '' : `since ${day(query.from)}`,
    query.before === undefined ? '' : `before ${day(query.before)}`,
  ]
    .filter(Boolean)
    .join(', ');
}

function timeOf(value: string, now: number): number | undefined {
  const [, n, unit = ''] = /^(\d{1,5})([mhdw])$/i.exec(value) ?? [];
  if (n !== undefined) return now - Number(n) * (UNITS[unit.toLowerCase()] ?? 0);
  const date = new Date(now);
  date.setHours(0, 0, 0, 0);
  if (/^today$/i.test(value)) return date.getTime();
  if (/^yesterday$/i.test(value)) return date.setDate(date.getDate() - 1);
  const [, year, month, day] = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(value) ?? [];
  if (year === undefined) return undefined;
  // Local midnight, since budget days are local too.
  const at = new Date(Number(year), Number(month) - 1, Number(day));
  return at.getMonth() === Number(month) - 1 ? at.getTime() : undefined;
}

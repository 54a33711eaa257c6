import type { FinishedLoop } from '../../core/model/loop.ts';

/** One thing that can be checked in a filter: a term of a search, and for a state which one. */
export interface FilterTerm {
  readonly term?: string;
  readonly state?: FinishedLoop['state'];
}

/** The search that stands for what was checked and typed. Of several agents the last one counts: a search names one. */
export function searchOf(chosen: readonly FilterTerm[], text: string): string {
  const states = chosen.flatMap(({ state }) => state ?? []);
  const terms = chosen.flatMap(({ term, state }) => (term === undefined || state !== undefined ? [] : [term]));
  const agent = terms.findLast((term) => term.startsWith('agent:'));
  return [
    states.length > 0 ? `state:${states.join(',')}` : '',
    ...terms.filter((term) => !term.startsWith('agent:')),
    agent ?? '',
    text.trim(),
  ]
    .filter(Boolean)
    .join(' ');
}

/** Whether a search holds this term. */
export function hasTerm(search: string, { term, state }: FilterTerm): boolean {
  if (term === undefined) return false;
  const words = wordsOf(search);
  const states =
    words
      .find((word) => word.startsWith('state:'))
      ?.slice('state:'.length)
      .split(',') ?? [];
  return state === undefined ? words.includes(term) : states.includes(state);
}

/** What of a search is neither a state, a folder nor one of the agents that can be checked. */
export function textBeside(search: string, items: readonly FilterTerm[]): string {
  const terms = items.flatMap(({ term, state }) => (term === undefined || state !== undefined ? [] : [term]));
  return wordsOf(search)
    .filter((word) => !word.startsWith('state:') && !terms.includes(word))
    .join(' ');
}

/** The words of a search; quotes hold several together. */
function wordsOf(search: string): string[] {
  return search.split(/\s+(?=(?:[^"]*"[^"]*")*[^"]*$)/);
}

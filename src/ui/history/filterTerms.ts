import type { FinishedLoop } from '../../core/model/loop.ts';

/** A check box of the filter: a term of a search, with its state if it is one. */
export interface FilterTerm {
  readonly term?: string;
  readonly state?: FinishedLoop['state'];
}

/** Builds the search from check boxes and text. Of several agents the last one counts, since a search names one. */
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

/** Whether a search contains this term. */
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

/** The part of a search that no check box stands for. */
export function textBeside(search: string, items: readonly FilterTerm[]): string {
  const terms = items.flatMap(({ term, state }) => (term === undefined || state !== undefined ? [] : [term]));
  return wordsOf(search)
    .filter((word) => !word.startsWith('state:') && !terms.includes(word))
    .join(' ');
}

/** The words of a search; quotes group several. */
function wordsOf(search: string): string[] {
  return search.split(/\s+(?=(?:[^"]*"[^"]*")*[^"]*$)/);
}

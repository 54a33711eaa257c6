import type { SearchHit } from '../protocol.ts';

/** The name of the highlight in the style sheet. */
const NAME = 'found';
/** Number of characters on each side that are compared with the context of a hit. */
const AROUND = 400;

/** A hit with its context. */
export type FoundText = Pick<SearchHit, 'before' | 'match' | 'after'>;

/**
 * Highlights a hit in an element and returns its range; `undefined` if the element does not show it, as in a folded
 * tool call. Of several matches, the one whose context fits best is used.
 */
export function markFound(element: Element, hit: FoundText): Range | undefined {
  const nodes = textNodes(element);
  const text = fold(nodes.map(({ data }) => data).join(''));
  const match = fold(hit.match);
  if (match === '') return undefined;
  let best = { at: -1, score: -1 };
  for (let at = text.indexOf(match); at >= 0; at = text.indexOf(match, at + 1)) {
    const before = common(backwards(text.slice(0, at)), backwards(fold(hit.before)));
    const score = before + common(forwards(text.slice(at + match.length)), forwards(fold(hit.after)));
    if (score > best.score) best = { at, score };
  }
  if (best.at < 0) return undefined;
  const range = document.createRange();
  range.setStart(...place(nodes, best.at));
  range.setEnd(...place(nodes, best.at + match.length));
  CSS.highlights.set(NAME, new Highlight(range));
  return range;
}

/** Removes the highlight. */
export function unmarkFound(): void {
  CSS.highlights.delete(NAME);
}

function textNodes(element: Element): Text[] {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const nodes: Text[] = [];
  while (walker.nextNode()) nodes.push(walker.currentNode as Text);
  return nodes;
}

/** The node and offset of the character at an index into all nodes together. */
function place(nodes: readonly Text[], index: number): [Text, number] {
  let left = index;
  for (const node of nodes) {
    if (left <= node.length) return [node, left];
    left -= node.length;
  }
  throw new RangeError(`There is no character ${index} in these nodes.`);
}

/** Length of the common prefix of two texts. */
function common(a: string, b: string): number {
  let n = 0;
  while (n < b.length && a[n] === b[n]) n++;
  return n;
}

/** The following text, with white space normalized as in hits. */
function forwards(text: string): string {
  return text.slice(0, AROUND).replaceAll(/\s+/g, ' ').trimStart();
}

/** The preceding text reversed, with white space normalized as in hits. */
function backwards(text: string): string {
  return forwards([...text.slice(-AROUND)].reverse().join(''));
}

/** Lower case, unless that would shift characters. */
function fold(text: string): string {
  const small = text.toLowerCase();
  return small.length === text.length ? small : text;
}

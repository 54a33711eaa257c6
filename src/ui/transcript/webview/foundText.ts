import type { SearchHit } from '../protocol.ts';

/** The name under which the style sheet knows what was found. */
const NAME = 'found';
/** So many characters on each side of a place are compared with those of a hit. */
const AROUND = 400;

/** What a hit says of its place. */
export type FoundText = Pick<SearchHit, 'before' | 'match' | 'after'>;

/**
 * Marks the text of a hit in an element and answers where it is; `undefined` where the element does not show it as the log has it, such as in a
 * folded tool call. Of several places the one whose surroundings are most like those of the hit is taken.
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

/** Takes the mark away. */
export function unmarkFound(): void {
  CSS.highlights.delete(NAME);
}

function textNodes(element: Element): Text[] {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const nodes: Text[] = [];
  while (walker.nextNode()) nodes.push(walker.currentNode as Text);
  return nodes;
}

/** The node and the place in it of the character at that index of all nodes together. */
function place(nodes: readonly Text[], index: number): [Text, number] {
  let left = index;
  for (const node of nodes) {
    if (left <= node.length) return [node, left];
    left -= node.length;
  }
  throw new RangeError(`There is no character ${index} in these nodes.`);
}

/** With how many characters in common two texts begin. */
function common(a: string, b: string): number {
  let n = 0;
  while (n < b.length && a[n] === b[n]) n++;
  return n;
}

/** What comes next in a text, with spaces as hits have them. */
function forwards(text: string): string {
  return text.slice(0, AROUND).replaceAll(/\s+/g, ' ').trimStart();
}

/** What came last in a text, with spaces as hits have them, the nearest first. */
function backwards(text: string): string {
  return forwards([...text.slice(-AROUND)].reverse().join(''));
}

/** In small letters, as long as that keeps every character in its place. */
function fold(text: string): string {
  const small = text.toLowerCase();
  return small.length === text.length ? small : text;
}

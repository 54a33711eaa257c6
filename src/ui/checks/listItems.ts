/** One piece of a selection that becomes a loop of its own. */
export interface Piece {
  readonly text: string;
  /** The line with its open check box, exactly as in the file; ticked once the loop has completed. */
  readonly box?: string;
}

const ITEM = /^(\s*)(?:[-*+]|\d+[.)])\s+(?:\[([ xX])\]\s+)?(.*)$/;

/**
 * Splits a selection into its list items, or else into its paragraphs. Ticked items are left out. Lines indented below
 * an item belong to it.
 */
export function piecesOf(text: string): Piece[] {
  const lines = text.split(/\r?\n/);
  const first = lines.find((line) => line.trim() !== '');
  return first !== undefined && ITEM.test(first) ? itemsOf(lines) : paragraphsOf(text);
}

function itemsOf(lines: readonly string[]): Piece[] {
  const pieces: { lines: string[]; box?: string; ticked: boolean; indent: number }[] = [];
  for (const line of lines) {
    const [, indent = '', box, words = ''] = ITEM.exec(line) ?? [];
    const last = pieces.at(-1);
    const isOwn = ITEM.test(line) && (!last || indent.length <= last.indent);
    if (isOwn) {
      const ticked = box !== undefined && box !== ' ';
      pieces.push({ lines: [words], ticked, indent: indent.length, ...(box === ' ' && { box: line }) });
    } else if (last && line.trim() !== '') last.lines.push(line.trim());
  }
  return pieces
    .filter(({ ticked, lines: words }) => !ticked && words.join('').trim() !== '')
    .map(({ lines: words, box }) => ({ text: words.join('\n').trim(), ...(box !== undefined && { box }) }));
}

function paragraphsOf(text: string): Piece[] {
  return text
    .split(/\r?\n\s*\r?\n/)
    .map((paragraph) => ({ text: paragraph.trim() }))
    .filter((piece) => piece.text !== '');
}

/** The line with its box ticked. */
export function ticked(line: string): string {
  return line.replace(/\[ \]/, '[x]');
}

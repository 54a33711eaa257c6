/** Letters that take two places in every font: of East Asian scripts, and pictures. */
const DOUBLE = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Extended_Pictographic}\uff01-\uff60]/u;
const WIDE = /[mwMW@%…—]/u;
const CAPITAL = /\p{Lu}/u;

/** How wide a letter is in the font of the workbench, about: 1 is an ordinary small letter. */
function widthOf(letter: string): number {
  if (DOUBLE.test(letter)) return 2;
  if (WIDE.test(letter)) return 1.5;
  return CAPITAL.test(letter) ? 1.25 : 1;
}

/** How much of a text (UTF-16 units) fits into a width, in ordinary small letters; whole characters only. */
export function fittingLength(text: string, width: number): number {
  let taken = 0;
  let length = 0;
  for (const letter of text) {
    taken += widthOf(letter);
    if (taken > width) break;
    length += letter.length;
  }
  return length;
}

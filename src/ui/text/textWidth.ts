const NARROW = /[ .,:;'’|!iljI]/u;
const SLIM = /[tfr()[\]{}"/\\-]/u;
const WIDE = /[mwMW@%…—]/u;
const CAPITAL = /\p{Lu}/u;
/** Letters of East Asian scripts, and pictures. */
const DOUBLE = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Extended_Pictographic}\uff01-\uff60]/u;

/** How wide a letter is in the fonts of workbenches, about: 1 is an ordinary small letter. */
function widthOf(letter: string): number {
  if (NARROW.test(letter)) return 0.5;
  if (SLIM.test(letter)) return 0.7;
  if (WIDE.test(letter)) return 1.7;
  if (DOUBLE.test(letter)) return 2.2;
  return CAPITAL.test(letter) ? 1.3 : 1;
}

/** How many UTF-16 units of a text fit into a width, which is counted in ordinary small letters. */
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

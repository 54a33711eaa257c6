import { stripVTControlCharacters } from 'node:util';

const LONGEST = 500;

/**
 * The last line of a text that says something, without terminal escapes and control characters; empty when there is
 * none.
 */
export function lastLineOf(text: string): string {
  const lines = text.split('\n').map((line) => printable(line).trim());
  return lines.findLast((line) => line !== '')?.slice(0, LONGEST) ?? '';
}

function printable(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
  return stripVTControlCharacters(line).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}

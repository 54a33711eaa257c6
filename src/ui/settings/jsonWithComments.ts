/**
 * Whether a text is JSON with comments and trailing commas, as settings files are. The editor itself reads what it can
 * of a broken file and silently drops the rest.
 */
export function isJsonWithComments(text: string): boolean {
  try {
    const value: unknown = JSON.parse(withoutTrailingCommas(withoutComments(text.replace(/^\uFEFF/, ''))));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** A string with its escapes, or a comment; an unterminated one reaches to the end of the text. */
const STRING_OR_COMMENT = /"(?:[^"\\\n]|\\.)*"?|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
const STRING_OR_COMMA = /"(?:[^"\\\n]|\\.)*"?|,(?=\s*[}\]])/g;

function withoutComments(text: string): string {
  return text.replace(STRING_OR_COMMENT, (found) => {
    if (found.startsWith('"')) return found;
    // An unclosed comment makes the text invalid.
    return found.startsWith('/*') && !(found.length > 3 && found.endsWith('*/')) ? '\u0000' : ' ';
  });
}

function withoutTrailingCommas(text: string): string {
  return text.replace(STRING_OR_COMMA, (found) => (found === ',' ? '' : found));
}

/** A file position named in a text. */
export interface FileLink {
  /** Its position in the text. */
  readonly index: number;
  readonly length: number;
  readonly path: string;
  /** From 1. */
  readonly line?: number;
  readonly column?: number;
}

// A path has no white space, quotes or brackets; each piece is then examined.
const PIECE = /[^\s"'`<>()[\]{}|,;*?]+/g;
const LONGEST = 400;
const PLACE = /^(.*?)(?::(\d{1,7})(?:-\d+|:(\d{1,5}))?|#L(\d{1,7})(?:-L\d+)?)?$/;
// The notation of tsc and of compilers on Windows: a.ts(12,3).
const BEHIND = /^\((\d{1,7})(?:,(\d{1,5}))?\)/;
const EXTENSION = /[^\\/.]\.[A-Za-z][\w-]{0,9}$|^\.[a-z][\w.-]+$/;
const COMMON =
  /\.(?:[cm]?[jt]sx?|json|md|py|go|rs|rb|java|kt|swift|c|h|cc|cpp|hpp|cs|php|css|scss|html?|xml|svg|ya?ml|toml|ini|sh|sql|txt|log|diff|patch)$/i;

/**
 * Finds file names in a text, such as `src/a.ts:12:3`. A name needs a folder or a line; with `alone` (in a code span),
 * a common file extension is enough.
 */
export function findFileLinks(text: string, alone = false): FileLink[] {
  const links: FileLink[] = [];
  for (const piece of text.matchAll(PIECE)) {
    if (piece[0].length > LONGEST) continue;
    const trimmed = piece[0].replace(/[.:!]+$/, '');
    const [whole, path = '', line, column, hashLine] = PLACE.exec(trimmed) ?? [];
    if (
      whole === undefined ||
      !isFile(path, line !== undefined || hashLine !== undefined, alone && trimmed.length === text.trim().length)
    )
      continue;
    const index = piece.index;
    const behind =
      line === undefined && hashLine === undefined
        ? BEHIND.exec(text.slice(index + trimmed.length, index + trimmed.length + 20))
        : null;
    const at = line ?? hashLine ?? behind?.[1];
    const col = column ?? behind?.[2];
    links.push({
      index,
      length: trimmed.length + (behind?.[0].length ?? 0),
      path,
      ...(at === undefined ? {} : { line: Number(at) }),
      ...(col === undefined ? {} : { column: Number(col) }),
    });
  }
  return links;
}

function isFile(path: string, hasLine: boolean, alone: boolean): boolean {
  // URLs, network shares and names with a colon (except a drive) are not files of the folder.
  if (/^[\\/]{2}|^[a-z][a-z+.-]+:/i.test(path) || path.slice(2).includes(':')) return false;
  const name = path.split(/[\\/]/).at(-1) ?? '';
  if (!EXTENSION.test(name)) return false;
  return hasLine || /[\\/]/.test(path) || (alone && COMMON.test(name));
}

import { h } from '../../webviewHost/webview/dom.ts';
import { findFileLinks } from '../fileLinks.ts';

/** Text with file names as links. The page handles clicks in one listener (`fileOf`). */
export function linkedText(text: string, alone = false): DocumentFragment {
  const fragment = document.createDocumentFragment();
  let at = 0;
  for (const { index, length, path, line, column } of findFileLinks(text, alone)) {
    if (index > at) fragment.append(text.slice(at, index));
    const data = { 'data-path': path, 'data-line': line, 'data-column': column };
    fragment.append(
      h(
        'a',
        { href: '#', class: 'file', title: `Open ${path}${line === undefined ? '' : `, line ${line}`}`, ...data },
        text.slice(index, index + length),
      ),
    );
    at = index + length;
  }
  if (at < text.length) fragment.append(text.slice(at));
  return fragment;
}

/** The file that was clicked, if any. */
export function fileOf(
  event: Event,
): { readonly path: string; readonly line?: number; readonly column?: number } | undefined {
  const link = event.target instanceof Element ? event.target.closest<HTMLElement>('a.file') : null;
  const { path, line, column } = link?.dataset ?? {};
  if (path === undefined) return undefined;
  return {
    path,
    ...(line === undefined ? {} : { line: Number(line) }),
    ...(column === undefined ? {} : { column: Number(column) }),
  };
}

import { count } from '../../text/format.ts';
import { h } from '../../webviewHost/webview/dom.ts';

/** A table that scrolls when it is long; `more`: number of rows left out. */
export function rowsTable(
  name: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  more: number,
  none: string,
): HTMLElement {
  if (rows.length === 0) return h('p', { class: 'dim' }, none);
  const head = h('tr', {}, ...columns.map((column) => h('th', { scope: 'col' }, column)));
  const body = rows.map((cells) => h('tr', {}, ...cells.map((cell) => h('td', {}, cell))));
  return h(
    'div',
    { class: 'table', tabindex: 0, role: 'region', 'aria-label': name },
    h('table', {}, h('caption', { class: 'visually-hidden' }, name), h('thead', {}, head), h('tbody', {}, ...body)),
    more > 0 &&
      h('p', { class: 'dim' }, `… and ${count(more, 'older entry', 'older entries')}. The export has all of them.`),
  );
}

import { h } from '../../webviewHost/webview/dom.ts';
import type { DiffLine } from '../protocol.ts';

const WORDS = { '+': 'added', '-': 'removed', ' ': '', '@': '' } as const;

/** A diff with a sign before each line, so that colour is not the only difference. */
export function diffView(lines: readonly DiffLine[]): HTMLElement {
  const rows = lines.map(({ sign, text }) =>
    h(
      'div',
      { class: `diff-line diff-${{ '+': 'add', '-': 'del', ' ': 'same', '@': 'hunk' }[sign]}` },
      h('span', { class: 'mark' }, sign === '@' ? '' : sign),
      text || ' ',
    ),
  );
  const { added, removed } = diffStat(lines);
  return h(
    'div',
    {
      class: 'diff',
      tabindex: 0,
      role: 'group',
      'aria-label': `Diff: ${added} lines ${WORDS['+']}, ${removed} ${WORDS['-']}`,
    },
    ...rows,
  );
}

export function diffStat(lines: readonly DiffLine[]): { readonly added: number; readonly removed: number } {
  return {
    added: lines.filter(({ sign }) => sign === '+').length,
    removed: lines.filter(({ sign }) => sign === '-').length,
  };
}

import { count } from '../../text/format.ts';
import { sizeWord } from '../../webviewHost/sizeWord.ts';
import type { TreeUsage } from '../../webviewHost/treeUsage.ts';
import { h } from '../../webviewHost/webview/dom.ts';

/** CPU and memory of the running attempt's processes, as of the last look. */
export class UsageCard {
  readonly #cpu = h('dd');
  readonly #memory = h('dd');
  readonly #body = h('tbody');
  readonly #summary = h('summary');
  readonly element = h(
    'section',
    { class: 'usage', hidden: true, 'aria-label': 'Processes now' },
    h(
      'dl',
      { class: 'facts' },
      h('div', {}, h('dt', {}, 'CPU'), this.#cpu),
      h('div', {}, h('dt', {}, 'Memory'), this.#memory),
    ),
    h(
      'details',
      {},
      this.#summary,
      h(
        'div',
        { class: 'table', tabindex: 0, role: 'region', 'aria-label': 'Processes' },
        h(
          'table',
          {},
          h(
            'thead',
            {},
            h('tr', {}, ...['pid', 'CPU', 'Memory', 'Command'].map((name) => h('th', { scope: 'col' }, name))),
          ),
          this.#body,
        ),
      ),
    ),
  );

  show(usage: TreeUsage | undefined): void {
    this.element.hidden = usage === undefined;
    if (!usage) return;
    this.#cpu.textContent = percent(usage.cpuPercent);
    this.#memory.textContent = sizeWord(usage.memoryBytes);
    this.#summary.textContent = count(usage.processes.length, 'process', 'processes');
    this.#body.replaceChildren(
      ...usage.processes.map(({ pid, command, cpuPercent, memoryBytes }) =>
        h(
          'tr',
          {},
          h('td', {}, String(pid)),
          h('td', {}, percent(cpuPercent)),
          h('td', {}, sizeWord(memoryBytes)),
          h('td', {}, h('code', {}, command)),
        ),
      ),
    );
  }
}

function percent(value: number | undefined): string {
  return value === undefined ? '…' : `${value.toFixed(value < 10 ? 1 : 0)} %`;
}

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';

const MEGABYTES = 100;

/** `count FILE` counts until that file is there; `flood` is fast, and writes as much as a whole night does. */
const SHELL = {
  extends: 'plain',
  command: 'sh',
  args: [
    '-c',
    `read -r word file
     if [ "$word" = flood ]; then
       echo needle one; yes 'nothing to be seen in this line of the log, nor in the one after it' | head -c ${MEGABYTES}m; echo; echo needle two
     else
       n=0; while [ ! -e "$file" ]; do n=$((n+1)); echo "line $n"; sleep 0.03; done; echo the end
     fi`,
  ],
};

/** Prints what the file beside it holds. */
const PRINTS = '#!/bin/sh\ncat > /dev/null\ncat "$(dirname "$0")/stream.ndjson"\n';

function assistant(...content: object[]): object {
  return {
    type: 'assistant',
    message: { id: `m-${JSON.stringify(content).length}`, role: 'assistant', model: 'claude-opus-5-5', content },
    parent_tool_use_id: null,
  };
}
function answer(id: string, content: string, isError = false): object {
  return {
    type: 'user',
    message: { role: 'user', content: [{ tool_use_id: id, type: 'tool_result', content, is_error: isError }] },
    parent_tool_use_id: null,
  };
}

/** As Claude Code writes it: a command, an edit, a command that fails, a diff in its words. */
const STREAM = [
  { type: 'system', subtype: 'init', session_id: 's', model: 'claude-opus-5-5' },
  assistant(
    { type: 'text', text: 'I will read the **file**.' },
    { type: 'tool_use', id: 't1', name: 'Bash', input: { command: 'cat hello.txt', description: 'Print it' } },
  ),
  answer('t1', 'hello from the workspace\nand a second line'),
  assistant({
    type: 'tool_use',
    id: 't2',
    name: 'Edit',
    input: { file_path: 'src/clock.ts', old_string: 'read twice', new_string: 'read once' },
  }),
  answer('t2', 'updated'),
  assistant({ type: 'tool_use', id: 't3', name: 'Bash', input: { command: 'npm test' } }),
  answer('t3', '1 failing', true),
  {
    type: 'result',
    subtype: 'success',
    is_error: false,
    session_id: 's',
    num_turns: 3,
    result: 'Done.',
    total_cost_usd: 0.02,
    terminal_reason: 'completed',
  },
];

describe('output in the workbench', () => {
  const host = useWorkbench({
    files: {
      prints: PRINTS,
      'stream.ndjson': STREAM.map((line) => `${JSON.stringify(line)}\n`).join(''),
      'src/clock.ts': 'read once\n',
    },
  });

  async function begin(defaultAgent: string): Promise<void> {
    const { window, server, workspace } = host;
    server.writeSettings({
      'loopSupervisor.agents': { shell: SHELL, prints: { extends: 'claude', command: join(workspace, 'prints') } },
      'loopSupervisor.defaultAgent': defaultAgent,
      'workbench.colorTheme': 'Default Dark Modern',
    });
    await window.reload();
    await window.tree.show();
  }

  async function submit(prompt: string): Promise<void> {
    await host.window.submit(prompt);
    await host.window.tree.row(prompt).waitFor();
  }

  const view = () => host.window.webview();
  const scroller = () => view().locator('main');
  const place = () => scroller().evaluate((element) => element.scrollTop);
  const atEnd = () =>
    scroller().evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight < 40);

  before(async () => {
    chmodSync(join(host.workspace, 'prints'), 0o755);
    await begin('shell');
  });

  it('follows the end; scrolled up it stays put, and a button or the End key leads back', async () => {
    const { window, workspace } = host;
    const file = join(workspace, 'enough');
    /** The number of the last line that has come. */
    const last = async () => Number(/line (\d+)\D*$/.exec(await scroller().innerText())?.[1] ?? 0);
    const more = async (lines: number) => {
      const from = await last();
      await until(`${lines} lines more than ${from}`, async () => (await last()) >= from + lines);
    };
    await submit(`count ${file}`);
    await window.tree.becomes(`count ${file}`, 'CPU');
    await window.tree.contextAction(`count ${file}`, 'Show Output');
    await window.panel('Output: count');
    await until('more lines than fit', () =>
      scroller().evaluate((element) => element.scrollHeight > 2 * element.clientHeight),
    );
    await more(10);
    assert.equal(await atEnd(), true, 'follows');
    const jump = view().getByRole('button', { name: 'Jump to latest' });
    assert.equal(await jump.isVisible(), false);
    for (const back of ['click', 'End'] as const) {
      await scroller().hover();
      await window.page.mouse.wheel(0, -300);
      await jump.waitFor();
      const there = await until('the place to rest', async () => {
        const before = await place();
        await more(2);
        return (await place()) === before && before;
      });
      await more(20);
      assert.equal(await place(), there, 'stays');
      if (back === 'click') await window.screenshot('output-scrolled');
      if (back === 'click') await jump.click();
      else await window.pressOn(scroller(), 'End');
      await jump.waitFor({ state: 'hidden' });
      await more(10);
      assert.equal(await atEnd(), true, 'follows again');
    }
    writeFileSync(file, '');
    await view().getByText('Attempt 1 completed').waitFor();
    assert.equal(await atEnd(), true);
  });

  it(`a log of ${MEGABYTES} MB opens at its end, and is searched from end to end`, async () => {
    const { window } = host;
    await submit('flood');
    await window.tree.becomes('flood', 'completed');
    await window.tree.contextAction('flood', 'Show Output');
    await window.panel('Output: flood');
    await view().getByText('needle two').waitFor();
    assert.equal(await atEnd(), true);
    assert.equal(await view().getByText('needle one').count(), 0, 'the beginning is not there yet');
    await view().getByRole('button', { name: 'Load earlier' }).waitFor({ state: 'attached' });
    await window.screenshot('output-end-of-long-log');
    await view().getByRole('searchbox').fill('needle');
    await window.pressOn(view().getByRole('searchbox'), 'Enter');
    await view().getByText('2 places found').waitFor();
    await view().getByRole('button', { name: 'needle one' }).click();
    await view().locator('.item.found', { hasText: 'needle one' }).waitFor();
    await window.screenshot('output-found');
    await view().getByRole('button', { name: 'Jump to latest' }).click();
    await view().locator('main').getByText('needle two').waitFor();
    await view().getByRole('button', { name: 'Open raw log' }).click();
    await window.page.locator('.tab.active').filter({ hasText: 'stdout.log' }).waitFor();
    await window.page.locator('.editor-group-container.active').getByText('very large').waitFor();
    await window.screenshot('output-raw-log');
  });

  it('a tool call is one line that unfolds; an error and a diff stand out', async () => {
    const { window } = host;
    await begin('prints');
    await submit('Edit the clock');
    await window.tree.becomes('Edit the clock', 'completed');
    await window.tree.contextAction('Edit the clock', 'Show Output');
    await window.panel('Output: Edit the clock');
    await view().getByText('Attempt 1 completed').waitFor();
    const call = view().locator('details.tool').filter({ hasText: 'cat hello.txt' });
    const answered = call.locator('.more').getByText('and a second line');
    assert.equal(await answered.count(), 0);
    const folded = (await call.boundingBox())!.height;
    assert.ok(folded < 30, `${folded} px are one line`);
    await call.locator('summary').click();
    await answered.waitFor();
    await window.pressOn(call.locator('summary'), 'Enter');
    await answered.waitFor({ state: 'hidden' });
    await window.pressOn(call.locator('summary'), 'Enter');
    const failed = view().locator('details.tool.bad');
    assert.match(await failed.innerText(), /npm test\s+failed\s+1 failing/);
    const lines = await view()
      .locator('.diff-line')
      .evaluateAll((all) => all.map((line) => (line.textContent ?? '').replace(/\s+/g, ' ').trim()));
    assert.ok(
      lines.some((line) => /read twice/.test(line)) && lines.some((line) => /read once/.test(line)),
      lines.join(),
    );
    const background = (row: string): Promise<string> =>
      view()
        .locator(row)
        .first()
        .evaluate(
          (element) =>
            (globalThis as unknown as { getComputedStyle(of: unknown): { backgroundColor: string } }).getComputedStyle(
              element,
            ).backgroundColor,
        );
    assert.notEqual(await background('.diff-add'), await background('.diff-del'));
    await window.screenshot('output-tools');
    await view().getByRole('button', { name: 'Open raw log' }).click();
    await window.page.locator('.tab.active').filter({ hasText: 'stdout.log' }).waitFor();
    await until('what the agent wrote', async () => (await window.editor.text()).includes('"session_id":"s"'));
  });
});

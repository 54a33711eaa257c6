import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { shortTitle } from '../../src/ui/text/loopText.ts';
import { ROOT } from '../support/host/paths.ts';
import { pictures } from '../support/host/themes.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';
import { AGENTS, sleepers, submitTo } from './agents.ts';

/**
 * Codex, as recorded, so that its tokens are priced; it goes on after its success, leaves two processes
 * behind, one of them marked to be kept, and fails.
 */
const LEAVES = `#!/bin/sh
cat > /dev/null
cat "$(dirname "$0")/codex.ndjson"
echo '{"type":"item.completed","item":{"id":"item_9","type":"agent_message","text":"One more thing."}}'
setsid sleep 1000.1 > /dev/null 2>&1 &
LOOP_SUPERVISOR_KEEP=1 setsid sleep 1000.2 > /dev/null 2>&1 &
sleep 0.3
echo no luck >&2
exit 3
`;

describe('history and details in the workbench', () => {
  const host = useWorkbench({ size: { width: 1400, height: 1100 }, files: { leaves: LEAVES } });
  const ALPHA = 'Alpha, the "first" [quick] [cost 0.25]';
  const GAMMA = '=Gamma leaves things';
  /** It began another turn after its success, whose cost nobody knows. */
  const WHY = 'Codex was interrupted (it ended in the middle of a turn, exit code 3)';

  const submit = (prompt: string, agent: string) => submitTo(host.window, prompt, agent);
  const finished = async () => (await host.window.tree.rows()).find(([label]) => label === 'Finished');
  /** The sections of the finished loops, each with the titles of its rows. */
  const sections = async () =>
    (await finished())?.[2]?.map(([label, description, rows]) => [label, description, rows?.map(([title]) => title)]);
  /** As the tree lists them: what was read, and what was cancelled, below what is unread. */
  const shows = async (expected: readonly (readonly [string, string, readonly string[]])[]) =>
    until(`the sections ${JSON.stringify(expected)}`, async () => {
      const seen = await sections();
      if (!isDeepStrictEqual(seen, expected)) throw new Error(JSON.stringify(seen));
      return true;
    });
  /** As long as something is unread, what is not is folded at first: whenever the section has come anew. */
  const unfoldToday = async () => {
    const row = host.window.tree.row('Today');
    await until('the section of today to be folded', async () => (await row.getAttribute('aria-expanded')) === 'false');
    await row.locator('.monaco-tl-twistie').click();
  };
  /** Its row cuts the title. */
  const ALPHA_ROW = shortTitle({ title: ALPHA, loopId: ALPHA });
  const kept = () => sleepers(host.server).filter(({ command }) => command === 'sleep 1000.2');

  before(async () => {
    const { window, server, workspace } = host;
    chmodSync(join(workspace, 'leaves'), 0o755);
    copyFileSync(join(ROOT, 'test/fixtures/streams/codex-tool.ndjson'), join(workspace, 'codex.ndjson'));
    server.writeSettings({
      'loopSupervisor.agents': {
        waits: AGENTS.waits,
        leaves: { extends: 'codex', command: join(workspace, 'leaves') },
      },
      'loopSupervisor.restart.maxRestarts': 1,
    });
    await window.reload();
    await window.tree.show();
    await submit(ALPHA, 'sample');
    await window.tree.becomes(ALPHA, 'completed');
    await submit('Beta waits', 'waits');
    await window.tree.becomes('Beta waits', 'CPU');
    await window.tree.inlineAction('Beta waits', 'Cancel Loop');
    // Nobody has to read what was cancelled: it is folded below what is unread.
    await unfoldToday();
    await window.tree.becomes('Beta waits', 'cancelled');
    await submit(GAMMA, 'leaves');
    await window.tree.becomes(GAMMA, 'failed');
    await shows([
      ['Unread', '2 · 1 failed', [GAMMA, ALPHA_ROW]],
      ['Today', '1', ['Beta waits']],
    ]);
    await until('what is said of all', async () => (await finished())?.[1] === '3 · 1 failed · 2 unread');
  });

  it('the details of a failed loop: restarts, reasons, processes swept and kept, estimated cost', async () => {
    const { window } = host;
    await window.tree.contextAction(GAMMA, 'Show Details');
    const view = await window.panel(GAMMA);
    await view.getByRole('heading', { name: 'Attempt 2 · failed' }).waitFor();
    await until('all that is to be said', async () => {
      const text = (await view.locator('main').innerText()).replace(/\s+/g, ' ');
      for (const part of [
        /failed \d\d:\d\d/,
        WHY,
        /Cost at least \$0\.\d+, an estimate/,
        'Restarts 1 recently',
        'Paid by codex',
        'Open folder',
        'Show changes',
        /paid by codex · session \S+ Copy/,
        /Standard output · \d+ bytes/,
        /at least \$0\.\d+ estimated/,
        /≈\$0\.\d+ priced from its tokens/,
      ])
        assert.ok(typeof part === 'string' ? text.includes(part) : part.test(text), `${part} in ${text}`);
      for (const title of ['Attempt 1', 'Attempt 2']) {
        const card = await view.getByRole('article', { name: title }).innerText();
        assert.match(card, /Cleaned up after its end\s+\d+ sleep 1000\.1/, title);
        assert.match(card, /Spared on purpose, still running\s+\d+ sleep 1000\.2\s+End/, title);
      }
      return true;
    });
    await window.screenshot('detail-failed');
  });

  it('R7.4 a kept process is ended from the details, and from the tree', async () => {
    const { window } = host;
    assert.equal(kept().length, 2);
    await window.tree.contextAction(GAMMA, 'Show Details');
    const view = await window.panel(GAMMA);
    const first = view.getByRole('article', { name: 'Attempt 1' });
    await first.getByRole('button', { name: /End process/ }).click();
    await first.getByText('has ended').waitFor();
    assert.equal(kept().length, 1);
    await window.tree.row(GAMMA).locator('.monaco-tl-twistie').click();
    await window.screenshot('tree-kept');
    await window.tree.callOnRows(
      () => window.tree.inlineAction('sleep 1000.2', 'End Process'),
      async () => kept().length === 0,
    );
    await window.tree.row('sleep 1000.2').waitFor({ state: 'detached' });
  });

  it('finished loops are filtered by state, agent and workspace; the number of failed ones leads to them', async () => {
    const { window } = host;
    const listed = async (said: RegExp, titles: readonly string[]) =>
      until(`${said} with ${titles.join(', ')}`, async () => {
        const group = await finished();
        const rows = (group?.[2] ?? []).flatMap(([label, , inner]) => inner?.map(([title]) => title) ?? [label]);
        if (!said.test(group?.[1] ?? '') || rows.toSorted().join() !== titles.toSorted().join())
          throw new Error(JSON.stringify(group));
        return true;
      });
    await window.tree.inlineAction('Finished', 'Show Failed Loops');
    await listed(/^1 of 3: failed/, [GAMMA]);
    await window.command('Filter Finished Loops…');
    await until('the boxes', async () => (await window.input.choices()).some((choice) => choice.includes('waits')));
    await window.screenshot('history-filter');
    for (const box of [/Failed$/, /This Workspace$/, /waits$/]) await window.input.pick(box);
    await window.input.input().press('Enter');
    await listed(/^1 of 3: /, ['Beta waits']);
    await window.command('Clear History Filter');
    await until('all of them', async () => ((await finished())?.[1] ?? '').startsWith('3 · 1 failed'));
    await window.command('Group Finished Loops…');
    await window.input.pick(/Folder$/);
    const folder = host.workspace.split('/').at(-1);
    await until('the folder', async () => (await sections())?.some(([label]) => label === folder));
    await window.command('Group Finished Loops…');
    await window.input.pick(/Day$/);
    await until('the day', async () => (await sections())?.some(([label]) => label === 'Today'));
  });

  it('the history is searched by state, agent, text and date', async () => {
    const { window } = host;
    await window.command('Search History…');
    const cases: readonly [search: string, titles: readonly string[]][] = [
      ['', [GAMMA, 'Beta waits', ALPHA]],
      ['state:failed', [GAMMA]],
      ['state:completed,cancelled', ['Beta waits', ALPHA]],
      ['agent:waits', ['Beta waits']],
      ['ALPHA, the', [ALPHA]],
      ['since:today', [GAMMA, 'Beta waits', ALPHA]],
      ['before:2026-01-31', ['No finished loop matches']],
      ['state:failed agent:leaves since:1h things', [GAMMA]],
    ];
    for (const [search, titles] of cases) {
      await window.input.input().fill(search);
      await until(`the matches of “${search}”`, async () => {
        const choices = (await window.input.choices()).map((choice) => choice.trim());
        if (choices.join('|') !== titles.join('|')) throw new Error(choices.join('|'));
        return true;
      });
    }
    await pictures(host, 'history-matches');
    await window.page.locator('.quick-input-titlebar [aria-label="List the Matches in the View"]').click();
    await until('the filter', async () =>
      /^1 of 3: failed, leaves, “things”, since/.test((await finished())?.[1] ?? ''),
    );
    assert.deepEqual(
      (await finished())?.[2]?.map(([label]) => label),
      [GAMMA],
    );
    await window.screenshot('history-listed');
  });

  /** Accepts the suggested file, and returns what was written to it. */
  async function exported(format: 'JSON' | 'CSV'): Promise<string> {
    const { window, workspace } = host;
    const end = `.${format.toLowerCase()}`;
    await window.command('Export History…');
    await window.input.pick(format);
    await until('the question for the file', async () => (await window.input.text()).endsWith(end));
    // The dialog takes the key only when it has looked at the folder.
    const name = await until('the file', async () => {
      if (await window.input.input().isVisible()) await window.page.keyboard.press('Enter');
      return readdirSync(workspace).find((file) => file.endsWith(end));
    });
    const text = await until('all of it', () => readFileSync(join(workspace, name), 'utf8'));
    await window.screenshot(`history-exported-${format}`);
    return text;
  }

  it('the listed loops are exported as JSON with everything', async () => {
    const loops = JSON.parse(await exported('JSON'));
    assert.equal(loops.length, 1);
    const [{ title, agent, state, prompt, failure, attempts, costs, costUsd, costEstimatedUsd }] = loops;
    assert.deepEqual([title, agent, state, prompt], [GAMMA, 'leaves', 'failed', GAMMA]);
    assert.deepEqual(failure, { class: 'agent', reason: WHY });
    assert.deepEqual([loops[0].costUnknownUsd, loops[0].costAtLeast], [0, true]);
    assert.equal(attempts.length, 2);
    assert.equal(attempts[0].swept[0].command, 'sleep 1000.1');
    assert.ok(costUsd > 0 && costUsd === costEstimatedUsd, `${costUsd}, ${costEstimatedUsd}`);
    assert.deepEqual(
      costs.map(({ source }: { source: string }) => source),
      ['estimated', 'estimated'],
    );
  });

  it('it is exported as CSV, one row each, with nothing that a spreadsheet would run', async () => {
    await host.window.command('Clear History Filter');
    await unfoldToday();
    await shows([
      ['Unread', '1', [ALPHA_ROW]],
      ['Today', '2 · 1 failed', [GAMMA, 'Beta waits']],
    ]);
    const [head, ...rows] = (await exported('CSV')).trimEnd().split('\r\n');
    assert.equal(
      head,
      '\ufeff"loopId","title","agent","state","submittedAt","finishedAt","attempts","ranSeconds","costUsd","costEstimatedUsd","costUnknownUsd","costAtLeast","reason","cwd","prompt"',
    );
    assert.equal(rows.length, 3);
    assert.match(
      rows[0]!,
      /,"'=Gamma leaves things","leaves","failed",.*,2,\d+,0\.\d+,0\.\d+,0,"true","Codex was interrupted \(it ended in the middle of a turn, exit code 3\)",/,
    );
    assert.match(rows[1]!, /,"Beta waits","waits","cancelled",.*,1,\d+,0,0,0,"false",,/);
    assert.match(
      rows[2]!,
      /,"Alpha, the ""first"" \[quick\] \[cost 0\.25\]","sample","completed",.*,1,\d+,0\.25,0,0,"false",,/,
    );
  });

  it('Remove from History removes a loop; its page says so', async () => {
    const { window } = host;
    await window.tree.contextAction('Beta waits', 'Remove from History');
    await until('two loops', async () => (await finished())?.[1] === '2 · 1 failed · 1 unread');
    await shows([
      ['Unread', '1', [ALPHA_ROW]],
      ['Today', '1', [GAMMA]],
    ]);
  });

  it('Clear Finished Loops asks, and says how many', async () => {
    const { window } = host;
    await window.tree.contextAction(GAMMA, 'Show Details');
    await window.panel(GAMMA);
    await window.command('Clear Finished Loops');
    await window.notices.pressInDialog('Clear 2 finished loops?', 'Cancel');
    await window.command('Clear Finished Loops');
    assert.equal((await finished())?.[1], '2 · 1 failed · 1 unread');
    await window.screenshot('history-clear');
    await window.notices.pressInDialog('Clear 2 finished loops?', 'Clear');
    await until('an empty history', async () => (await finished()) === undefined);
    await window.webview().getByText('no longer in the history').waitFor();
  });
});

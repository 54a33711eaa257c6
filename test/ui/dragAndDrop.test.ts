import assert from 'node:assert/strict';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';
import { AGENTS } from './agents.ts';

describe('the queue by hand', () => {
  const host = useWorkbench({
    settings: {
      'loopSupervisor.agents': AGENTS,
      'loopSupervisor.defaultAgent': 'waits',
      'loopSupervisor.maxConcurrent': 1,
    },
  });

  const group = async (name: string) =>
    ((await host.window.tree.rows()).find(([label]) => label.startsWith(name))?.[2] ?? []).map(([label]) => label);
  const order = (expected: string) =>
    until(`the order ${expected}`, async () => {
      const queue = (await group('Queued')).join('');
      if (queue !== expected) throw new Error(queue);
      return true;
    });

  /** Selects the row and so many below it, by keyboard alone. */
  async function selectFrom(label: string, more: number, expected: string): Promise<void> {
    const { tree, page } = host.window;
    await until(`${expected} to be selected`, async () => {
      await tree.focus(label);
      await page.keyboard.press('Control+Shift+Enter');
      for (let i = 0; i < more; i++) await page.keyboard.press('Shift+ArrowDown');
      return (await tree.selected()).join() === expected;
    });
  }

  before(async () => {
    const { window } = host;
    await window.tree.show();
    for (const prompt of ['Runs', ...'ABCDEF']) {
      await window.submit(prompt);
      await window.tree.row(prompt).waitFor();
    }
    await order('ABCDEF');
  });

  it('R2.3 a loop dragged up lands before its target, one dragged down after it', async () => {
    const { tree } = host.window;
    await tree.drag('E', 'B');
    await order('AEBCDF');
    await tree.drag('A', 'C');
    await order('EBCADF');
    await tree.drag('E', 'F');
    await order('BCADFE');
  });

  it('R2.3 selected loops move together and keep their order', async () => {
    const { tree } = host.window;
    await tree.select('E', 'A');
    await tree.drag('E', 'C');
    await order('BAECDF');
    await until('what was moved to stay selected', async () => (await tree.selected()).join() === 'A,E');
  });

  it('R2.3 dropped on the group’s header they go to the front', async () => {
    const { tree } = host.window;
    await tree.drag('A', /^Queued/);
    await order('AEBCDF');
  });

  it('dropping on, or dragging, anything else does nothing', async () => {
    const { tree } = host.window;
    await tree.select('F');
    for (const onto of ['Runs', /^Running/]) await tree.drag('F', onto);
    await tree.dragTo('F', await tree.below());
    await tree.drag('Runs', 'B');
    // What would have come of the first ones has come when the last one is there.
    await tree.drag('F', 'A');
    await order('FAEBCD');
    assert.deepEqual(await group('Running'), ['Runs']);
  });

  it('R2.3 Run Next on several moves them to the front in their present order', async () => {
    const { tree } = host.window;
    const runNext = async (begin: () => Promise<void>, expected: string) => {
      const call = () => tree.menuByKeyboard('Run Next', begin);
      await tree.callOnRows(call, async () => (await group('Queued')).join('') === expected);
    };
    await runNext(() => tree.select('D', 'B'), 'BDFAEC');
    await runNext(() => selectFrom('A', 1, 'A,E'), 'AEBDFC');
  });

  it('R2.3 Set Priority asks once for several', async () => {
    const { tree, input } = host.window;
    const call = async () => {
      await tree.select('C', 'D');
      await tree.contextAction('D', 'Set Priority…');
    };
    await tree.callOnRows(call, async () => (await input.question()).includes('Priority of 2 loops'));
    await host.window.screenshot('queue-priority');
    await input.answer(/whole number/i, '5');
    await order('DCAEBF');
  });

  it('an action for one loop applies to the row of its menu, even within a selection', async () => {
    const { tree, page } = host.window;
    await tree.select('A', 'E', 'B');
    await tree.contextAction('B', 'Show Details');
    await page.locator('.tab.active').filter({ hasText: 'B' }).waitFor();
  });

  it('Delete cancels all selected loops, and none while the keyboard is elsewhere', async () => {
    const { tree, page } = host.window;
    await selectFrom('A', 2, 'A,E,B');
    await host.window.screenshot('queue-selected');
    await page.keyboard.press('Delete');
    await order('DCF');
    await until('the cancelled', async () => (await group('Finished')).toSorted().join('') === 'ABE');
    await host.window.input.anyCommand('View: Focus First Editor Group');
    await page.keyboard.press('Delete');
    await host.window.command('Pause Queue');
    await until('the pause to show', async () => (await tree.rows())[1]?.[1] === 'paused');
    assert.deepEqual(await group('Queued'), ['D', 'C', 'F']);
  });

  it('Submit Again queues all selected loops again', async () => {
    const { tree } = host.window;
    const call = async () => {
      await tree.select('A', 'B');
      await tree.contextAction('A', 'Submit Again');
    };
    await tree.callOnRows(call, async () => (await group('Queued')).toSorted().join('') === 'ABCDF');
    assert.deepEqual((await group('Finished')).toSorted(), ['A', 'B', 'E']);
  });
});

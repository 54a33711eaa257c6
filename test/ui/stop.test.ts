import assert from 'node:assert/strict';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';
import { AGENTS, sleepers, submitTo } from './agents.ts';

/** Takes memory as long as it is let. */
const HUNGRY = {
  extends: 'plain',
  command: process.execPath,
  args: ['-e', 'const held = []; setInterval(() => held.push(Buffer.alloc(2e7, 1)), 50)'],
};

describe('stopping in the workbench', () => {
  const host = useWorkbench({
    settings: {
      'loopSupervisor.agents': { ...AGENTS, hungry: HUNGRY },
      'loopSupervisor.defaultAgent': 'family',
      'loopSupervisor.killGraceSeconds': 0.3,
      'loopSupervisor.limits.memoryMegabytes': 200,
      'loopSupervisor.restart.maxRestarts': 0,
    },
  });

  async function submit(prompt: string): Promise<void> {
    await host.window.submit(prompt);
    await host.window.tree.row(prompt).waitFor();
    await until(
      'the agent, its child and its grandchild',
      () => sleepers(host.server).length === 1 && host.server.started().length >= 4,
    );
    await host.window.tree.becomes(prompt, 'CPU');
  }

  it('R7.1 R7.2 cancel from the tree ends a child and a grandchild that ignore SIGTERM', async () => {
    const { window, server } = host;
    await window.tree.show();
    await submit('Cancel me');
    await window.tree.inlineAction('Cancel me', 'Cancel Loop');
    await window.tree.shows([
      ['Running 0/4', ''],
      ['Queued 0/20', ''],
      ['Finished', '1', [['Cancel me', 'hh:mm']]],
    ]);
    assert.deepEqual(sleepers(server), []);
    await until('nothing of it left', () => server.started().length === 0);
  });

  it('R7.1 R7.3 kill from the context menu ends the whole group at once', async () => {
    const { window, server } = host;
    await submit('Kill me');
    await window.tree.contextAction('Kill me', 'Force Stop');
    await window.tree.becomes('Kill me', 'cancelled');
    await until('nothing of it left', () => server.started().length === 0);
    await window.screenshot('stop-killed');
  });

  it('Stop All asks once and says how many', async () => {
    const { window, server } = host;
    await submit('One of two');
    await window.submit('Two of two');
    await until('both agents', () => sleepers(server).length === 2);
    await window.command('Stop All Loops');
    await window.notices.pressInDialog('Stop 2 loops?', 'Stop All');
    await until('nothing of them left', () => server.started().length === 0);
    await window.tree.becomes('Two of two', 'cancelled');
  });

  it('R13.2 a loop over its memory limit ends for that reason, and the one beside it lives on', async () => {
    const { window, server } = host;
    await submit('Keep me');
    await submitTo(window, 'Eat up', 'hungry');
    await window.tree.becomes('Eat up', 'of memory, more than limits.memoryMegabytes');
    assert.equal(sleepers(server).length, 1);
    await window.tree.inlineAction('Keep me', 'Cancel Loop');
    await until('nothing of it left', () => server.started().length === 0);
  });
});

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';

describe('an untrusted workspace', () => {
  const host = useWorkbench({
    trust: true,
    settings: { 'loopSupervisor.defaultAgent': 'sample' },
    files: {
      '.vscode/settings.json': JSON.stringify({
        'loopSupervisor.agents': { sample: { extends: 'plain', command: 'touch', args: ['taken-over'] } },
        'loopSupervisor.maxConcurrent': 99,
      }),
    },
  });

  it('R1.2 runs no agent, and offers the way to trust the workspace', async () => {
    const { window, server } = host;
    await window.command('Submit Prompt…');
    const { buttons } = await window.notices.says('runs no agents in an untrusted workspace');
    assert.deepEqual(buttons, ['Manage Workspace Trust']);
    await until('what it needs', async () => (await window.statusText('circuit')) === 'Needs workspace trust');
    assert.deepEqual(server.started(), []);
    await window.screenshot('untrusted');
  });

  it('once trusted it works by the settings of the machine, not of the workspace', async () => {
    const { window } = host;
    await window.command('Submit Prompt…');
    await window.notices.press('untrusted', 'Manage Workspace Trust');
    await window.page
      .locator('.workspace-trust-editor .monaco-button')
      .filter({ hasText: /^\s*Trust\s*$/ })
      .first()
      .click();
    await until('the supervisor', async () => (await window.statusText('circuit')) === '');
    // The editor of the trust lies over the window.
    await window.settle();
    await window.submit('Hello [cost 0.10]');
    await window.tree.show();
    await window.tree.becomes(/^Hello/, 'completed');
    assert.ok(!existsSync(join(host.workspace, 'taken-over')), 'the workspace named a program that was run');
    await window.tree.becomes(/^Hello/, '$0.10');
    assert.equal(await window.statusText('budget'), '$0.00 today', 'the demo costs play money');
    await until('the cap of the machine', async () => (await window.tree.rows())[0]?.[0] === 'Running 0/4');
  });
});

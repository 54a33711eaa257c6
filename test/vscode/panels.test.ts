import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { LoopSupervisorApi } from '../../src/api.ts';
import { until } from '../support/until.ts';
import { readyApi, useQuietEnd, useSettings } from './extension.ts';

/** Labels of the editor tabs that are open. */
function tabs(): string[] {
  return vscode.window.tabGroups.all.flatMap((group) => group.tabs.map(({ label }) => label));
}

describe('panels and tools, in VS Code', () => {
  let api: LoopSupervisorApi;
  useQuietEnd();
  useSettings({ 'budget.dailyLimitUsd': 1_000 });

  before(async () => {
    api = await readyApi();
    await api.submit({ prompt: 'Panels [quick] [cost 0.10]', agent: 'sample', loopId: 'vs-panels' });
    await until('the loop to complete', async () => (await api.get('vs-panels'))?.state === 'completed');
  });
  afterEach(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  const commands: [string, string][] = [
    ['showOutput', 'Output: Panels [quick] [cost 0.10]'],
    ['showDetail', 'Panels [quick] [cost 0.10]'],
    ['showDashboard', 'Loop Supervisor'],
    ['openLog', 'stdout.log'],
  ];
  for (const [command, label] of commands) {
    it(`${command} opens one tab for a loop, however often it is called`, async () => {
      for (let i = 0; i < 2; i++) await vscode.commands.executeCommand(`loopSupervisor.${command}`, 'vs-panels');
      await until(`the tab ${label}`, () => tabs().includes(label));
      assert.deepEqual(tabs(), [label]);
    });
  }

  it('openLog opens the stream that is asked for', async () => {
    const { loopId, seq } = (await api.get('vs-panels'))?.loop ?? assert.fail();
    const open = (file: string) => vscode.commands.executeCommand('loopSupervisor.openLog', { loopId, seq }, 1, file);
    assert.match(String(await open('err')), /stderr\.log$/);
    assert.match(String(await open('out')), /stdout\.log$/);
  });

  it('a missing loop is reported, not shown', async () => {
    assert.equal(await vscode.commands.executeCommand('loopSupervisor.showDetail', 'no-such-loop'), undefined);
    assert.deepEqual(tabs(), []);
  });

  describe('language-model tools', () => {
    async function invoke(name: string, input: object = {}): Promise<Record<string, unknown>> {
      const result = await vscode.lm.invokeTool(`loopSupervisor_${name}`, { input, toolInvocationToken: undefined });
      const [part] = result.content;
      assert.ok(part instanceof vscode.LanguageModelTextPart);
      return JSON.parse(part.value) as Record<string, unknown>;
    }

    it('are there, all eight', () => {
      const names = vscode.lm.tools
        .filter(({ name }) => name.startsWith('loopSupervisor_'))
        .map(({ name }) => name.slice('loopSupervisor_'.length));
      assert.deepEqual(names.toSorted(), [
        'circuitStatus',
        'inspectQueue',
        'killProcess',
        'listProcesses',
        'loopHistory',
        'remainingBudget',
        'resourceSnapshot',
        'submitLoop',
      ]);
    });

    it('answer what the supervisor knows', async () => {
      assert.equal((await invoke('circuitStatus')).state, 'closed');
      assert.equal((await invoke('remainingBudget')).limitUsd, 1_000);
      assert.equal((await invoke('inspectQueue')).depth, 0);
      const { loops } = await invoke('loopHistory', { text: 'Panels' });
      assert.equal((loops as { loopId: string }[])[0]?.loopId, 'vs-panels');
    });

    it('see a run with its processes, their CPU and memory', async () => {
      await api.submit({ prompt: 'Work [slow 60]', agent: 'sample', loopId: 'vs-tools' });
      const pid = await until('the agent', () => api.status().running.find(({ loopId }) => loopId === 'vs-tools')?.pid);
      const { processes } = await invoke('listProcesses');
      assert.deepEqual(
        (processes as { loopId: string; pid: number }[]).map(({ loopId, pid: leader }) => [loopId, leader]),
        [['vs-tools', pid]],
      );
      const { loops } = await invoke('resourceSnapshot', { loopId: 'vs-tools' });
      assert.ok(((loops as { memoryBytes: number }[])[0]?.memoryBytes ?? 0) > 1e6);
    });
  });
});

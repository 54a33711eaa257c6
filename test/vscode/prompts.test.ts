import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { LoopSupervisorApi } from '../../src/api.ts';
import { until } from '../support/until.ts';
import { readyApi, set, useQuietEnd } from './extension.ts';

const PROMPTS: readonly [what: string, prompt: string][] = [
  ['5 MB', 'This is line after line of a long prompt.\n'.repeat(125_000)],
  ['text that begins with a dash', '--help -v\n-'],
  [
    'quotes and what a shell would take for its own',
    `"two" 'one' \`id\` $(id) $HOME \\ ; rm -rf & | > < * ? # !\n%PATH% ^`,
  ],
  ['line ends, tabs and emoji', '\n a\r\n\tb\n\n🧵 καλημέρα 你好 e\u0301 \u200b\n'],
];

describe('prompts reach the agent', () => {
  let api: LoopSupervisorApi;
  let folder: string;

  before(async () => {
    api = await readyApi();
    folder = mkdtempSync(join(tmpdir(), 'loop-prompts-'));
    const copy = { extends: 'plain', command: 'sh', args: ['-c', 'cat > "$COPY_TO"'] };
    const agents = PROMPTS.map((_, index) => [
      `copy${index}`,
      { ...copy, env: { COPY_TO: join(folder, String(index)) } },
    ]);
    await set('agents', Object.fromEntries(agents));
  });
  after(async () => {
    await set('agents', undefined);
    rmSync(folder, { recursive: true, force: true });
  });
  useQuietEnd();

  for (const [index, [what, prompt]] of PROMPTS.entries()) {
    it(`R1.4 byte for byte: ${what}`, async () => {
      const { loopId } = await until('the agent of the settings to be known', () =>
        api.submit({ prompt, agent: `copy${index}` }),
      );
      await until('the loop to complete', async () => (await api.get(loopId))?.state === 'completed');
      assert.ok(readFileSync(join(folder, String(index))).equals(Buffer.from(prompt)), 'the agent read other bytes');
    });
  }
});

describe('a first Submit Selection', () => {
  it('asks for the agent, and sends nothing to the demo', async () => {
    const api = await readyApi();
    const live = () => [...api.status().running, ...api.status().queued].map(({ loopId }) => loopId);
    const before = live();
    const document = await vscode.workspace.openTextDocument({ content: 'Greet the moon [quick]' });
    const editor = await vscode.window.showTextDocument(document);
    editor.selection = new vscode.Selection(0, 0, 0, 14);
    let answer: unknown = 'open';
    vscode.commands.executeCommand('loopSupervisor.submitSelection').then((result) => {
      answer = result;
    });
    await until('the question to be dismissed', async () => {
      await vscode.commands.executeCommand('workbench.action.closeQuickOpen');
      return answer !== 'open';
    });
    assert.equal(answer, undefined);
    assert.deepEqual(
      live().filter((loopId) => !before.includes(loopId)),
      [],
    );
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  });
});

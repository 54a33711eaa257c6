import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { LoopSupervisorApi, SubmitResult } from '../../src/api.ts';
import { until } from '../support/until.ts';
import { readyApi, useQuietEnd } from './extension.ts';

const ID = 'vs-again';

describe('commands on one of several loops of the same id, in VS Code', () => {
  let api: LoopSupervisorApi;
  let old: { readonly loopId: string; readonly seq: number };
  const command = <T>(name: string, ...args: unknown[]) =>
    vscode.commands.executeCommand<T>(`loopSupervisor.${name}`, ...args);
  useQuietEnd();

  before('two loops of one id', async () => {
    api = await readyApi();
    for (const prompt of ['The old one [quick]', 'The new one [quick]']) {
      const seq = (await api.get(ID))?.loop.seq;
      await api.submit({ prompt, agent: 'sample', loopId: ID });
      await until(
        'the loop to complete',
        async () => (await api.get(ID))?.state === 'completed' && (await api.get(ID))?.prompt === prompt,
      );
      if (seq !== undefined) old = { loopId: ID, seq };
    }
  });

  it('Copy Prompt and Submit Again take the prompt of that one', async () => {
    assert.equal(await command('copyPrompt', old), 'The old one [quick]');
    assert.equal(await command('copyPrompt', ID), 'The new one [quick]');
    const again = await command<SubmitResult>('submitAgain', old);
    assert.equal((await api.get(again.loopId))?.prompt, 'The old one [quick]');
  });

  it('Cancel on the old one leaves the live one alone', async () => {
    await api.submit({ prompt: 'The live one [slow 60]', agent: 'sample', loopId: ID });
    assert.equal(await command('cancel', old), 0);
    assert.equal((await api.get(ID))?.state, 'running');
    assert.equal(await command('cancel', ID), 1);
  });

  it('Remove from History removes that one, once', async () => {
    assert.equal(await command('removeFinished', old), 1);
    assert.equal(await command('removeFinished', old), 0);
    assert.equal((await api.get(ID))?.prompt, 'The live one [slow 60]');
  });
});

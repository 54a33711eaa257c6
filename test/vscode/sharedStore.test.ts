import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import type { LoopSupervisorApi } from '../../src/api.ts';
import { parseAddress } from '../../src/store/postgres/address.ts';
import { sharedCluster } from '../support/postgres/sharedCluster.ts';
import { until } from '../support/until.ts';
import { answerInOrder } from './answers.ts';
import { extension, readyApi, set, useQuietEnd } from './extension.ts';

describe('Use a Shared Store…, in VS Code', () => {
  const cluster = sharedCluster();
  let api: LoopSupervisorApi;
  let address: string;
  let other: string;

  before('start PostgreSQL', async function () {
    const started = await cluster();
    if (!started) return this.skip();
    address = started.address();
    other = mkdtempSync(join(tmpdir(), 'loop-supervisor-other-'));
    writeFileSync(join(other, 'settings.json'), JSON.stringify({ store: address, background: 'off' }));
    api = await readyApi();
  });
  useQuietEnd();
  afterEach('take the setting back', () => set('store', undefined));
  after('remove the other machine', () => other && rmSync(other, { recursive: true, force: true }));

  /** Runs the command with these answers. Returns what it says; nobody reloads, so that this window goes on. */
  async function useSharedStore(...answers: readonly string[]): Promise<readonly string[]> {
    const { said, restore } = answerInOrder(answers);
    let isOver = false;
    const command = Promise.resolve(vscode.commands.executeCommand('loopSupervisor.useSharedStore')).finally(() => {
      isOver = true;
    });
    try {
      await until('the command to come to its end', async () => {
        const offersReload = said.some((message) => message.includes('Reload all windows'));
        if (offersReload) await vscode.commands.executeCommand('notifications.clearAll');
        return isOver;
      });
      await command;
      return said;
    } finally {
      restore();
    }
  }

  /** A call of `loops` on another machine of that store. */
  async function onOtherMachine(...args: readonly string[]): Promise<void> {
    const program = join(extension().extensionPath, 'dist', 'loops.cjs');
    const env = { ...process.env, LOOP_SUPERVISOR_STORAGE: other };
    await promisify(execFile)(process.execPath, [program, ...args], { env });
  }

  const stateOf = async (loopId: string) => (await api.get(loopId))?.state;
  const chosen = () => vscode.workspace.getConfiguration('loopSupervisor').inspect('store')?.globalValue;

  it('R16.1 takes the queue there, and leads back with what became of it; nothing is deleted', async () => {
    await api.pause();
    for (const loopId of ['vs-travels', 'vs-ends-there'])
      await api.submit({ prompt: 'Travel', agent: 'sample', loopId });

    const there = await useSharedStore(address, '', 'Take This Queue');
    assert.match(there[0] ?? '', /^2 waiting loops moved, \d+ finished loops? copied\.$/);
    assert.match(there[1] ?? '', /^The state of Loop Supervisor is now at /);
    assert.equal(chosen(), address);
    await until('the queue to be gone', () => api.status().queued.length === 0);
    await onOtherMachine('cancel', 'vs-ends-there');

    const back = await useSharedStore('', "Take This Machine's Queue");
    assert.match(back[0] ?? '', /^1 waiting loop moved, \d+ finished loops? copied\.$/);
    assert.match(back[1] ?? '', /^The state of Loop Supervisor is in the file of this machine again\./);
    assert.equal(chosen(), undefined);
    await until('the queue to be back', () => api.status().queued.some(({ loopId }) => loopId === 'vs-travels'));
    const ended = await api.get('vs-ends-there');
    assert.deepEqual([ended?.state, ended?.history.at(-1)?.why], ['cancelled', 'cancelled by the user']);
    await api.resume();
    await until('the loop to complete', async () => (await stateOf('vs-travels')) === 'completed');

    const { schema } = parseAddress(address);
    const left = `SELECT loop_id FROM ${schema}.loops WHERE loop_id IN ('vs-travels', 'vs-ends-there')`;
    assert.equal((await (await cluster())?.sql(left))?.length, 2);
  });
});

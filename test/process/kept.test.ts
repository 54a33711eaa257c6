import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEnd } from '../../src/core/ports/launcher.ts';
import { until } from '../support/until.ts';
import { kill, lives, program, RunHarness } from './support/runHarness.ts';

describe('Processes that are kept', () => {
  let harness: RunHarness;
  const toEnd: number[] = [];

  beforeEach(async () => {
    harness = await RunHarness.create();
  });

  afterEach(() => {
    for (const pid of toEnd.splice(0)) kill(pid);
    harness.dispose();
  });

  function kept(end: RunEnd): string[] {
    toEnd.push(...end.kept.map(({ pid }) => pid));
    for (const { pid } of end.kept) assert.ok(lives(pid), `${pid} lives on`);
    assert.deepEqual(end.remaining, []);
    return end.kept.map(({ command }) => command).sort();
  }

  it('R7.4 a tmux server and its children live on after a cancel and are listed; they can be ended from there', async () => {
    const { told, run, token } = harness.launch('/bin/sh', ['-c', `"${program('tmux')}"; sleep 1000`]);
    await until('the server and its child', () => harness.processesOf(token).length === 4);
    run.stop('user', 200);
    const end = await told.whenEnded;
    const commands = kept(end);
    assert.equal(commands.length, 2, JSON.stringify(end));
    assert.ok(commands[0]?.includes('tmux serve') && commands[1] === 'sleep 1000', JSON.stringify(commands));
    for (const one of end.kept) assert.equal(await harness.launcher.terminateSpared(one), true);
    for (const { pid } of end.kept) assert.ok(!lives(pid));
    assert.equal(await harness.launcher.terminateSpared(end.kept[0]!), false);
  });

  it('R7.4 a real tmux server lives on, where tmux is installed', async function () {
    const socket = join(harness.folder, 'tmux.sock');
    const { told } = harness.launch('/bin/sh', [
      '-c',
      `command -v tmux >/dev/null || exit 7; tmux -f /dev/null -S '${socket}' new-session -d 'sleep 1000'`,
    ]);
    const end = await told.whenEnded;
    if (end.exit.exitCode === 7) this.skip();
    const commands = kept(end);
    assert.ok(
      commands.some((command) => command.startsWith('tmux')),
      JSON.stringify(end),
    );
    assert.ok(
      commands.some((command) => command.includes('sleep 1000')),
      JSON.stringify(end),
    );
  });

  it('R7.4 a process with LOOP_SUPERVISOR_KEEP=1 lives on, even in the group that is stopped', async () => {
    const script =
      'LOOP_SUPERVISOR_KEEP=1 sleep 1001 & LOOP_SUPERVISOR_KEEP=11 sleep 1002 & sleep 1000 & echo up; wait';
    for (const end of ['cancel', 'kill'] as const) {
      const { told, run, token } = harness.launch('/bin/sh', ['-c', script]);
      await until('all of them', () => harness.processesOf(token).length === 4 && told.texts.length === 1);
      if (end === 'cancel') run.stop('user', 200);
      else assert.equal(await run.signal('SIGKILL', 'user'), true);
      assert.deepEqual(kept(await told.whenEnded), ['sleep 1001']);
      assert.equal(harness.processesOf(token).length, 1);
    }
  });

  it('R7.4 what is kept lives on after a normal end', async () => {
    const { told } = harness.launch('/bin/sh', [
      '-c',
      "LOOP_SUPERVISOR_KEEP=1 setsid sh -c 'touch up; exec sleep 1001' & sleep 1000 & while [ ! -e up ]; do sleep 0.02; done",
    ]);
    const end = await told.whenEnded;
    assert.deepEqual(kept(end), ['sleep 1001']);
    assert.deepEqual(
      end.swept.map(({ command }) => command),
      ['sleep 1000'],
    );
  });

  it('R7.4 which programs are kept is a setting', async () => {
    const { told, token } = harness.launch(
      '/bin/sh',
      ['-c', `"${program('tmux')}"; while [ ! -e go ]; do sleep 0.02; done`],
      {
        limits: { keep: [] },
      },
    );
    await until('the server and its child', () => harness.processesOf(token).length >= 4);
    writeFileSync(join(harness.cwd, 'go'), '');
    const end = await told.whenEnded;
    assert.deepEqual(end.kept, []);
    assert.equal(end.swept.length, 2, JSON.stringify(end));
  });

  it('R7.4 VS Code is never signalled, nor what runs below it; a program of the project that is called so is', async () => {
    const editor = join(harness.folder, 'opt', 'code');
    mkdirSync(join(harness.folder, 'opt'));
    for (const path of [editor, join(harness.cwd, 'code')]) copyFileSync(realpathSync('/bin/sh'), path);
    const { told, token, run } = harness.launch('/bin/sh', [
      '-c',
      `"${editor}" -c 'sleep 1001 & wait' & ./code -c 'sleep 1002 & wait' & sleep 1000`,
    ]);
    await until('all of them', () => harness.processesOf(token).length === 6);
    run.stop('user', 200);
    const end = await told.whenEnded;
    assert.deepEqual(kept(end), [`${editor} -c sleep 1001 & wait`, 'sleep 1001'], 'and they are listed');
    assert.equal(harness.processesOf(token).length, 2);
    const host = end.kept.find(({ command }) => command.startsWith(editor))!;
    assert.equal(await harness.launcher.terminateSpared(host), false);
    assert.ok(lives(host.pid));
  });

  it('R7.4 what the bundled sample agent starts is ended, though VS Code itself runs it', async () => {
    const editor = join(harness.folder, 'opt', 'code');
    mkdirSync(join(harness.folder, 'opt'));
    copyFileSync(process.execPath, editor);
    const script =
      'require("child_process").spawn(process.execPath, ["-e", "setInterval(() => 0, 1e6)"]); setInterval(() => 0, 1e6)';
    const agent = join(harness.folder, 'sampleAgent.cjs');
    writeFileSync(agent, script);
    const { told, token, run } = harness.launch(editor, [agent], { env: { ELECTRON_RUN_AS_NODE: '1' } });
    await until('both', () => harness.processesOf(token).length === 2);
    run.stop('user', 200);
    const end = await told.whenEnded;
    assert.deepEqual([kept(end), harness.processesOf(token)], [[], []]);
  });
});

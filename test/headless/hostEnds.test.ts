import assert from 'node:assert/strict';
import { copyFileSync, cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kill } from '../process/support/runHarness.ts';
import { installed } from '../support/installed.ts';
import { stillLives } from '../support/markedProcesses.ts';
import type { ListedRun } from '../support/plainHost.ts';
import { together } from '../support/together.ts';
import { stays, until } from '../support/until.ts';
import { endOf, HostTrial } from './hostTrial.ts';

const DAY_MS = 24 * 60 * 60_000;

/** So long (ms) everything stands still in a suspend. */
const SUSPENDED_MS = 3_000;

/** So long (ms) the host is awake then before the others are. */
const AWAKE_FIRST_MS = 1_000;

/** Stops host, guardians and agents, those that begin meanwhile too. Returns their pids. */
async function allStopped(trial: HostTrial): Promise<number[]> {
  let stopped: number[] = [];
  await until('all to stand still', () => {
    const all = [...trial.ours(), ...trial.agents()].map(({ pid }) => pid);
    const isAll = all.every((pid) => stopped.includes(pid));
    stopped = all;
    for (const pid of all) kill(pid, 'SIGSTOP');
    return isAll;
  });
  return stopped;
}

/** The extension in a folder of its own, as an update or a removal finds it. */
async function install(trial: HostTrial, name: string, version?: string): Promise<string> {
  const root = join(trial.storage, name);
  cpSync(await installed(), root, { recursive: true });
  const manifest = join(root, 'package.json');
  if (version !== undefined)
    writeFileSync(manifest, JSON.stringify({ ...JSON.parse(readFileSync(manifest, 'utf8')), version }));
  return root;
}

/** Replaces each program of an extension by the same in another file, as `npm update` does. */
function updateInPlace(root: string): void {
  const dist = join(root, 'dist');
  for (const name of readdirSync(dist).filter((file) => file.endsWith('.cjs'))) {
    copyFileSync(join(dist, name), join(dist, `${name}.new`));
    renameSync(join(dist, `${name}.new`), join(dist, name));
  }
}

describe('what can end around the headless host', () => {
  together({
    'R15.1 R9.2 the server and all its windows are killed: the host that one of them has started goes on with what runs and what is queued':
      HostTrial.run(async (trial) => {
        const isOfServer = true;
        const windows = [await trial.openWindow({ isOfServer }), await trial.openWindow({ isOfServer })];
        trial.storeSettings();
        trial.trust();
        await windows[0]?.ask({ do: 'standBy' });
        await until('the host to stand by', () => trial.begunHosts().length === 1);
        await trial.submit(windows[1]!, 4);
        await trial.isAtWork();
        const agents = trial.agents().filter(({ leads }) => leads);
        assert.equal(agents.length, 2);
        for (const { child } of windows) process.kill(-(child.pid as number), 'SIGKILL');
        await Promise.all(windows.map(({ child }) => endOf(child)));
        assert.ok(agents.every(stillLives));
        trial.go();
        await trial.ranOnce(4);
        assert.equal(trial.begunHosts().length, 1, 'it is the same host');
      }),

    'R15.1 R9.2 a server that has just taken over what the host runs is killed: the host takes it back': HostTrial.run(
      async (trial) => {
        await trial.leaveQueued(3);
        await trial.startHost();
        await trial.isAtWork();
        // It takes the runs over as it begins.
        const window = await trial.openWindow({ isOfServer: true });
        process.kill(-(window.child.pid as number), 'SIGKILL');
        await endOf(window.child);
        trial.go();
        await trial.ranOnce(3);
      },
    ),

    'R15.1 R9.2 windows, host, guardians and agents are killed at once: the next window finishes all': HostTrial.run(
      async (trial) => {
        const window = await trial.openWindow();
        trial.storeSettings();
        const host = await trial.startHost();
        await trial.submit(window, 4);
        await trial.isAtWork();
        await until('the guardians', async () => {
          const runs = await window.ask<ListedRun[]>({ do: 'list' });
          return runs.filter(({ guardian, leader }) => guardian && leader).length === 2;
        });
        const all = [...trial.ours(), ...trial.agents()].map(({ pid }) => pid);
        for (const pid of [window.child.pid as number, ...all]) kill(pid, 'SIGKILL');
        await Promise.all([window.kill(), endOf(host)]);
        await trial.openWindow();
        trial.go();
        await trial.allDone(4);
        const outcomes = (await trial.attempts(4)).map((attempts) =>
          attempts.filter(({ isCheck }) => !isCheck).map(({ end }) => end?.outcome === 'ok'),
        );
        for (const of of outcomes)
          assert.deepEqual([of.at(-1), of.filter(Boolean).length], [true, 1], 'each is done once');
      },
    ),

    'R15.1 R7.6 host, guardians and agents stand still, as in a suspend, and go on one after the other: each ran once':
      HostTrial.run(async (trial) => {
        await trial.leaveQueued(3);
        const host = await trial.startHost();
        await trial.isAtWork();
        const all = await allStopped(trial);
        const agents = trial.agents();
        const attempts = () => trial.rows('SELECT * FROM attempts');
        const before = attempts();
        await stays(() => assert.deepEqual(attempts(), before), SUSPENDED_MS);
        // It looks at all of them before they are awake.
        host.kill('SIGCONT');
        await stays(() => assert.ok(agents.every(stillLives)), AWAKE_FIRST_MS);
        for (const pid of all) kill(pid, 'SIGCONT');
        trial.go();
        await trial.ranOnce(3);
      }),

    'R9.5 R15.1 the machine sleeps for a day under the host: what runs goes on, what lay in the queue waits for its user':
      HostTrial.run(async (trial) => {
        await trial.leaveQueued(3);
        const ended = endOf(await trial.startSleeper());
        await trial.isAtWork();
        trial.sleep(DAY_MS);
        trial.go();
        assert.equal(await ended, 0, 'nothing can start without a person');
        assert.match(JSON.stringify(trial.rows('SELECT gates FROM head')), /absence/);
        assert.deepEqual((await trial.states(3)).sort(), ['completed', 'completed', 'queued']);
        const attempts = (await trial.attempts(3)).flat();
        assert.deepEqual(
          attempts.map(({ end }) => end?.outcome),
          ['ok', 'ok'],
        );
      }),

    'R15.1 is uninstalled while it runs: the host ends, guardians stop what nobody follows, and the next window has the loops':
      HostTrial.run(async (trial) => {
        await trial.leaveQueued(2);
        trial.storeSettings({ unattendedGraceMinutes: 0.02 });
        const root = await install(trial, 'extension');
        const ended = endOf(await trial.startHost(root));
        await trial.isAtWork();
        rmSync(root, { recursive: true });
        assert.equal(await ended, 0);
        await until('the guardians to end the agents', () => trial.agents().length === 0);
        assert.equal(trial.countRunning(), 2);
        await trial.openWindow();
        await until('the loops to run again', () => new Set(trial.agents().map(({ loopId }) => loopId)).size === 2);
        for (const [first] of await trial.attempts(2)) assert.equal(first?.end?.outcome, 'interrupted');
      }),

    'R15.1 a newer version comes beside it, and its own folder goes: it ends, and the host of that version goes on with what runs':
      HostTrial.run(async (trial) => {
        await trial.leaveQueued(3);
        const ended = endOf(await trial.startHost(await install(trial, 'older', '0.9.0')));
        await trial.isAtWork();
        const newer = await install(trial, 'newer', '0.9.1');
        trial.storeSettings({}, '0.9.1');
        // As the newer window does: again until the older host has gone.
        await until('the newer host', () => trial.tryHost(newer));
        assert.equal(await ended, 0);
        rmSync(join(trial.storage, 'older'), { recursive: true });
        trial.go();
        await trial.ranOnce(3);
      }),

    'R15.1 is updated in its place while it runs: the host hands over to the new program, and what runs goes on':
      HostTrial.run(async (trial) => {
        await trial.leaveQueued(3);
        const root = await install(trial, 'extension');
        const older = await trial.startHost(root);
        await trial.isAtWork();
        updateInPlace(root);
        assert.equal(await endOf(older), 0);
        const [next] = await until('the next host', () => trial.begunHosts().length > 0 && trial.begunHosts());
        assert.notEqual(next, older.pid);
        trial.go();
        await trial.ranOnce(3);
        assert.equal(trial.begunHosts().length, 1, 'and one alone');
      }),
  });
});

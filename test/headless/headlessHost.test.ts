import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoopDetail } from '../../src/core/model/loopDetail.ts';
import { runFiles } from '../../src/process/runFolder/runFiles.ts';
import { together } from '../support/together.ts';
import { until } from '../support/until.ts';
import { endOf, HostTrial } from './hostTrial.ts';

/** Stands for an agent that costs money, and works when the file `go` is in its folder. */
const PAYING = `#!/bin/sh
until test -e go; do sleep 0.05; done
echo '{"type":"assistant","message":{"content":[{"type":"text","text":"worked"}]}}'
echo '{"type":"result","subtype":"success","is_error":false,"total_cost_usd":0.25,"result":"worked"}'
`;

describe('the headless host for real', () => {
  together({
    'R15.1 R10.2 R11.1 the window is killed: the host finishes 2 that run and 6 that are queued, and the next window has their ends, costs and logs':
      HostTrial.run(async (trial) => {
        const { storage } = trial;
        writeFileSync(join(storage, 'paying'), PAYING, { mode: 0o700 });
        const agents = { reporter: { extends: 'claude', command: join(storage, 'paying') } };
        const window = await trial.openWindow({ agents });
        const notices = join(storage, 'notices.jsonl');
        trial.storeSettings({ agents, 'notifications.command': ['tee', '-a', notices] });
        trial.trust();
        const host = await trial.startHost();
        const ended = endOf(host);
        host.kill('SIGHUP');
        await trial.submit(window, 8, 'true');
        await trial.isAtWork();
        await window.kill();
        trial.go();
        await trial.ranOnce(8);
        assert.equal(await ended, 0);
        const told = readFileSync(notices, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).loopId as string);
        assert.deepEqual(told.toSorted(), trial.ids(8), 'R10.2 the command of the user ran once for each');
        const alone = JSON.parse(readFileSync(join(storage, 'headless/alone.json'), 'utf8')) as { since: number };
        assert.ok(alone.since <= Date.now(), 'the next window says since when');
        assert.equal(statSync(join(storage, 'headless/alone.json')).mode & 0o777, 0o600);
        const later = await trial.openWindow({ agents });
        for (const loopId of trial.ids(8)) {
          const { state, costUsd, checks, attempts } = await later.ask<LoopDetail>({ do: 'get', loopId });
          const judged = checks.map(({ round, outcome }) => `${round} ${outcome}`);
          assert.deepEqual([state, costUsd, judged], ['completed', 0.25, ['0 passed', '1 passed']]);
          const { stdout } = runFiles(join(storage, 'runs'), attempts.find(({ isCheck }) => !isCheck)?.token ?? '');
          assert.match(readFileSync(stdout, 'utf8'), /worked/);
        }
      }),

    'R15.1 a store whose folder was never trusted is left alone: it starts nothing, and ends': HostTrial.run(
      async (trial) => {
        const window = await trial.openWindow();
        trial.storeSettings();
        await window.ask({ do: 'pause' });
        await trial.submit(window, 2);
        await window.kill();
        trial.sql('UPDATE head SET paused = 0');
        await endOf(await trial.startHost());
        assert.deepEqual(await trial.states(2), ['queued', 'queued']);
      },
    ),

    'R15.1 R3.2 the host is killed again and again: no loop is lost, and none runs twice': HostTrial.run(
      async (trial) => {
        await trial.leaveQueued(4);
        for (let kills = 0; kills < 3; kills++) {
          const host = await trial.startHost();
          // The others find its runs, and are gone before they may take them over.
          if (kills === 0) await trial.isAtWork();
          host.kill('SIGKILL');
          await endOf(host);
        }
        await trial.startHost();
        trial.go();
        await trial.ranOnce(4);
      },
    ),

    'R15.1 R9.2 window and host are killed at once: a window that opens later goes on': HostTrial.run(async (trial) => {
      const window = await trial.openWindow();
      trial.storeSettings();
      const host = await trial.startHost();
      await trial.submit(window, 4);
      await trial.isAtWork();
      host.kill('SIGKILL');
      await Promise.all([window.kill(), endOf(host)]);
      await trial.openWindow();
      trial.go();
      await trial.ranOnce(4);
    }),

    'R15.1 a host that stood still while its agents ended, as in a suspend, settles them once': HostTrial.run(
      async (trial) => {
        await trial.leaveQueued(3);
        const host = await trial.startHost();
        await trial.isAtWork();
        host.kill('SIGSTOP');
        trial.go();
        await until('the agents to end', () => trial.agents().length === 0);
        host.kill('SIGCONT');
        await trial.ranOnce(3);
      },
    ),

    'R15.1 ends for a newer schema, and leaves it untouched; what runs goes on, and nothing is lost': HostTrial.run(
      async (trial) => {
        await trial.leaveQueued(2);
        const host = await trial.startHost();
        await trial.isAtWork();
        trial.sql('PRAGMA user_version = 999');
        assert.equal(await endOf(host), 0);
        assert.ok(trial.agents().length >= 2);
        assert.equal(trial.countRunning(), 2);
      },
    ),
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import { endMarked } from '../support/markedProcesses.ts';
import type { ListedQuestion, ListedRun } from '../support/plainHost.ts';
import { until } from '../support/until.ts';
import { HostError, HostProcess } from './hostProcess.ts';

/** An agent that asks once, and what becomes of its question when those around it die. */
describe('Questions while hosts and guardians die', () => {
  const prefix = `questions-${process.pid}-`;
  const loopId = `${prefix}asks`;
  const settings = { restart: { maxRestarts: 10, windowMs: 1_500, maxTotal: 10 } };
  let storage: string;
  let hosts: HostProcess[];

  beforeEach(async () => {
    storage = mkdtempSync(join(tmpdir(), 'loop-supervisor-questions-'));
    hosts = [];
    const host = await open();
    const prompt = JSON.stringify({ steps: 1, stepMs: 1, cost: 1_000, child: false, asks: true });
    await host.ask({ do: 'submit', loopId, prompt });
  });

  afterEach(async () => {
    for (const host of hosts) await host.kill();
    endMarked(prefix);
    rmSync(storage, { recursive: true, force: true, maxRetries: 5 });
  });

  async function open(): Promise<HostProcess> {
    const host = new HostProcess({ storage, guardianProgram: await bundledGuardian(), settings });
    hosts.push(host);
    await host.ready();
    return host;
  }

  const asked = (host: HostProcess, but = '') =>
    until('the question', async () => {
      const open = await host.ask<ListedQuestion[]>({ do: 'questions' });
      return open.find(({ question }) => question !== but);
    });
  const give = (host: HostProcess, { question }: ListedQuestion, choice = 'yes') =>
    host.ask({ do: 'answer', loopId, question, choice });
  const done = (host: HostProcess) =>
    until('its end', async () => (await host.ask({ do: 'state', loopId })) === 'completed');

  /** What its history says of answers, attempt by attempt. */
  async function answers(): Promise<string[]> {
    const store = openStore({ path: join(storage, 'supervisor.db'), clock: systemClock, log: () => {} });
    try {
      const loop = await store.latest(loopId);
      const history = loop ? await store.history(loop.seq) : [];
      return history.flatMap(({ why }) => /^(?:allowed|denied) by you/.exec(why) ?? []);
    } finally {
      store.close();
    }
  }

  it('R17.1 a host that is killed, or reloads, finds the question again: it is answered once', async () => {
    const first = await asked(hosts[0] as HostProcess);
    await hosts[0]?.kill();
    const second = await open();
    assert.deepEqual(await asked(second), first);
    await second.release();
    const third = await open();
    assert.deepEqual(await asked(third), first);
    await give(third, first);
    await done(third);
    assert.deepEqual(await answers(), ['allowed by you']);
  });

  it('R17.1 a question whose guardian is killed is asked again by the next attempt, and answered once', async () => {
    const [host] = hosts as [HostProcess];
    const first = await asked(host);
    const [run] = await host.ask<ListedRun[]>({ do: 'list' });
    process.kill(run?.guardian?.pid as number, 'SIGKILL');
    const second = await asked(host, first.question);
    assert.notEqual(second.command, first.command, 'another attempt asks');
    await assert.rejects(give(host, first), HostError);
    await give(host, second, 'no');
    await done(host);
    assert.deepEqual(await answers(), ['denied by you']);
  });

  it('R17.1 of answers that two windows give at once one counts, and the agent gets that one', async () => {
    const [first] = hosts as [HostProcess];
    const second = await open();
    const question = await asked(first);
    await asked(second);
    const given = await Promise.allSettled([give(first, question, 'yes'), give(second, question, 'no')]);
    const taken = given.map(({ status }) => status === 'fulfilled');
    assert.equal(taken.filter(Boolean).length, 1, JSON.stringify(given));
    await done(first);
    assert.deepEqual(await answers(), [taken[0] ? 'allowed by you' : 'denied by you']);
  });
});

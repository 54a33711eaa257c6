import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessIdentity } from '../../src/core/model/processIdentity.ts';
import type { Status } from '../../src/core/model/status.ts';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import { endMarked } from '../support/markedProcesses.ts';
import type { ListedQuestion, ListedRun } from '../support/plainHost.ts';
import { until } from '../support/until.ts';
import { HostProcess } from './hostProcess.ts';
import { ChaosRepository } from './repository.ts';

/** `npm run chaos` in small: hosts die while work trees are made and work is brought home, and a work tree vanishes. */
describe('Work trees while hosts, guardians and agents die', () => {
  const prefix = `trees-${process.pid}-`;
  const [merged, alsoMerged, asks] = [`${prefix}merged`, `${prefix}also-merged`, `${prefix}asks`] as const;
  const all = [merged, alsoMerged, asks];
  const settings = { restart: { maxRestarts: 10, windowMs: 1_500, maxTotal: 10 }, killGraceMs: 200 };
  let storage: string;
  let repository: ChaosRepository;
  let hosts: HostProcess[];

  beforeEach(() => {
    storage = mkdtempSync(join(tmpdir(), 'loop-supervisor-trees-'));
    repository = new ChaosRepository(storage);
    hosts = [];
  });
  afterEach(async () => {
    for (const host of hosts) await host.kill();
    endMarked(prefix);
    repository.dispose();
    rmSync(storage, { recursive: true, force: true, maxRetries: 5 });
  });

  async function open(): Promise<HostProcess> {
    const guardianProgram = await bundledGuardian();
    const host = new HostProcess({ storage, repository: repository.root, guardianProgram, settings });
    hosts.push(host);
    await host.ready();
    return host;
  }

  const inRepository = (name: string) => join(repository.root, '.git', name);
  const isDone = (host: HostProcess, loopId: string) =>
    until(`the end of ${loopId}`, async () => (await host.ask({ do: 'state', loopId })) === 'completed');
  const asked = (host: HostProcess, but = '') =>
    until('its question', async () => {
      const open = await host.ask<ListedQuestion[]>({ do: 'questions' });
      return open.find(({ question }) => question !== but);
    });

  /** Until a merge has come to the user's hook, which keeps it there. */
  async function merging(host: HostProcess, loopId: string): Promise<void> {
    writeFileSync(inRepository('hold'), '');
    const lines = ['#!/bin/sh', 'touch .git/held', 'while test -e .git/hold; do sleep 0.02; done', ''];
    writeFileSync(inRepository('hooks/pre-merge-commit'), lines.join('\n'));
    chmodSync(inRepository('hooks/pre-merge-commit'), 0o755);
    host.ask({ do: 'merge', loopId }).catch(() => undefined);
    await until('the hook', () => existsSync(inRepository('held')));
  }

  it('R12.1 R12.3 R12.4 R12.6 no work is lost, none comes home twice, and no tree, ref or snapshot of ours is left', async () => {
    const first = await open();
    for (const loopId of all) {
      const prompt = { steps: 2, stepMs: 10, cost: 1, file: `${loopId}.txt`, asks: loopId === asks };
      await first.ask({ do: 'submit', loopId, prompt: JSON.stringify(prompt), isIsolated: true });
    }
    await until('a work tree in the making', async () => {
      const { preparing, running } = await first.ask<Status>({ do: 'status' });
      return preparing.length + running.length > 0;
    });
    await first.kill();

    const second = await open();
    const { question } = await asked(second);
    const run = await until('its run', async () => {
      const runs = await second.ask<ListedRun[]>({ do: 'list' });
      return runs.find(({ loopId, guardian, leader, workTree }) => loopId === asks && guardian && leader && workTree);
    });
    rmSync(run.workTree as string, { recursive: true, maxRetries: 5 });
    for (const { pid } of [run.guardian, run.leader] as ProcessIdentity[]) process.kill(pid, 'SIGKILL');
    const again = await asked(second, question);
    await second.ask({ do: 'answer', loopId: asks, question: again.question, choice: 'yes' });
    for (const loopId of all) await isDone(second, loopId);
    await merging(second, merged);
    await second.kill();
    rmSync(inRepository('hold'));

    const third = await open();
    for (const loopId of [merged, alsoMerged]) await third.ask({ do: 'merge', loopId });
    const log = ['log', '--merges', '--format=%(trailers:key=Loop-Id,valueonly)', 'main'];
    const merges = execFileSync('git', log, { cwd: repository.root, encoding: 'utf8' });
    assert.deepEqual(merges.split('\n').filter(Boolean).toSorted(), [alsoMerged, merged].toSorted());
    assert.equal((await third.ask<string[]>({ do: 'cleanUp' })).length, 1, 'the branch of the one that is not merged');
    assert.deepEqual(repository.violations(all.map((loopId) => `${loopId}.txt`)), []);
    await third.ask({ do: 'clearFinished' });
    assert.deepEqual(repository.leftSnapshots(), []);
  });
});

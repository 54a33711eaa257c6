import assert from 'node:assert/strict';
import { createResourceSampler } from '../../src/process/tables/resources.ts';
import { until } from '../support/until.ts';
import { type FakeProcess, FakeTable, identity } from './support/fakeTable.ts';

describe('Sampling what runs use', () => {
  const one = identity(1000);
  const other = identity(2000);

  /** A machine on which both have used so much CPU time. */
  function machine() {
    const table = new FakeTable([]);
    const use = (cpuMs: number) => {
      for (const pid of [one.pid, other.pid]) table.processes.set(pid, { pid, cpuMs } satisfies FakeProcess);
    };
    use(0);
    return { sampler: createResourceSampler(table), use };
  }

  /** The system counts in steps: before that no rate says anything. */
  async function enoughTime(): Promise<void> {
    const from = performance.now();
    await until('enough time for a rate', () => performance.now() - from > 250);
  }

  it('one who asks for fewer runs takes no rate from who asks for more', async () => {
    const { sampler, use } = machine();
    await sampler.sample([one, other]);
    await enoughTime();
    use(10);
    await sampler.sample([one]);
    await enoughTime();
    use(20);
    const uses = await sampler.sample([one, other]);
    for (const { pid } of [one, other]) {
      const rate = uses.get(pid)?.cpuPercent;
      assert.ok(rate !== undefined && rate > 0 && rate < 5, `${pid}: ${rate}`);
    }
  });

  it('two who ask at the same time get the same', async () => {
    const { sampler, use } = machine();
    await sampler.sample([one]);
    await enoughTime();
    use(10);
    const both = await Promise.all([sampler.sample([one]), sampler.sample([one])]);
    assert.deepEqual(both[0], both[1]);
  });
});

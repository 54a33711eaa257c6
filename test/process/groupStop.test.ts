import assert from 'node:assert/strict';
import { unknown } from '../../src/core/model/looks.ts';
import { GroupStop } from '../../src/process/guardian/groupStop.ts';
import type { ProcessTable } from '../../src/process/tables/processTable.ts';
import { until } from '../support/until.ts';
import { FakeTable, identity } from './support/fakeTable.ts';

describe('The first signal of a stop (A7)', () => {
  for (const [what, list] of [
    ['cannot be made', async () => unknown('no free descriptors')],
    ['throws', () => Promise.reject(new Error('out of memory'))],
    ['never ends', () => new Promise<never>(() => undefined)],
  ] as const) {
    it(`R7.2 goes to the group although a look at its processes ${what}`, async () => {
      const table = new FakeTable([{ pid: 10 }]);
      (table as ProcessTable).list = list;
      const stop = new GroupStop({
        ...{ table, token: 'token', folder: '/none', leader: identity(10), ownFolders: [], keep: [], steps: [] },
        onSeen: () => undefined,
        onStuck: () => undefined,
        onError: () => undefined,
      });
      const begun = performance.now();
      stop.begin(60_000);
      await until('the signal', () => table.sent.includes('SIGTERM -10'));
      assert.ok(performance.now() - begun < 5_000);
      await until('SIGCONT after it', () => table.sent.includes('SIGCONT -10'));
      stop.leaderEnded();
    });
  }
});

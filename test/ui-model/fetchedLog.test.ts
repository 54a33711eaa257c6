import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FetchedOutput } from '../../src/core/runtime/fetchedLogs.ts';
import { fetchLog } from '../../src/ui/transcript/fetchedLog.ts';

const MORE: FetchedOutput = { isAtEnd: false, isComplete: false, left: 0, isFull: false };
const RUN = { loopId: 'a', seq: 4, token: 'run-1' };
const OFFLINE = 'Loop a works on build-1, which is offline.';

describe('the raw log of a run of another machine', () => {
  let folder: string;
  /** What each fetch brings. */
  let comes: (FetchedOutput | Error)[];
  let asked: number;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fetched-'));
    [comes, asked] = [[], 0];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const paths = () => ({ out: join(folder, 'out'), err: join(folder, 'err') });
  const supervisor = {
    copiedOutput: () => paths(),
    fetchOutput: async () => {
      asked++;
      const next = comes.shift() ?? { ...MORE, isAtEnd: true };
      if (next instanceof Error) throw next;
      return next;
    },
  };
  const fetch = (isCancelled = () => false) => fetchLog(supervisor, RUN, isCancelled);

  it('R16.8 comes piece by piece until all is here that there is, or the user has had enough', async () => {
    comes = [MORE, MORE];
    assert.deepEqual(await fetch(), paths());
    assert.equal(asked, 3);
    comes = [MORE, MORE, MORE];
    await fetch(() => asked === 5);
    assert.equal(asked, 5);
  });

  it('R16.8 from a machine that is offline nothing comes, and that is said', async () => {
    comes = [new Error(OFFLINE)];
    await assert.rejects(fetch(), { message: OFFLINE });
  });

  for (const log of ['out', 'err'])
    it(`R16.8 what came before a machine went offline is there all the same: std${log}`, async () => {
      writeFileSync(join(folder, log), 'twelve bytes');
      comes = [new Error(OFFLINE)];
      assert.deepEqual(await fetch(), { ...paths(), trouble: OFFLINE });
    });
});

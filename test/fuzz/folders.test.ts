import assert from 'node:assert/strict';
import { fuzzFolders } from './folders.ts';

describe('Bad run folders', () => {
  it('R7.5 R8.1 whatever lies in a run folder, the attempt ends once, with a reason', async () => {
    const { found, cases } = await fuzzFolders({ cases: 1_000, seed: 20_261_123 });
    assert.deepEqual(found, []);
    assert.equal(cases, 1_000);
  });
});

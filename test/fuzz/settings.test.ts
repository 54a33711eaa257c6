import assert from 'node:assert/strict';
import { fuzzSettings } from './settings.ts';

describe('Bad settings', () => {
  it('R1.4 whatever the settings hold, what is wrong is said and left out, and no prompt becomes a command', async () => {
    const { found, cases } = await fuzzSettings({ cases: 1_500, seed: 20_261_123 });
    assert.deepEqual(found, []);
    assert.equal(cases, 1_500);
  });
});

import assert from 'node:assert/strict';
import { fuzzRows } from './rows.ts';

describe('Bad database rows', () => {
  it('R9.4 R10.1 a database with spoilt rows or bytes is opened or refused with a sentence, and what can be read can be worked with', async () => {
    const { found, cases } = await fuzzRows({ cases: 300, seed: 20_261_123 });
    assert.deepEqual(found, []);
    assert.equal(cases, 300);
  });
});

import assert from 'node:assert/strict';
import { accountShares } from '../../src/ui/text/accountSpend.ts';

describe('What accounts have paid today', () => {
  const paid = (account: string, usd: number, estimatedUsd = 0, unknownUsd = 0) => ({
    account,
    usd,
    estimatedUsd,
    unknownUsd,
  });

  it('R14.5 shows each account with its share of all, and marks guesses', () => {
    assert.deepEqual(
      accountShares([paid('work', 3, 1, 0.5), paid('codex', 1), paid('unused', 0)], ['claude', 'codex']),
      [
        { account: 'work', words: '75 % · ≈$3.00, estimated, $0.50 of it a guess' },
        { account: 'codex', words: '25 % · $1.00' },
      ],
    );
  });

  it('says nothing where every agent pays for itself', () => {
    assert.deepEqual(accountShares([paid('claude', 3), paid('codex', 1)], ['claude', 'codex']), []);
  });

  it('an account whose guess was withdrawn has no share', () => {
    assert.deepEqual(accountShares([paid('work', 2), paid('home', -1)], ['claude']), [
      { account: 'work', words: '100 % · $2.00' },
      { account: 'home', words: '0 % · $-1.00' },
    ]);
  });
});

import assert from 'node:assert/strict';
import { LastGood } from '../../src/ui/settings/lastGood.ts';

const NAMES = ['agents', 'store'];
const PROFILE = { codex: { sandbox: 'read-only' } };

describe('Settings that name programs and places, while a settings file is half typed', () => {
  const written = { agents: PROFILE, store: 'postgres://one/loops' } as { readonly [name: string]: unknown };

  it('R6.9 stay what they were when the files last parsed', () => {
    const last = new LastGood();
    last.note(NAMES, (name) => written[name]);
    assert.deepEqual(last.valueOf('agents', undefined, 'broken'), PROFILE);
    assert.deepEqual(last.valueOf('agents', { codex: {} }, 'broken'), PROFILE, 'half of a profile is another profile');
    assert.equal(last.valueOf('store', undefined, 'broken'), 'postgres://one/loops');
    assert.equal(last.valueOf('store', '', 'parse'), '', 'what was taken out of a whole file is gone');
  });

  it('R6.9 are what the last window stored, where they did not parse since this one began', () => {
    const last = new LastGood();
    assert.deepEqual(last.valueOf('agents', { codex: {} }, 'broken'), { codex: {} }, 'nothing better is known');
    last.recall(NAMES, { agents: PROFILE });
    assert.deepEqual(last.valueOf('agents', undefined, 'broken'), PROFILE);
    assert.equal(last.valueOf('store', 'postgres://', 'broken'), undefined, 'it was not set then');
    last.note(NAMES, (name) => written[name]);
    last.recall(NAMES, {});
    assert.equal(last.valueOf('store', undefined, 'broken'), 'postgres://one/loops', 'what was read here goes first');
  });
});

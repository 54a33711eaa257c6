import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DEFAULT_SETTINGS, type Doubt, type Settings, type StoredSettings } from '../../src/core/model/settings.ts';
import { SETTING_RULES, settingsInForce } from '../../src/core/policy/settingsInForce.ts';
import { machineForEachTest } from '../support/harness.ts';
import { MoodyStore } from '../support/moodyStore.ts';

const LIMIT = 'budget.dailyLimitUsd';
const unset = { kind: 'unset' } satisfies Doubt;
const unclear = { kind: 'unclear', why: 'settings.json does not parse' } satisfies Doubt;
const unreadable = { kind: 'unreadable', why: `${LIMIT} cannot be read` } satisfies Doubt;
const withLimit = (usd: number): Settings => ({
  ...DEFAULT_SETTINGS,
  budget: { ...DEFAULT_SETTINGS.budget, dailyLimit: usd * 1e9 },
});
const storedOf = (settings: Settings): StoredSettings => settingsInForce(settings, {}, {}).stored;

describe('Settings in force', () => {
  for (const doubt of [unreadable, unclear] as const) {
    it(`R6.9 a bound that is ${doubt.kind} keeps its last good value`, () => {
      const { settings, unknown, kept } = settingsInForce(
        DEFAULT_SETTINGS,
        { [LIMIT]: doubt },
        storedOf(withLimit(20)),
      );
      assert.equal(settings.budget.dailyLimit, 20e9);
      assert.deepEqual([unknown, kept], [[], []]);
    });

    it(`R6.9 without a last good value a bound that is ${doubt.kind} is unknown, and not stored`, () => {
      const { unknown, stored } = settingsInForce(DEFAULT_SETTINGS, { [LIMIT]: doubt }, {});
      assert.deepEqual(unknown, [{ setting: LIMIT, why: doubt.why }]);
      assert.ok(!(LIMIT in stored));
      assert.equal(stored.maxConcurrent, DEFAULT_SETTINGS.maxConcurrent);
    });
  }

  it('R6.9 a bound that cannot be read keeps its last good value where its default allows less, too', () => {
    for (const doubt of [unreadable, unclear]) {
      const stored = storedOf({ ...DEFAULT_SETTINGS, maxConcurrent: 9 });
      assert.equal(settingsInForce(DEFAULT_SETTINGS, { maxConcurrent: doubt }, stored).settings.maxConcurrent, 9);
    }
  });

  it('R6.9 a bound that was taken out keeps its value until the user decides', () => {
    const { settings, kept, stored } = settingsInForce(
      DEFAULT_SETTINGS,
      { [LIMIT]: unset, maxConcurrent: unset },
      storedOf({ ...withLimit(20), maxConcurrent: 1 }),
    );
    assert.equal(settings.budget.dailyLimit, 20e9);
    assert.deepEqual(kept, [
      { setting: 'maxConcurrent', value: 1, fallback: 4 },
      { setting: LIMIT, value: 20e9, fallback: 0 },
    ]);
    assert.equal(stored[LIMIT], 20e9);
  });

  it('R6.9 an unset bound takes its default at once where that allows no more', () => {
    const stored = storedOf({ ...DEFAULT_SETTINGS, maxConcurrent: 9, loopTimeoutMs: 0 });
    const doubts = { maxConcurrent: unset, loopTimeoutMinutes: unset };
    const { settings, kept } = settingsInForce(DEFAULT_SETTINGS, doubts, stored);
    const { maxConcurrent, loopTimeoutMs } = settings;
    assert.deepEqual([maxConcurrent, loopTimeoutMs, kept], [4, DEFAULT_SETTINGS.loopTimeoutMs, []]);
  });

  it('R6.9 R14.6 what accounts keep is such a bound: one that keeps less than before asks first', () => {
    const stored = storedOf({ ...DEFAULT_SETTINGS, reserves: { claude: 20 } });
    for (const doubt of [unreadable, unclear, unset]) {
      const { settings, kept, unknown } = settingsInForce(DEFAULT_SETTINGS, { accounts: doubt }, stored);
      assert.deepEqual([settings.reserves, unknown], [{ claude: 20 }, []]);
      assert.deepEqual(
        kept.map(({ setting }) => setting),
        doubt === unset ? ['accounts'] : [],
      );
    }
    assert.equal(settingsInForce(DEFAULT_SETTINGS, { accounts: unreadable }, {}).unknown[0]?.setting, 'accounts');
    const more = settingsInForce({ ...DEFAULT_SETTINGS, reserves: { claude: 10, codex: 5 } }, {}, stored);
    assert.deepEqual(more.settings.reserves, { claude: 10, codex: 5 }, 'what the user has set holds');
  });

  it('R6.9 what another version has stored in another form is no good value', () => {
    const { unknown } = settingsInForce(DEFAULT_SETTINGS, { [LIMIT]: unreadable }, { [LIMIT]: '20 USD' });
    assert.equal(unknown.length, 1);
  });

  it('R6.9 a good value that was read and is not stored yet is the last good one', () => {
    const stored = storedOf({ ...withLimit(50), maxConcurrent: 9 });
    const unset4 = { maxConcurrent: unset };
    const { unstored } = settingsInForce(withLimit(20), unset4, stored);
    assert.deepEqual(unstored, { [LIMIT]: 20e9, maxConcurrent: 4 });
    const doubts = { [LIMIT]: unreadable, maxConcurrent: unreadable };
    const next = settingsInForce(DEFAULT_SETTINGS, doubts, stored, { unstored });
    assert.deepEqual([next.settings.budget.dailyLimit, next.settings.maxConcurrent], [20e9, 4]);
    assert.deepEqual([next.stored[LIMIT], next.unstored], [20e9, unstored]);
    assert.deepEqual(settingsInForce(DEFAULT_SETTINGS, doubts, next.stored).unstored, {}, 'once it is stored');
  });

  it('R6.9 a default in the place of what nobody has set is no good value that was read', () => {
    const doubts = Object.fromEntries(Object.keys(SETTING_RULES).map((name) => [name, unset]));
    assert.deepEqual(settingsInForce(DEFAULT_SETTINGS, doubts, {}).unstored, {});
  });

  it('R6.9 whatever is in doubt, no bound is wider than its last good value, or nothing starts', () => {
    const names = Object.keys(SETTING_RULES);
    const doubts = fc.dictionary(fc.constantFrom(...names), fc.constantFrom(unset, unclear, unreadable));
    fc.assert(
      fc.property(doubts, fc.integer({ min: 1, max: 9 }), fc.nat({ max: 50 }), (doubts, cap, usd) => {
        const last = { ...withLimit(usd), maxConcurrent: cap };
        const { settings, unknown } = settingsInForce(DEFAULT_SETTINGS, doubts, storedOf(last));
        assert.deepEqual(unknown, []);
        if (doubts[LIMIT]) assert.equal(settings.budget.dailyLimit, last.budget.dailyLimit);
        if (doubts.maxConcurrent) assert.ok(settings.maxConcurrent <= cap);
        const blind = settingsInForce(DEFAULT_SETTINGS, doubts, {});
        const open = Object.entries(doubts).filter(([, { kind }]) => kind !== 'unset');
        assert.deepEqual(
          blind.unknown.map(({ setting }) => setting).sort(),
          open
            .map(([name]) => name)
            .filter((name) => SETTING_RULES[name]?.governs)
            .sort(),
        );
      }),
    );
  });
});

describe('A supervisor whose settings cannot be read', () => {
  const h = machineForEachTest();

  it('R6.9 starts nothing without a last good value, and says which setting', async () => {
    const window = await h.open({}, { doubts: { [LIMIT]: unreadable } });
    await window.submit({ prompt: 'work', estimatedCostUsd: 50_000 });
    assert.deepEqual(h.alive(), []);
    const status = window.status();
    assert.equal(status.queued[0]?.waitingFor, 'settings');
    assert.deepEqual(status.unknownSettings, [{ setting: LIMIT, why: `${LIMIT} cannot be read` }]);

    window.configure(withLimit(60_000));
    await h.soon();
    assert.equal(h.alive().length, 1);
    assert.deepEqual(window.status().unknownSettings, []);
  });

  it('R6.9 keeps the limit that another host has stored, over a restart', async () => {
    const first = await h.open(withLimit(20));
    h.kill(first);
    const second = await h.open({}, { doubts: { [LIMIT]: unreadable } });
    assert.equal(second.status().budget.limit, 20);
    await assert.rejects(second.submit({ prompt: 'work', estimatedCostUsd: 21 }), { code: 'budget-exceeded' });
  });

  it('R6.9 a half-typed file changes nothing, and one that parses without the limit asks', async () => {
    const [one, other] = [await h.open(withLimit(20)), await h.open(withLimit(20))];
    one.configure(DEFAULT_SETTINGS, { [LIMIT]: unclear });
    await h.soon();
    assert.deepEqual([one.status().budget.limit, one.keptSettings], [20, []]);

    for (const window of [one, other]) window.configure(DEFAULT_SETTINGS, { [LIMIT]: unset });
    await h.soon();
    assert.deepEqual([one.status().budget.limit, other.status().budget.limit], [20, 20]);
    assert.deepEqual(other.keptSettings, [{ setting: LIMIT, value: 20e9, fallback: 0 }]);

    assert.equal(await one.dropKeptSetting(LIMIT), true);
    await h.clock.advance(1_000);
    assert.deepEqual([one.status().budget.limit, other.status().budget.limit], [0, 0]);
    assert.deepEqual([one.keptSettings, other.keptSettings], [[], []]);
    assert.equal(await other.dropKeptSetting(LIMIT), false);
  });

  it('R6.9 a transaction that fails leaves the kept value in force', async () => {
    const store = new MoodyStore();
    const window = await h.open(withLimit(20), { store: store.wrap });
    window.configure(DEFAULT_SETTINGS, { [LIMIT]: unset });
    await h.soon();
    store.failingCommits = 1;
    await assert.rejects(window.dropKeptSetting(LIMIT), { code: 'store' });
    assert.equal(window.status().budget.limit, 20);
    assert.equal(window.keptSettings.length, 1);
  });

  it('R6.9 a limit that was lowered holds though it is mistyped before it could be stored', async () => {
    const store = new MoodyStore();
    const window = await h.open(withLimit(50), { store: store.wrap });
    store.failing = 2;
    window.configure(withLimit(20));
    window.configure(DEFAULT_SETTINGS, { [LIMIT]: unreadable });
    await h.soon();
    assert.deepEqual([store.failing, window.status().budget.limit], [0, 20]);
    await h.clock.advance(5_000);
    const other = await h.open({}, { doubts: { [LIMIT]: unreadable } });
    assert.deepEqual([window.status().budget.limit, other.status().budget.limit], [20, 20]);
  });

  it('R6.9 a limit that was read is kept when it is mistyped while its transaction fails at the commit', async () => {
    const store = new MoodyStore();
    const window = await h.open(withLimit(50), { store: store.wrap });
    store.failingCommits = 1;
    window.configure(withLimit(20));
    await h.soon();
    window.configure(DEFAULT_SETTINGS, { [LIMIT]: unclear });
    await h.clock.advance(5_000);
    assert.equal(window.status().budget.limit, 20);
  });

  it('R6.9 a limit that was read is kept when it is mistyped before the window has started', async () => {
    const window = await h.open(withLimit(20), {
      created: (supervisor) => supervisor.configure(DEFAULT_SETTINGS, { [LIMIT]: unreadable }),
    });
    assert.deepEqual([window.status().unknownSettings, window.status().budget.limit], [[], 20]);
  });

  it('R6.9 the user can let go of a limit that was taken out before it could be stored', async () => {
    const store = new MoodyStore();
    const window = await h.open({ maxConcurrent: 3 }, { store: store.wrap });
    store.failing = 2;
    window.configure({ ...withLimit(20), maxConcurrent: 2 });
    window.configure({ ...DEFAULT_SETTINGS, maxConcurrent: 2 }, { [LIMIT]: unset });
    await h.soon();
    assert.deepEqual([store.failing, window.keptSettings.length], [0, 1]);
    assert.equal(await window.dropKeptSetting(LIMIT), true);
    assert.deepEqual([window.status().budget.limit, window.keptSettings], [0, []]);
    await h.clock.advance(5_000);
    const other = await h.open({}, { doubts: { [LIMIT]: unreadable, maxConcurrent: unreadable } });
    assert.deepEqual([other.status().budget.limit, other.status().unknownSettings], [0, []]);
    for (let n = 0; n < 3; n++) await other.submit({ prompt: 'work' });
    assert.equal(h.alive().length, 2, 'the cap that was read with it holds');
  });

  describe('R16.6 on a store that several machines share', () => {
    const shared = {
      ...storedOf(DEFAULT_SETTINGS),
      maxConcurrent: 2,
      [LIMIT]: 20_000_000_000,
      killGraceSeconds: 9_000,
    };
    it('the bounds that govern all have the stored value, and what differs here is named', () => {
      const own = { ...DEFAULT_SETTINGS, maxConcurrent: 6, killGraceMs: 4_000 };
      const { settings, differing, stored, unknown } = settingsInForce(own, { [LIMIT]: unset }, shared, {
        sharesBounds: true,
      });
      assert.deepEqual([settings.maxConcurrent, settings.budget.dailyLimit], [2, 20_000_000_000]);
      assert.deepEqual(differing, [{ setting: 'maxConcurrent', shared: 2, own: 6 }]);
      assert.deepEqual([stored.maxConcurrent, stored[LIMIT], unknown], [2, 20_000_000_000, []]);
      assert.equal(settings.killGraceMs, 4_000, 'what concerns this machine alone stays its own');
    });

    it('what a machine has read before it knew the store stands back behind the stored value', () => {
      const { unstored } = settingsInForce(withLimit(50), {}, {}, { sharesBounds: true });
      const { settings } = settingsInForce(withLimit(50), {}, shared, { sharesBounds: true, unstored });
      assert.equal(settings.budget.dailyLimit, 20_000_000_000);
    });

    it('the first machine stores its own, and one that cannot read its settings starts all the same', () => {
      const own = { ...DEFAULT_SETTINGS, maxConcurrent: 6 };
      assert.equal(settingsInForce(own, {}, {}, { sharesBounds: true }).stored.maxConcurrent, 6);
      const { unknown } = settingsInForce(own, { [LIMIT]: unreadable }, shared, { sharesBounds: true });
      assert.deepEqual(unknown, []);
    });
  });
});

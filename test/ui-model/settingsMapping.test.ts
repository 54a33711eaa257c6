import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { CHOICES, mapSettings, NUMBER_RULES } from '../../src/ui/settings/settingsMapping.ts';

interface Declared {
  readonly type: string;
  readonly default: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly enumDescriptions?: readonly string[];
  readonly scope: string;
  readonly order: number;
  readonly markdownDescription: string;
}

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  contributes: { configuration: { title: string; properties: Record<string, Declared> }[] };
};
const declared = new Map(
  manifest.contributes.configuration.flatMap(({ properties }) =>
    Object.entries(properties).map(([key, value]) => [key.replace('loopSupervisor.', ''), value]),
  ),
);

/** Settings as VS Code hands them out: the declared default where nothing is written. */
function withSettings(written: Record<string, unknown>) {
  return mapSettings((key) => (key in written ? written[key] : declared.get(key)?.default));
}

describe('Settings', () => {
  it('of package.json have the defaults of the spec, in the units of the core', () => {
    assert.deepEqual(withSettings({}), { settings: DEFAULT_SETTINGS, problems: [] });
  });

  it('are the defaults too where VS Code knows none of them', () => {
    assert.deepEqual(
      mapSettings(() => undefined),
      { settings: DEFAULT_SETTINGS, problems: [] },
    );
  });

  for (const [key, rule] of Object.entries(NUMBER_RULES)) {
    it(`states the range of ${key} as it is checked, and takes its ends`, () => {
      const { type, minimum, maximum, scope } = declared.get(key)!;
      assert.deepEqual(
        { type, minimum, maximum, scope },
        { type: rule.integer ? 'integer' : 'number', minimum: rule.min, maximum: rule.max, scope: 'machine' },
      );
      for (const value of [rule.min, rule.max])
        assert.ok(!withSettings({ [key]: value }).problems.some(({ message }) => message.includes('is not')));
    });

    for (const bad of [
      rule.min - 1,
      rule.max + 1,
      Number.NaN,
      'twelve',
      null,
      {},
      ...(rule.integer ? [rule.min + 0.5] : []),
    ].filter((value) => value !== null)) {
      it(`names ${key} = ${JSON.stringify(bad)} and keeps the default`, () => {
        const { settings, problems } = withSettings({ [key]: bad });
        assert.equal(problems[0]?.key, key);
        assert.deepEqual(settings, DEFAULT_SETTINGS);
      });
    }
  }

  for (const [key, words] of Object.entries(CHOICES)) {
    it(`offers the words of ${key}, each explained, and names any other`, () => {
      assert.deepEqual(declared.get(key)?.enum, words);
      assert.equal(declared.get(key)?.enumDescriptions?.length, words.length);
      for (const word of words) assert.deepEqual(withSettings({ [key]: word }).problems, []);
      assert.equal(withSettings({ [key]: 'perhaps' }).problems[0]?.key, key);
    });
  }

  it('turns units into those of the core', () => {
    const { settings } = withSettings({
      killGraceSeconds: 0.2,
      loopTimeoutMinutes: 0.5,
      'budget.dailyLimitUsd': 0.1,
      'output.maxLogMegabytes': 2,
    });
    assert.equal(settings.killGraceMs, 200);
    assert.equal(settings.loopTimeoutMs, 30_000);
    assert.equal(settings.budget.dailyLimit, 100_000_000);
    assert.equal(settings.maxLogBytes, 2 * 1024 * 1024);
  });

  const nonsense: readonly [string, Record<string, unknown>][] = [
    ['restart.maxRestarts', { 'restart.maxRestarts': 10, 'restart.windowSeconds': 60 }],
    ['circuitBreaker.halfOpenMaxProbes', { 'circuitBreaker.halfOpenMaxProbes': 5 }],
    ['firstOutputTimeoutMinutes', { loopTimeoutMinutes: 4, silenceTimeoutMinutes: 0 }],
    ['silenceTimeoutMinutes', { loopTimeoutMinutes: 10 }],
    ['history.maxLogMegabytes', { 'history.maxLogMegabytes': 100 }],
  ];
  for (const [key, written] of nonsense) {
    it(`says at ${key} that ${JSON.stringify(written)} makes no sense, and uses it all the same`, () => {
      const { settings, problems } = withSettings(written);
      assert.deepEqual(
        problems.map((problem) => problem.key),
        [key],
      );
      assert.notDeepEqual(settings, DEFAULT_SETTINGS);
    });
  }

  it('all govern or name a program only by the hand of the machine’s owner, but for notifications', () => {
    for (const [key, { scope }] of declared)
      assert.equal(scope, key.startsWith('notifications.') ? 'application' : 'machine', key);
  });

  it('are all explained, in an order of their own within each group', () => {
    for (const { title, properties } of manifest.contributes.configuration) {
      const orders = Object.values(properties).map(({ order }) => order);
      assert.equal(new Set(orders).size, orders.length, title);
      for (const [key, { markdownDescription }] of Object.entries(properties))
        assert.match(markdownDescription, /\.$/, key);
    }
  });
});

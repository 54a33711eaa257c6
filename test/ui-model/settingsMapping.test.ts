import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { SETTING_RULES } from '../../src/core/policy/settingsInForce.ts';
import { CHOICE_SETTINGS, NUMBER_RULES } from '../../src/ui/settings/settingRanges.ts';
import { mapSettings } from '../../src/ui/settings/settingsMapping.ts';
import { settingText, settingValue } from '../../src/ui/settings/settingText.ts';

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
  it('R16.4 of repositories are absolute paths; anything else opts in to nothing, and is named', () => {
    assert.deepEqual(withSettings({ repositories: [' /src/tools '] }).settings.repositories, ['/src/tools']);
    for (const repositories of ['/src/tools', ['tools'], ['/src/tools', 1]]) {
      const { settings, problems } = withSettings({ repositories });
      assert.deepEqual([settings.repositories, problems.map(({ key }) => key)], [[], ['repositories']]);
    }
  });

  it('R16.9 of pushing names a remote; anything else pushes nothing, and is named', () => {
    assert.equal(withSettings({ pushResultsTo: ' origin ' }).settings.pushResultsTo, 'origin');
    for (const pushResultsTo of [1, '--all', 'origin main']) {
      const { settings, problems } = withSettings({ pushResultsTo });
      assert.deepEqual([settings.pushResultsTo, problems.map(({ key }) => key)], ['', ['pushResultsTo']]);
    }
  });

  it('of package.json have the defaults of the spec, in the units of the core', () => {
    assert.deepEqual(withSettings({}), { settings: DEFAULT_SETTINGS, doubts: {}, problems: [] });
  });

  it('are the defaults too where VS Code knows none of them', () => {
    const { settings, doubts, problems } = mapSettings(() => undefined);
    assert.deepEqual({ settings, problems }, { settings: DEFAULT_SETTINGS, problems: [] });
    assert.deepEqual(Object.keys(doubts).sort(), Object.keys(SETTING_RULES).sort());
    assert.deepEqual(new Set(Object.values(doubts).map(({ kind }) => kind)), new Set(['unset']));
  });

  it('R6.9 are unclear, not unset, while a settings file does not parse', () => {
    const { doubts } = mapSettings((key) => (key === 'maxConcurrent' ? 2 : undefined), 'broken');
    assert.ok(!('maxConcurrent' in doubts));
    assert.deepEqual(new Set(Object.values(doubts).map(({ kind }) => kind)), new Set(['unclear']));
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
    ]) {
      it(`R6.9 ${key} = ${typeof bad === 'number' ? bad : JSON.stringify(bad)} is unreadable, and no default`, () => {
        const { settings, doubts, problems } = withSettings({ [key]: bad });
        assert.equal(doubts[key]?.kind, 'unreadable');
        assert.equal(problems[0]?.key, key);
        assert.deepEqual(settings, DEFAULT_SETTINGS);
      });
    }
  }

  it('R14.6 R6.9 what accounts keep is read as strictly: one that makes no sense leaves all as they were', () => {
    const accounts = { claude: { reservePercent: 20 }, codex: {} };
    assert.deepEqual(withSettings({ accounts }).settings.reserves, { claude: 20, codex: 0 });
    for (const bad of [
      '20',
      { claude: { reservePercent: '20' } },
      { claude: { reservePercent: 101 } },
      { claude: 20 },
    ]) {
      const { settings, doubts, problems } = withSettings({ accounts: bad });
      assert.deepEqual([settings.reserves, doubts['accounts']?.kind], [{}, 'unreadable'], JSON.stringify(bad));
      assert.equal(problems[0]?.key, 'accounts');
    }
    assert.equal(settingText('accounts', { claude: 20, codex: 5 }), '20 % for claude, 5 % for codex');
    assert.deepEqual(settingValue('accounts', { claude: 20 }), { claude: { reservePercent: 20 } });
  });

  for (const [key, words] of Object.entries(CHOICE_SETTINGS)) {
    it(`offers the words of ${key}, each explained, and names any other`, () => {
      assert.deepEqual(declared.get(key)?.enum, words);
      assert.equal(declared.get(key)?.enumDescriptions?.length, words.length);
      for (const word of words) assert.deepEqual(withSettings({ [key]: word }).problems, []);
      for (const bad of ['perhaps', words[0]?.toUpperCase(), null, true]) {
        const { doubts, problems } = withSettings({ [key]: bad });
        assert.equal(problems[0]?.key, key);
        assert.equal(doubts[key]?.kind, 'unreadable');
      }
    });
  }

  it('R6.9 are named as they are written when the user is asked about a stored one', () => {
    assert.equal(settingText('budget.dailyLimitUsd', 20e9), '$20');
    assert.equal(settingText('budget.dailyLimitUsd', 0), 'no limit');
    assert.equal(settingText('restart.windowSeconds', 300_000), '300');
    assert.equal(settingText('budget.onExceeded', 'stop'), 'stop');
    for (const [key, value, written] of [
      ['budget.dailyLimitUsd', 20.5e9, 20.5],
      ['loopTimeoutMinutes', 30_000, 0.5],
      ['onSilence', 'restart', 'restart'],
    ] as const)
      assert.equal(settingValue(key, value), written);
  });

  it('turns units into those of the core', () => {
    const { settings } = withSettings({
      killGraceSeconds: 0.2,
      loopTimeoutMinutes: 0.5,
      'budget.dailyLimitUsd': 0.1,
      'output.maxLogMegabytes': 2,
      'limits.memoryMegabytes': 500,
      'limits.totalMemoryMegabytes': 2_000,
    });
    assert.equal(settings.killGraceMs, 200);
    assert.equal(settings.loopTimeoutMs, 30_000);
    assert.equal(settings.budget.dailyLimit, 100_000_000);
    assert.equal(settings.maxLogBytes, 2 * 1024 * 1024);
    assert.deepEqual(settings.limits, { memory: 500 * 1024 * 1024, totalMemory: 2_000 * 1024 * 1024 });
  });

  const nonsense: readonly [string, Record<string, unknown>][] = [
    ['restart.maxRestarts', { 'restart.maxRestarts': 10, 'restart.windowSeconds': 60 }],
    ['circuitBreaker.halfOpenMaxProbes', { 'circuitBreaker.halfOpenMaxProbes': 5 }],
    ['firstOutputTimeoutMinutes', { loopTimeoutMinutes: 4, silenceTimeoutMinutes: 0 }],
    ['silenceTimeoutMinutes', { loopTimeoutMinutes: 10 }],
    ['history.maxLogMegabytes', { 'history.maxLogMegabytes': 100 }],
    ['limits.memoryMegabytes', { 'limits.memoryMegabytes': 500, 'limits.totalMemoryMegabytes': 400 }],
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
    for (const [key, { scope }] of declared) {
      const isNotice = key.startsWith('notifications.') && key !== 'notifications.command';
      assert.equal(scope, isNotice ? 'application' : 'machine', key);
    }
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

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FinishedLoop } from '../../src/core/model/loop.ts';
import type { LoopDetail } from '../../src/core/model/loopDetail.ts';
import type { FinishedQuery } from '../../src/core/ports/historyQueries.ts';
import { csvLine } from '../../src/ui/history/csv.ts';
import { searchOf } from '../../src/ui/history/filterTerms.ts';
import { type ExportSource, exportHistory } from '../../src/ui/history/historyExport.ts';
import { HistoryFilter } from '../../src/ui/history/historyFilter.ts';
import { parseHistoryQuery, queryWords } from '../../src/ui/history/historyQuery.ts';
import { type MarkStore, ReadMarks } from '../../src/ui/history/readMarks.ts';
import { LoopTreeModel } from '../../src/ui/tree/loopTreeModel.ts';
import { completed, statusWith } from './support/views.ts';

const NOW = new Date(2026, 4, 20, 15, 30).getTime();

function memento(): MarkStore {
  const kept = new Map<string, unknown>();
  return {
    get: <T>(key: string) => kept.get(key) as T | undefined,
    update: async (key, value) => void kept.set(key, value),
  };
}

function filterAt(now: () => number): HistoryFilter {
  const onError = (error: unknown) => assert.fail(String(error));
  const marks = new ReadMarks(memento(), NOW, onError);
  return new HistoryFilter({ now, store: memento(), marks, folders: () => ['/here'], onError });
}
const DAY = 24 * 3_600_000;

describe('history', () => {
  describe('a search', () => {
    const cases: [string, object][] = [
      ['', {}],
      ['fix the test', { text: 'fix the test' }],
      ['state:failed payment', { states: ['failed'], text: 'payment' }],
      ['is:fail,canc', { states: ['failed', 'cancelled'] }],
      ['agent:claude', { agent: 'claude' }],
      ['agent:"my agent" x', { agent: 'my agent', text: 'x' }],
      ['since:7d', { from: NOW - 7 * DAY }],
      ['since:90m before:1h', { from: NOW - 90 * 60_000, before: NOW - 3_600_000 }],
      ['since:today', { from: new Date(2026, 4, 20).getTime() }],
      ['since:yesterday', { from: new Date(2026, 4, 19).getTime() }],
      ['before:2026-01-31', { before: new Date(2026, 0, 31).getTime() }],
      ['before:2026-02-31', { text: 'before:2026-02-31' }],
      ['since:soon state:odd', { text: 'since:soon state:odd' }],
      ['https://example.com/x', { text: 'https://example.com/x' }],
      ['src/a.ts:12', { text: 'src/a.ts:12' }],
    ];
    for (const [search, query] of cases)
      it(`${JSON.stringify(search)} is ${JSON.stringify(query)}`, () =>
        assert.deepEqual(parseHistoryQuery(search, NOW), query));

    it('is never an error', () => {
      fc.assert(fc.property(fc.string(), (search) => void queryWords(parseHistoryQuery(search, NOW))));
    });

    it('is said in words', () => {
      assert.equal(
        queryWords(parseHistoryQuery('state:failed,cancelled agent:claude since:2026-05-01 pay', NOW)),
        'failed or cancelled, claude, “pay”, since 2026-05-01',
      );
      assert.equal(queryWords({}), '');
    });
  });

  it('the view’s filter keeps a search until it is cleared, and its times move on', () => {
    let now = NOW;
    const filter = filterAt(() => now);
    let changes = 0;
    filter.onDidChange(() => changes++);
    filter.set(' since:1h ');
    filter.set('since:1h');
    assert.deepEqual([changes, filter.isOn, filter.search, filter.words], [1, true, 'since:1h', 'since 2026-05-20']);
    now += 60_000;
    assert.deepEqual(filter.page(100, 50), { from: NOW + 60_000 - 3_600_000, limit: 100, offset: 50 });
    filter.set('');
    assert.deepEqual([filter.isOn, filter.words, filter.page(5)], [false, '', { limit: 5, offset: 0 }]);
  });

  it('the filter knows this workspace, and hides cancelled loops on request', async () => {
    const filter = filterAt(() => NOW);
    filter.set('folder:here fix');
    assert.deepEqual(
      [filter.page(5).folders, filter.page(5).text, filter.words],
      [['/here'], 'fix', 'this workspace, “fix”'],
    );
    filter.set('');
    await filter.setOptions({ hideCancelled: true });
    assert.deepEqual(filter.page(5).states, ['completed', 'failed']);
    filter.set('state:cancelled');
    assert.deepEqual(filter.page(5).states, ['cancelled'], 'who asks for them sees them');
  });

  it('finished loops are unread until opened; the marks are bounded', async () => {
    const marks = new ReadMarks(memento(), NOW, (error) => assert.fail(String(error)));
    const at = (seq: number, finishedAt: number) => ({ ...completed('a', { seq }), finishedAt });
    const [old, fresh, other] = [at(1, NOW - 1), at(2, NOW + 10), at(3, NOW + 20)];
    assert.deepEqual(
      [old, fresh, other].map((loop) => marks.isUnread(loop)),
      [false, true, true],
    );
    assert.ok(!marks.isUnread({ ...fresh, state: 'cancelled' }), 'the user was there when he cancelled it');
    await marks.markRead(fresh);
    assert.deepEqual(
      [fresh, other].map((loop) => marks.isUnread(loop)),
      [false, true],
    );
    for (let seq = 10; seq < 600; seq++) await marks.markRead(at(seq, NOW + seq * 10));
    assert.ok(!marks.isUnread(fresh), 'what was read stays read');
    assert.ok(marks.isUnread(at(1000, NOW + 100_000)));
    await marks.markAllRead(NOW + 200_000);
    assert.ok(!marks.isUnread(at(1000, NOW + 100_000)));
  });

  it('check boxes and text become a search', () => {
    const failed = { term: 'state:failed', state: 'failed' as const };
    const cancelled = { term: 'state:cancelled', state: 'cancelled' as const };
    assert.equal(
      searchOf([failed, cancelled, { term: 'folder:here' }, { term: 'agent:claude' }], ' fix it '),
      'state:failed,cancelled folder:here agent:claude fix it',
    );
    assert.equal(searchOf([], ''), '');
  });

  it('the tree lists the matches of the filter, and says so', async () => {
    const filter = filterAt(() => NOW);
    const asked: FinishedQuery[] = [];
    const loops = [completed('a', { title: 'one' }), completed('b', { title: 'two' })];
    const source = {
      status: () => statusWith({}),
      live: () => [],
      queueLength: 0,
      finishedCount: () => ({ total: 2, failed: 0 }),
      finished: async (query: FinishedQuery) => {
        asked.push(query);
        return loops.filter(({ title }) => title.includes(query.text ?? '')).slice(0, query.limit);
      },
      get: async () => undefined,
      isAlive: () => false,
    };
    const model = new LoopTreeModel(
      () => source,
      () => NOW,
      undefined,
      filter,
    );
    const group = async () => {
      model.refresh();
      return (await model.children()).at(-1)!;
    };
    assert.deepEqual([(await group()).description, (await model.children(await group())).length], ['2', 2]);
    filter.set('two');
    assert.deepEqual(
      [
        (await group()).description,
        (await group()).context,
        (await model.children(await group())).map(({ label }) => label),
      ],
      ['1 of 2: “two”', 'group finished filtered', ['two']],
    );
    filter.set('three');
    assert.deepEqual([(await group()).description, (await group()).children], ['0 of 2: “three”', 'none']);
    assert.equal(asked.at(-1)?.text, 'three');
  });

  describe('CSV', () => {
    const cases: [string | number | undefined, string][] = [
      ['plain', '"plain"'],
      ['with "quotes", commas\nand lines', '"with ""quotes"", commas\nand lines"'],
      ['=cmd|calc!A1', '"\'=cmd|calc!A1"'],
      ['+1', '"\'+1"'],
      ['-1', '"\'-1"'],
      ['@sum', '"\'@sum"'],
      ['\t=1', '"\'\t=1"'],
      ['  =1', '"\'  =1"'],
      ['\r=1', '"\'\r=1"'],
      ['＝1', '"\'＝1"'],
      ['a\0b', '"ab"'],
      [-0.5, '-0.5'],
      [undefined, ''],
    ];
    for (const [value, cell] of cases)
      it(`${JSON.stringify(value)} is the cell ${JSON.stringify(cell)}`, () =>
        assert.equal(csvLine([value]), `${cell}\r\n`));

    it('no cell begins like a formula, and quotes always close', () => {
      fc.assert(
        fc.property(
          fc.array(fc.string({ unit: fc.constantFrom('=', '+', '-', '@', '"', ',', '\n', '\r', '\t', ' ', 'a') })),
          (texts) => {
            const line = csvLine(texts);
            assert.equal((line.match(/"/g) ?? []).length % 2, 0);
            for (const cell of line.trimEnd().matchAll(/(?:^|,)"((?:[^"]|"")*)"/g))
              assert.doesNotMatch(cell[1] ?? '', /^[=+\-@\t\r\n]/);
          },
        ),
      );
    });
  });

  describe('an export', () => {
    const loops = Array.from({ length: 450 }, (_, i): FinishedLoop => {
      const facts = {
        seq: i + 1,
        loopId: `loop-${i + 1}`,
        title: i === 0 ? '=HYPERLINK("x")' : `Loop ${i + 1}`,
        agent: 'sample',
        cwd: '/w',
        submittedAt: NOW - 1_000,
        attempts: 1,
        cost: 25e7,
        costEstimated: 0,
        estimate: 0,
        priority: 0,
      };
      // All in the same millisecond: the order of such pages is the hard case.
      return { ...facts, state: 'completed', finishedAt: NOW } as unknown as FinishedLoop;
    });
    const queries: FinishedQuery[] = [];
    const source: ExportSource = {
      finished: async (query) => {
        queries.push(query);
        return loops
          .toReversed()
          .filter(({ finishedAt }) => finishedAt < (query.before ?? Number.POSITIVE_INFINITY))
          .slice(query.offset ?? 0, (query.offset ?? 0) + query.limit);
      },
      get: async (_, seq) =>
        ({
          prompt: `Prompt "${seq}"`,
          attempts: [
            {
              number: 1,
              token: 'secret-token',
              startedAt: NOW - 500,
              endedAt: NOW,
              outcome: 'ok',
              resumed: false,
              cost: { usd: 0.25, unknownUsd: 0, atLeast: false, source: 'reported' },
              swept: [],
              kept: [],
              remaining: [],
            },
          ],
          history: [{ at: NOW, from: 'new', to: 'queued', why: 'submitted' }],
          ledger: [{ at: NOW, cost: 25e7, source: 'reported' }],
        }) as unknown as LoopDetail,
    };
    const all = async (format: 'json' | 'csv', query = {}): Promise<string> => {
      let text = '';
      for await (const piece of exportHistory(source, query, format)) text += piece;
      return text;
    };

    it('as JSON has all details of every loop, once', async () => {
      const parsed = JSON.parse(await all('json')) as {
        loopId: string;
        prompt: string;
        costUsd: number;
        attempts: { startedAt: string }[];
        costs: object[];
        history: object[];
      }[];
      assert.equal(new Set(parsed.map(({ loopId }) => loopId)).size, 450);
      const [first] = parsed;
      assert.deepEqual(
        [first?.loopId, first?.prompt, first?.costUsd, first?.attempts[0]?.startedAt],
        ['loop-450', 'Prompt "450"', 0.25, new Date(NOW - 500).toISOString()],
      );
      assert.deepEqual([first?.costs.length, first?.history.length], [1, 1]);
      assert.ok(!JSON.stringify(parsed).includes('secret-token'));
    });

    it('as CSV has a row for each loop under the names of the columns, safe for spreadsheets', async () => {
      const text = await all('csv');
      const lines = text.split('\r\n');
      assert.equal(lines.length, 1 + 450 + 1);
      assert.match(lines[0] ?? '', /^\ufeff"loopId","title","agent","state"/);
      assert.match(lines.find((line) => line.startsWith('"loop-1"')) ?? '', /"'=HYPERLINK\(""x""\)"/);
    });

    it('of nothing is an empty list', async () => {
      assert.deepEqual(JSON.parse(await all('json', { before: 1 })), []);
    });

    it('passes the query to the store', async () => {
      queries.length = 0;
      await all('csv', { states: ['failed'], text: 'x' });
      assert.deepEqual(queries[0], { states: ['failed'], text: 'x', limit: 200, offset: 0 });
    });
  });
});

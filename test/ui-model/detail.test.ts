import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CheckResult } from '../../src/core/model/check.ts';
import type { Loop } from '../../src/core/model/loop.ts';
import type { AttemptDetail, LoopDetail } from '../../src/core/model/loopDetail.ts';
import type { LiveView } from '../../src/core/model/status.ts';
import { detailData } from '../../src/ui/detail/detailData.ts';
import { DetailSession } from '../../src/ui/detail/detailSession.ts';
import type { ToDetail } from '../../src/ui/detail/protocol.ts';
import { FakeClock } from '../support/fakeClock.ts';
import { stays, until } from '../support/until.ts';

const ATTEMPT: AttemptDetail = {
  number: 1,
  startedAt: 1_000,
  resumed: false,
  token: 'run-1',
  cost: { usd: 0.1, unknownUsd: 0, atLeast: false, source: 'estimated' },
  swept: [],
  kept: [],
  remaining: [],
};

function detailOf(over: Partial<LoopDetail> = {}, loop: object = {}): LoopDetail {
  const facts = {
    loopId: 'a',
    seq: 4,
    title: 'A loop',
    agent: 'sample',
    cwd: '/w',
    priority: 1,
    submittedAt: 500,
    since: 900,
    estimate: 25e7,
    estimateAssumed: true,
    restarts: [1],
    attempts: 1,
  };
  return {
    loopId: 'a',
    state: 'running',
    loop: { ...facts, state: 'running', attempt: { startedAt: 1_000 }, ...loop } as unknown as Loop,
    prompt: 'Do it',
    attempts: [ATTEMPT],
    costUsd: 0.1,
    costEstimated: true,
    unknownUsd: 0,
    costAtLeast: false,
    reservedUsd: 0.15,
    history: [],
    ledger: [],
    checks: [],
    ...over,
  };
}

describe('detail of a loop', () => {
  it('R11.8 has the check of each round, the best of their scores, and an output in which nothing acts', () => {
    const check = { command: 'npm test', score: { pattern: '(\\d+) passing', better: 'higher' } };
    const result = (round: number, score: number, outcome: 'passed' | 'failed' = 'failed'): CheckResult => ({
      ...{ round, score, outcome, exitCode: outcome === 'passed' ? 0 : 1, startedAt: 1_000, endedAt: 3_000 },
      ...{ token: 'run', digest: '', report: `round ${round}\u001b[31m red\u202e` },
    });
    const checks = [result(0, 1), result(1, 9), result(2, 4, 'passed')];
    const { proof } = detailData(detailOf({ checks }, { check }), undefined, () => false);
    assert.deepEqual(proof, {
      command: 'npm test',
      rounds: [
        { round: 0, outcome: 'failed', exitCode: 1, tookMs: 2_000, score: 1 },
        { round: 1, outcome: 'failed', exitCode: 1, tookMs: 2_000, score: 9 },
        { round: 2, outcome: 'passed', exitCode: 0, tookMs: 2_000, score: 4 },
      ],
      best: 1,
      output: 'round 2 red‹U+202E›',
    });
    assert.equal(detailData(detailOf(), undefined, () => false).proof, undefined);
    const attempts = [
      { ...ATTEMPT, lastWords: 'First.' },
      { ...ATTEMPT, number: 2, lastWords: 'All \u001b[31mdone.' },
      { ...ATTEMPT, number: 3, isCheck: true as const },
    ];
    assert.equal(detailData(detailOf({ attempts }), undefined, () => false).lastWords, 'All done.');
    const waiting = { state: 'waiting', for: 'you', need: 'allowance', why: '' };
    const { waitsFor, needsYou } = detailData(detailOf({}, waiting), undefined, () => false);
    assert.deepEqual([waitsFor, needsYou], ['money', true]);
  });

  for (const [cost, costEstimated, says] of [
    [5, 0, 'none'],
    [5, 2, 'part'],
    [5, 5, 'all'],
  ] as const)
    it(`says that ${says} of the cost is an estimate when ${costEstimated} of ${cost} is`, () => {
      assert.equal(detailData(detailOf({}, { cost, costEstimated }), undefined, () => false).costEstimated, says);
    });

  it('says what the page shows, with foreign text made plain, and no run token', () => {
    const swept = [{ pid: 7, startTime: '1', bootId: 'b', command: 'node\u001b[31m\nserver' }];
    const data = detailData(
      detailOf(
        {
          attempts: [
            {
              ...ATTEMPT,
              swept,
              kept: [...swept, { ...swept[0]!, pid: 8 }],
              reason: 'bad\u0007 end',
              outcome: 'exit',
              endedAt: 2_000,
            },
          ],
        },
        {
          state: 'failed',
          finishedAt: 3_000,
          cleared: false,
          failure: { reason: 'gave\u001b[0m up' },
          maxCost: 2e9,
          title: ' \n',
        },
      ),
      undefined,
      ({ pid }) => pid === 8,
    );
    assert.deepEqual(
      [
        data.title,
        data.state,
        data.why,
        data.permanent,
        data.finishedAt,
        data.maxCostUsd,
        data.estimateUsd,
        data.restarts,
      ],
      ['a', 'failed', 'gave up', true, 3_000, 2, 0.25, 1],
    );
    assert.deepEqual(data.attempts[0]?.swept, [{ pid: 7, command: 'node server' }]);
    assert.deepEqual(
      data.attempts[0]?.kept.map(({ pid, alive }) => [pid, alive]),
      [
        [7, false],
        [8, true],
      ],
    );
    assert.deepEqual(
      [data.attempts[0]?.reason, data.attempts[0]?.usd, data.attempts[0]?.costSource],
      ['bad end', 0.1, 'estimated'],
    );
    assert.ok(!JSON.stringify(data).includes('run-1'));
  });

  it('shows a live loop’s place, what it waits for and whose it is', () => {
    const view = { position: 3, waitingFor: 'budget', host: 'gone' } as unknown as LiveView;
    const data = detailData(detailOf({}, { state: 'queued' }), view, () => false);
    assert.deepEqual([data.position, data.waitingFor, data.host, data.permanent], [3, 'budget', 'gone', false]);
  });

  it('long prompts, histories and ledgers are cut, with a count of the rest', () => {
    const history = Array.from(
      { length: 400 },
      (_, i) => ({ at: i, from: 'queued', to: 'running', why: `${i}` }) as const,
    );
    const data = detailData(detailOf({ prompt: 'p'.repeat(30_000), history }), undefined, () => false);
    assert.deepEqual(
      [data.prompt.length, data.promptMore, data.history.length, data.historyMore, data.history[0]?.why],
      [20_000, 10_000, 300, 100, '399'],
    );
  });

  describe('session', () => {
    const folder = mkdtempSync(join(tmpdir(), 'detail-'));
    const clock = new FakeClock();
    let detail: LoopDetail | undefined;
    let posted: ToDetail[];
    let looks: number;
    /** A look at the processes lasts until then. */
    let slow: Promise<void> | undefined;
    /** The loop is read only then. */
    let found: Promise<void> | undefined;
    let session: DetailSession;
    before(() => writeFileSync(join(folder, 'run-1.out'), 'twelve bytes'));
    after(() => rmSync(folder, { recursive: true }));
    beforeEach(() => {
      detail = detailOf();
      posted = [];
      looks = 0;
      slow = found = undefined;
      session = new DetailSession({
        detail: async () => {
          await found;
          return detail;
        },
        live: () => undefined,
        isAlive: () => false,
        isDemo: () => false,
        logs: (token, isAway) => {
          const name = isAway ? `copy of ${token}` : token;
          return { out: join(folder, `${name}.out`), err: join(folder, `${name}.err`) };
        },
        usage: async () => {
          looks++;
          await slow;
          return { memoryBytes: 1e6 * looks, processes: [] };
        },
        clock,
        post: (message) => void posted.push(message),
        onError: (error) => assert.fail(String(error)),
      });
    });
    afterEach(() => session.dispose());
    const count = (type: ToDetail['type']) => posted.filter((message) => message.type === type).length;

    it('sends the loop, its file sizes and its process usage, repeatedly while it runs', async () => {
      session.show();
      await until('the first look', () => count('usage') === 1);
      assert.deepEqual(
        posted.find(({ type }) => type === 'files'),
        { type: 'files', files: [{ attempt: 1, out: 12, err: 0 }] },
      );
      await clock.advance(2_000);
      await until('the second look', () => count('usage') === 2);
      assert.deepEqual([count('detail'), count('files')], [1, 1], 'what has not changed is not sent again');
    });

    it('R16.8 of a run of another machine it shows the copy here, and where the log is until there is one', async () => {
      const ended = { ...ATTEMPT, endedAt: 5_000, outcome: 'ok' } as const;
      detail = detailOf({ state: 'completed', machine: 'build-1', attempts: [ended] });
      const files = () => posted.filter((message) => message.type === 'files').flatMap((message) => message.files);
      session.show();
      await until('the first look', () => files().length === 1);
      writeFileSync(join(folder, 'copy of run-1.out'), 'seven b');
      session.changed();
      await clock.advance(600);
      await until('a look at the copy', () => files().length === 2);
      assert.deepEqual(files(), [
        { attempt: 1, out: 0, err: 0, isNotHere: true },
        { attempt: 1, out: 7, err: 0 },
      ]);
    });

    it('sends a change once, and stops polling when nothing runs', async () => {
      session.show();
      await until('the first look', () => count('usage') === 1);
      detail = detailOf(
        { state: 'completed', attempts: [{ ...ATTEMPT, endedAt: 5_000, outcome: 'ok' }] },
        { state: 'completed', finishedAt: 5_000 },
      );
      for (let i = 0; i < 20; i++) session.changed();
      await clock.advance(600);
      assert.equal(count('detail'), 2);
      await clock.advance(2_000);
      await until('the last look', () => posted.at(-1)?.type === 'usage' && !('usage' in (posted.at(-1) ?? {})));
      const before = looks;
      await clock.advance(20_000);
      assert.equal(looks, before);
    });

    it('a late look at the processes does not follow the end of the loop', async () => {
      let end = () => {};
      slow = new Promise((resolve) => (end = resolve));
      session.show();
      await until('a look that lasts', () => looks === 1);
      detail = detailOf(
        { state: 'completed', attempts: [{ ...ATTEMPT, endedAt: 5_000, outcome: 'ok' }] },
        { state: 'completed', finishedAt: 5_000 },
      );
      session.changed();
      await clock.advance(600);
      assert.equal(count('detail'), 2);
      await stays(() => assert.equal(count('usage'), 0, 'no other look overtakes it'), 100);
      end();
      await until('the last look', () => posted.at(-1)?.type === 'usage' && !('usage' in (posted.at(-1) ?? {})));
      await clock.advance(1_000);
      const said = posted.filter(({ type }) => type === 'usage').map((message) => 'usage' in message);
      assert.deepEqual([said, looks], [[true, false], 1]);
    });

    it('a look begun for an earlier page tells the next one nothing before its loop is there', async () => {
      let end = () => {};
      slow = new Promise((resolve) => (end = resolve));
      session.show();
      await until('a look that lasts', () => looks === 1);
      session.setVisible(false);
      posted = [];
      let read = () => {};
      found = new Promise((resolve) => (read = resolve));
      session.setVisible(true);
      session.show();
      end();
      await clock.advance(0);
      assert.equal(posted.length, 0);
      read();
      await until('a look for the new page', () => count('usage') > 0);
      assert.equal(posted[0]?.type, 'detail');
    });

    it('a hidden page costs nothing', async () => {
      session.show();
      await until('the first look', () => count('usage') === 1);
      session.setVisible(false);
      posted = [];
      session.changed();
      await clock.advance(10_000);
      assert.deepEqual([posted, looks], [[], 1]);
    });

    it('reports that the loop is gone', async () => {
      detail = undefined;
      session.show();
      await clock.advance(0);
      assert.equal(posted[0]?.type, 'gone');
    });
  });
});

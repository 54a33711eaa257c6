import assert from 'node:assert/strict';
import type { FinishedLoop } from '../../src/core/model/loop.ts';
import type { LoopDetail } from '../../src/core/model/loopDetail.ts';
import { toNano } from '../../src/core/model/money.ts';
import type { LiveView, Status } from '../../src/core/model/status.ts';
import { LoopTreeModel } from '../../src/ui/tree/loopTreeModel.ts';
import { PAGE } from '../../src/ui/tree/moreRow.ts';
import type { TreeRow } from '../../src/ui/tree/treeRow.ts';
import type { TreeSource } from '../../src/ui/tree/treeSnapshot.ts';
import { completed, facts, here, NOW, queued, running, statusWith } from './support/views.ts';

/** A row as a tuple: label, description, rows under it. */
type Tuple = readonly [string, string, ...Tuple[]];

interface World {
  live: LiveView[];
  finished: FinishedLoop[];
  failed?: number;
  status?: Partial<Status>;
  details?: Record<string, LoopDetail>;
}

function sourceOf(
  world: World,
  reads: { readonly live: number[]; readonly finished: number[] } = { live: [], finished: [] },
): TreeSource {
  const active = world.live.filter(({ loop }) => loop.state === 'running' || loop.state === 'stopping').length;
  const waiting = world.live.filter(({ loop }) => loop.state === 'queued');
  return {
    status: () =>
      statusWith({
        concurrencyUsed: active,
        queueDepth: waiting.length,
        queued: waiting.map(() => ({}) as Status['queued'][number]),
        ...world.status,
      }),
    live: (maxQueued = Number.POSITIVE_INFINITY) => {
      reads.live.push(maxQueued);
      let n = 0;
      return world.live.filter(({ loop }) => loop.state !== 'queued' || ++n <= maxQueued);
    },
    queueLength: waiting.length,
    finished: async ({ limit }) => {
      reads.finished.push(limit);
      return world.finished.slice(0, limit);
    },
    finishedCount: () => ({ total: world.finished.length, failed: world.failed ?? 0 }),
    get: async (loopId) => world.details?.[loopId],
    isAlive: ({ pid }) => pid !== 78,
  };
}

function modelOf(world: World): LoopTreeModel {
  return new LoopTreeModel(
    () => sourceOf(world),
    () => NOW,
  );
}

/** The whole tree, unfolded as it is at first. */
async function tuples(model: LoopTreeModel, parent?: TreeRow): Promise<Tuple[]> {
  const rows = await model.children(parent);
  return Promise.all(
    rows.map(async (row): Promise<Tuple> => {
      const below = row.children === 'expanded' ? await tuples(model, row) : [];
      return [row.label, row.description, ...below];
    }),
  );
}

describe('The tree of loops', () => {
  it('finds the requested loop among several of the same id', async () => {
    const model = modelOf({ live: [], finished: [completed('a', { seq: 9 }), completed('a', { seq: 4 })] });
    assert.equal((await model.find('a', 4))?.row.id, 'loop:4');
    assert.equal((await model.find('a'))?.row.id, 'loop:9');
    assert.equal(await model.find('a', 5), undefined);
  });

  it('is empty without loops, so that the welcome view shows', async () => {
    assert.deepEqual(await tuples(modelOf({ live: [], finished: [] })), []);
    assert.deepEqual(
      await tuples(
        new LoopTreeModel(
          () => undefined,
          () => NOW,
        ),
      ),
      [],
    );
  });

  it('groups loops by state, each with its activity, duration and cost', async () => {
    const live: LiveView[] = [
      { ...running('a', { cost: toNano(0.03), costEstimated: toNano(0.01) }), activity: { doing: 'Reads\nsrc/a.ts' } },
      running('b', { attempts: 2 }, 'stopping'),
      { ...running('s'), activity: { silentForMs: 300_000, heardAt: NOW - 360_000, doing: 'nothing' } },
      { ...running('r'), activity: { retrying: 'overloaded, try 2 of 10' } },
      queued('c', 1, { priority: 5 }),
      { ...queued('d', 2, { estimate: toNano(0.5), estimateAssumed: true }), waitingFor: 'budget' },
      here({
        ...facts('e', {
          attempts: 1,
          restarts: [NOW],
          lastError: { class: 'exit', reason: 'It exited with code 1.', at: NOW },
        }),
        state: 'backingOff',
        until: NOW + 4_200,
      }),
      here({
        ...facts('f', { attempts: 1 }),
        state: 'waiting',
        for: 'usageLimit',
        until: new Date(2026, 2, 10, 17, 5).getTime(),
        why: 'usage window',
      }),
    ];
    const failed: FinishedLoop = {
      ...facts('h', { attempts: 1 }),
      state: 'failed',
      finishedAt: NOW,
      failure: { class: 'spawn', reason: 'claude was not found.', at: NOW },
      cleared: false,
    };
    const finished = [
      failed,
      completed('g', { cost: toNano(0.02) }),
      { ...facts('i'), state: 'cancelled' as const, finishedAt: NOW },
    ];
    assert.deepEqual(await tuples(modelOf({ live, finished, failed: 1 })), [
      [
        'Running 4/4',
        '',
        ['Title of a', '2m 05s · ≈$0.03 · Reads src/a.ts'],
        ['Title of b', 'stopping · 2m 05s · attempt 2'],
        ['Title of s', '2m 05s · silent for 6m 00s'],
        ['Title of r', '2m 05s · waiting for its provider: overloaded, try 2 of 10'],
      ],
      ['Queued 2/20', '', ['Title of c', '#1 · priority 5'], ['Title of d', '#2 · waiting for budget · est. $0.50']],
      ['Waiting to restart', '1', ['Title of e', 'restarts in 5s · It exited with code 1. · 1 restart']],
      ['Waiting', '1', ['Title of f', 'Usage limit reached · resumes 17:05 · usage window']],
      [
        'Finished',
        '3 · 1 failed',
        ['Title of h', '15:40 · failed: claude was not found.'],
        ['Title of g', '15:30 · $0.02'],
        ['Title of i', '15:40'],
      ],
    ]);
  });

  it('lists loops of other windows under the name of their folder, after those of this window', async () => {
    const live: LiveView[] = [
      running('a'),
      { ...running('b', { folder: '/home/me/other' }), host: 'elsewhere' },
      { ...queued('c', 1, { folder: '/home/me/other' }), host: 'elsewhere' },
      { ...queued('d', 2, { folder: '/home/me/closed' }), host: 'gone', waitingFor: 'window' },
    ];
    assert.deepEqual(await tuples(modelOf({ live, finished: [] })), [
      ['Running 2/4', '1 in other windows', ['Title of a', '2m 05s']],
      ['Queued 2/20', ''],
      ['other', 'another window · 1 running · 1 queued', ['Title of b', '2m 05s'], ['Title of c', '#1']],
      ['closed', 'no window open · 1 queued', ['Title of d', '#2 · waiting for its window']],
    ]);
  });

  it('R16.4 lists loops of other machines under their folder and the name of their machine', async () => {
    const folder = '/home/me/project';
    const live: LiveView[] = [
      running('a', { folder }),
      { ...running('b', { folder }), host: 'elsewhere', machine: 'build-1' },
      { ...queued('c', 1, { folder }), host: 'gone', machine: 'laptop', waitingFor: 'window' },
    ];
    assert.deepEqual(await tuples(modelOf({ live, finished: [] })), [
      ['Running 2/4', '1 on other machines', ['Title of a', '2m 05s']],
      ['Queued 1/20', ''],
      ['project', 'on build-1 · 1 running', ['Title of b', '2m 05s']],
      ['project', 'on laptop · no window open · 1 queued', ['Title of c', '#1 · waiting for its window']],
    ]);
    const long = '/home/me/the-project-of-a-very-long-name';
    const both = [running('b', { folder: long }), running('d', { folder: long })].map((view) => ({
      ...{ ...view, host: 'elsewhere' as const },
      ...(view.loop.loopId === 'b' && { machine: 'build-1' }),
    }));
    assert.deepEqual(await tuples(modelOf({ live: both, finished: [] })), [
      ['Running 2/4', '1 in other windows · 1 on other machines'],
      ['Queued 0/20', ''],
      ['the-project-of-a-ve…', 'on build-1 · 1 running', ['Title of b', '2m 05s']],
      ['the-project-of-a-very-long-name', 'another window · 1 running', ['Title of d', '2m 05s']],
    ]);
  });

  it('says that the queue is paused, and how many of the queued loops are returning', async () => {
    const live = [queued('a', 1, { attempts: 1 }), queued('b', 2)];
    const world = { live, finished: [], status: { paused: true, queueDepth: 1 } };
    assert.deepEqual((await tuples(modelOf(world)))[1]?.slice(0, 2), ['Queued 2/20', 'paused · 1 returning']);
    // One that was queued until a limit recovers does not count against the depth, and has not run either.
    const other = { ...world, live: [queued('a', 1), queued('b', 2)] };
    assert.deepEqual((await tuples(modelOf(other)))[1]?.slice(0, 2), ['Queued 2/20', 'paused']);
  });

  it('reads only what it shows of 10,000 queued and 10,000 finished loops, and more on demand', async () => {
    const reads = { live: [] as number[], finished: [] as number[] };
    const live = Array.from({ length: 10_000 }, (_, i) => queued('q', i + 1, { seq: i, loopId: `q${i}` }));
    const finished = Array.from({ length: 10_000 }, (_, i) => completed('f', { seq: 20_000 + i, loopId: `f${i}` }));
    const source = sourceOf({ live, finished }, reads);
    const model = new LoopTreeModel(
      () => source,
      () => NOW,
    );
    const groups = async () => {
      const rows = await model.children();
      return Object.fromEntries(
        await Promise.all(rows.map(async (row) => [row.id, await model.children(row)] as const)),
      );
    };
    const before = await groups();
    assert.equal(before.queued?.length, PAGE.queued + 1);
    assert.deepEqual([before.queued?.at(-1)?.label, before.queued?.at(-1)?.context], ['… and 9,800 more', 'more']);
    assert.equal(before.finished?.length, PAGE.finished + 1);
    assert.equal(before.finished?.at(-1)?.label, 'Show more…');
    assert.deepEqual(reads, { live: [PAGE.queued], finished: [PAGE.finished] });
    model.showMore('queued');
    model.showMore('finished');
    const after = await groups();
    assert.equal(after.queued?.at(-1)?.label, '… and 9,600 more');
    assert.equal(after.finished?.length, 2 * PAGE.finished + 1);
  });

  it('reads once between two refreshes', async () => {
    const reads = { live: [] as number[], finished: [] as number[] };
    const source = sourceOf({ live: [running('a')], finished: [] }, reads);
    const model = new LoopTreeModel(
      () => source,
      () => NOW,
    );
    for (let look = 0; look < 3; look++) for (const row of await model.children()) await model.children(row);
    assert.equal(reads.live.length, 1);
    model.refresh();
    await model.children();
    assert.equal(reads.live.length, 2);
  });

  it('a loop keeps its row id across states, so that selection and expansion stay', async () => {
    const idOf = async (world: World) => (await modelOf(world).find('a'))?.row.id;
    const worlds = [
      { live: [queued('a', 1)], finished: [] },
      { live: [running('a')], finished: [] },
      { live: [], finished: [completed('a')] },
    ];
    const ids = await Promise.all(worlds.map(idOf));
    assert.deepEqual(new Set(ids), new Set(['loop:97']));
  });

  it('R7.4 lists a loop’s attempts, newest first, and spared processes while they exist', async () => {
    const kept = [77, 78].map((pid) => ({ pid, startTime: '1', bootId: 'b', command: 'tmux: server' }));
    const ended = {
      number: 1,
      pid: 40,
      startedAt: NOW - 90_000,
      endedAt: NOW - 60_000,
      outcome: 'exit' as const,
      reason: 'It exited with code 1.',
      resumed: false,
      token: 't',
      cost: { usd: 0.01, unknownUsd: 0, atLeast: false, source: 'estimated' as const },
      swept: [],
      kept,
      remaining: [],
    };
    const now = {
      number: 2,
      pid: 41,
      startedAt: NOW - 5_000,
      resumed: true,
      token: 'u',
      cost: { usd: 0, unknownUsd: 0, atLeast: false, source: 'none' as const },
      swept: [],
      kept: [],
      remaining: [],
    };
    const view = running('a');
    const detail: LoopDetail = {
      loopId: 'a',
      state: 'running',
      loop: view.loop,
      prompt: 'p',
      attempts: [ended, now],
      costUsd: 0.01,
      costEstimated: true,
      unknownUsd: 0,
      costAtLeast: false,
      reservedUsd: 0,
      history: [],
      ledger: [],
      checks: [],
    };
    const model = modelOf({ live: [view], finished: [], details: { a: detail } });
    const { row } = (await model.find('a'))!;
    assert.deepEqual(await tuples(model, row), [
      ['Attempt 2', 'running · resumed · pid 41 · 5s'],
      ['Attempt 1', 'failed: It exited with code 1. · 30s · ≈$0.01'],
      ['tmux: server', 'spared, still running · pid 77'],
    ]);
    assert.equal((await model.children(row)).at(-1)?.context, 'kept');
  });

  it('says in words whatever icon and colour show', async () => {
    const silent = { ...running('s'), activity: { silentForMs: 360_000 } };
    const spoken = async (view: LiveView) =>
      (await modelOf({ live: [view], finished: [] }).find(view.loop.loopId))?.row.spoken;
    assert.equal(
      await spoken(running('a', { cost: toNano(0.5) })),
      'Title of a, running, for 2 minutes 5 seconds, cost $0.50',
    );
    assert.equal(await spoken(silent), 'Title of s, running, silent for 6m 00s, for 2 minutes 5 seconds');
    const unseen = { ...running('u'), activity: { unseen: 'no free file descriptor', silentForMs: 1 } };
    assert.match((await spoken(unseen)) ?? '', /running, cannot see its processes: no free file descriptor, for/);
    const near = { ...running('n'), activity: { nearMemory: { held: 460 * 2 ** 20, limit: 500 * 2 ** 20 } } };
    assert.match((await spoken(near)) ?? '', /near its limit of memory: 460 MB of 500 MB/);
    assert.equal(await spoken(queued('q', 3)), 'Title of q, queued, place 3');
    assert.equal(await spoken(running('b', {}, 'stopping')), 'Title of b, stopping, for 2 minutes 5 seconds');
  });

  it('provides the words that menus test', async () => {
    const context = async (view: LiveView) =>
      (await modelOf({ live: [view], finished: [] }).find(view.loop.loopId))?.row.context;
    assert.equal(await context({ ...running('s'), activity: { silentForMs: 1 } }), 'loop running live here silent');
    assert.equal(await context({ ...queued('q', 1), host: 'gone' }), 'loop queued live gone fresh');
    assert.equal(
      (await modelOf({ live: [], finished: [completed('c')] }).find('c'))?.row.context,
      'loop completed final',
    );
  });

  it('shows titles without terminal escapes and line ends, and the id where the title is empty', async () => {
    const label = async (title: string) =>
      (await modelOf({ live: [running('a', { title })], finished: [] }).find('a'))?.row.label;
    assert.equal(await label('\u001b[31mred\u001b[0m\nsecond'), 'red second');
    assert.equal(await label('\u0000'), 'a');
  });

  it('R17.1 begins the row of a loop that asks with its question, and counts it among those that run', async () => {
    const request = { kind: 'command', tool: 'Bash', title: 'Install', command: 'npm install left-pad' } as const;
    const question = { id: 'q1', request, choices: [{ id: 'y', kind: 'allowOnce', label: 'Yes' }], at: NOW } as const;
    const live = [running('a', { cost: toNano(0.2), asking: [question] }), running('b')];
    assert.deepEqual(await tuples(modelOf({ live, finished: [] })), [
      ['Needs You', '1', ['Title of a', 'asks: run npm install left-pad? · $0.20 · 2m 05s']],
      ['Running 2/4', '1 asks', ['Title of b', '2m 05s']],
      ['Queued 0/20', ''],
    ]);
  });

  it('adds what else is known about a running loop', async () => {
    const source = sourceOf({ live: [running('a'), queued('q', 1)], finished: [] });
    const model = new LoopTreeModel(
      () => source,
      () => NOW,
      (token) => (token === 'token' ? '12 % CPU, 240 MB' : ''),
    );
    assert.equal((await model.find('a'))?.row.description, '2m 05s · 12 % CPU, 240 MB');
    assert.equal((await model.find('q'))?.row.description, '#1');
  });
});

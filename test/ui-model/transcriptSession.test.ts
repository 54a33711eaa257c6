import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentEvent } from '../../src/core/model/agentEvent.ts';
import type { Loop } from '../../src/core/model/loop.ts';
import type { AttemptDetail, LoopDetail } from '../../src/core/model/loopDetail.ts';
import type { AgentProfile } from '../../src/core/ports/agents.ts';
import type { FromView, ToView, TranscriptItem } from '../../src/ui/transcript/protocol.ts';
import { type SessionRequest, TranscriptSession } from '../../src/ui/transcript/transcriptSession.ts';
import { FakeClock } from '../support/fakeClock.ts';
import { until } from '../support/until.ts';

/**
 * A profile whose agent writes our events as JSON, one array a line. Its first cost is the sum so far, as some agents
 * count.
 */
function jsonProfile(): AgentProfile {
  const unused = () => assert.fail('not asked for here');
  return {
    name: 'json',
    refuse: unused,
    commandIn: unused,
    spending: 'live',
    capsItself: false,
    canResume: false,
    hasCost: true,
    needsReading: true,
    plan: unused,
    reader: () => ({ line: (text) => JSON.parse(text) as AgentEvent[], end: unused, state: () => null }),
  };
}

function attemptDetail(number: number, end: Partial<AttemptDetail> = {}): AttemptDetail {
  return {
    number,
    startedAt: 1_000 * number,
    resumed: false,
    token: `t${number}`,
    cost: { usd: 0, unknownUsd: 0, atLeast: false, source: 'none' },
    swept: [],
    kept: [],
    remaining: [],
    ...end,
  };
}

const ENDED = { endedAt: 9_000, outcome: 'ok', reason: 'done' } as const;

describe('transcript session', () => {
  const folder = mkdtempSync(join(tmpdir(), 'session-'));
  after(() => rmSync(folder, { recursive: true }));
  afterEach(() => session.dispose());

  const clock = new FakeClock();
  let posted: ToView[];
  let errors: unknown[];
  let state: Loop['state'];
  let attempts: AttemptDetail[];
  let profile: AgentProfile | undefined;
  let session: TranscriptSession;
  let dir: string;
  /** Of another machine, as long as not all of it is here. */
  let isToCome: boolean;
  let n = 0;

  beforeEach(() => {
    posted = [];
    errors = [];
    state = 'running';
    attempts = [attemptDetail(1)];
    profile = jsonProfile();
    isToCome = false;
    dir = join(folder, String(n++));
    mkdirSync(dir);
    session = new TranscriptSession({
      detail: async () => detail(),
      paths: (token) => ({ out: join(dir, `${token}.out`), err: join(dir, `${token}.err`) }),
      away: () =>
        isToCome
          ? {
              note: 'It is on build-1',
              paths: (token) => ({ out: join(dir, `${token}.out`), err: '', isComplete: false }),
            }
          : undefined,
      profile: () => profile,
      clock,
      post: (message) => void posted.push(message),
      onError: (error) => void errors.push(error),
    });
  });

  function detail(): LoopDetail {
    const facts = {
      seq: 1,
      loopId: 'a',
      title: 'A loop',
      agent: 'json',
      cwd: dir,
      since: 0,
      attempts: attempts.length,
    };
    const loop = {
      ...facts,
      state,
      ...(state === 'running' ? { attempt: attempts.at(-1) } : { finishedAt: 9_000 }),
    } as unknown as Loop;
    return {
      loopId: 'a',
      state,
      loop,
      prompt: 'Do it',
      attempts,
      costUsd: 0,
      costEstimated: false,
      unknownUsd: 0,
      costAtLeast: false,
      reservedUsd: 0,
      history: [],
      ledger: [],
      checks: [],
    };
  }

  const out = (number: number) => join(dir, `t${number}.out`);
  const say = (number: number, ...lines: AgentEvent[][]) =>
    appendFileSync(out(number), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const text = (words: string): AgentEvent[] => [{ type: 'text', text: words, delta: false }];

  async function answer<T extends ToView['type']>(type: T): Promise<Extract<ToView, { type: T }>> {
    return until(`a message ${type}`, () => {
      if (errors.length > 0) throw errors[0];
      const index = posted.findIndex((message) => message.type === type);
      return index < 0 ? undefined : (posted.splice(index, 1)[0] as Extract<ToView, { type: T }>);
    });
  }

  async function ask<T extends ToView['type']>(message: SessionRequest, type: T) {
    session.handle(message);
    return answer(type);
  }

  /** Items in short: what kind, and the words. */
  function short(items: readonly TranscriptItem[]): string[] {
    return items.map((item) => {
      if (item.kind === 'text') return item.text;
      if (item.kind === 'tool')
        return `tool ${item.name ?? '?'} ${item.summary} → ${item.result ? `${item.result.ok ? 'ok' : 'failed'} ${item.result.summary}` : '…'}`;
      if (item.kind === 'notice') return `${item.level} ${item.label}: ${item.text}`;
      if (item.kind === 'cost') return `cost ${item.usd}${item.estimated ? ' estimated' : ''}`;
      if (item.kind === 'stderr') return `stderr ${item.text}`;
      if (item.kind === 'prompt') return `prompt ${item.text}`;
      return item.kind === 'attempt' ? `attempt ${item.number}` : `end ${item.number} ${item.outcome}`;
    });
  }

  it('shows a finished loop from its prompt to its end, attempt after attempt', async () => {
    state = 'completed';
    attempts = [attemptDetail(1, { ...ENDED, outcome: 'exit', reason: 'exit code 3' }), attemptDetail(2, ENDED)];
    say(
      1,
      text('one'),
      [{ type: 'toolCall', id: 'x', name: 'Bash', summary: 'ls' }],
      [{ type: 'cost', cost: 5e8, source: 'reported' }],
    );
    say(
      1,
      [{ type: 'toolResult', id: 'x', ok: false, summary: 'no' }],
      [{ type: 'retry', attempt: 1, maxAttempts: 3, delayMs: 1_500, reason: 'busy' }],
    );
    say(1, [{ type: 'end', ok: false, reason: 'it broke', cause: 'task' }]);
    writeFileSync(join(dir, 't1.err'), 'a warning\n');
    say(
      2,
      [{ type: 'text', text: 'two ', delta: true }],
      [{ type: 'text', text: 'pieces', delta: true }],
      [{ type: 'end', ok: true }],
    );
    const reset = await ask({ type: 'ready' }, 'reset');
    assert.deepEqual(short(reset.items), [
      'prompt Do it',
      'attempt 1',
      'one',
      'tool Bash ls → failed no',
      'cost 0.5',
      'warning Retry: busy (attempt 1 of 3), again in 2 s',
      'error Error: it broke',
      'stderr a warning',
      'end 1 exit',
      'attempt 2',
      'two pieces',
      'end 2 ok',
    ]);
    assert.deepEqual([reset.atStart, reset.atEnd], [true, true]);
  });

  it('follows a run: text that grows, a result for its call, standard error, the end, the next attempt', async () => {
    say(1, [{ type: 'text', text: 'Hel', delta: true }]);
    assert.deepEqual(short((await ask({ type: 'ready' }, 'reset')).items), ['prompt Do it', 'attempt 1', 'Hel']);
    say(1, [{ type: 'text', text: 'lo', delta: true }], [{ type: 'toolCall', id: '1', name: 'Read', summary: 'a.ts' }]);
    await clock.advance(125);
    const first = await answer('live');
    assert.deepEqual(short(first.items), ['Hello', 'tool Read a.ts → …']);
    say(1, [{ type: 'toolResult', id: '1', ok: true, summary: '3 lines' }]);
    writeFileSync(join(dir, 't1.err'), 'hm\n');
    await clock.advance(125);
    const second = await answer('live');
    assert.deepEqual(short(second.items), ['tool Read a.ts → ok 3 lines', 'stderr hm']);
    assert.equal(second.items[0]?.key, first.items[1]?.key, 'the same item');
    attempts = [attemptDetail(1, ENDED), attemptDetail(2)];
    say(2, text('again'));
    session.changed();
    await clock.advance(125);
    const third = await answer('live');
    assert.deepEqual(short(third.items), ['end 1 ok', 'attempt 2', 'again']);
  });

  it('R16.8 an attempt of another machine ends once all of its output is here', async () => {
    state = 'completed';
    attempts = [attemptDetail(1, ENDED)];
    isToCome = true;
    say(1, text('one'));
    session.handle({ type: 'ready' });
    assert.equal((await answer('header')).header.why, 'It is on build-1');
    assert.deepEqual(short((await answer('reset')).items), ['prompt Do it', 'attempt 1', 'one']);
    say(1, text('two'));
    session.changed();
    assert.deepEqual(short((await answer('live')).items), ['two']);
    isToCome = false;
    session.changed();
    assert.deepEqual(short((await answer('live')).items), ['end 1 ok']);
  });

  it('a program without a structured stream is shown as it is, its lines together', async () => {
    profile = undefined;
    writeFileSync(out(1), '# no heading\n*no list*\n\u001b[31mred\u001b[0m');
    const { items } = await ask({ type: 'ready' }, 'reset');
    assert.deepEqual(
      items.slice(2).map((item) => item.kind === 'text' && [item.plain, item.text]),
      [[true, '# no heading\n*no list*']],
    );
    appendFileSync(out(1), '\n');
    await clock.advance(125);
    assert.deepEqual(short((await answer('live')).items), ['# no heading\n*no list*\nred']);
  });

  it('a log of 100 MB: the end at once, earlier parts on demand, nothing of it held', async () => {
    const file = openSync(out(1), 'w');
    const lines = 100_000;
    const filler = 'x'.repeat(1_000);
    for (let i = 0; i < lines; i += 1_000) {
      writeSync(
        file,
        Array.from(
          { length: 1_000 },
          (_, k) =>
            `${JSON.stringify([
              { type: 'text', text: `line ${i + k} ${filler}`, delta: false },
              { type: 'cost', cost: 1e6, source: 'reported' },
            ])}\n`,
        ).join(''),
      );
    }
    state = 'completed';
    attempts = [attemptDetail(1, ENDED)];
    const reset = await ask({ type: 'ready' }, 'reset');
    assert.equal(reset.atStart, false);
    const texts = (items: readonly TranscriptItem[]) =>
      items.flatMap((item) => (item.kind === 'text' ? [Number(item.text.split(' ')[1])] : []));
    const shown = texts(reset.items);
    assert.equal(shown.at(-1), lines - 1);
    // What is first said of the cost in the middle may be the sum of all before: it is not shown.
    assert.equal(reset.items.filter(({ kind }) => kind === 'cost').length, shown.length - 1);
    const earlier = await ask({ type: 'earlier', before: reset.items[0]!.from, detached: false }, 'earlier');
    const more = texts(earlier.items);
    assert.deepEqual([more.at(-1), earlier.atStart], [shown[0]! - 1, false]);
    const later = await ask({ type: 'later', after: earlier.items.at(-1)!.to }, 'later');
    assert.equal(texts(later.items)[0], shown[0]);
    // A window of the log each time, and never more.
    for (const { items } of [reset, earlier, later]) assert.ok(items.length < 1_000, `${items.length} items`);
  });

  it('finds text in all of a large log, with context, and leads there', async () => {
    state = 'completed';
    attempts = [attemptDetail(1, ENDED), attemptDetail(2, ENDED)];
    for (let i = 0; i < 30; i++)
      say(1, ...Array.from({ length: 100 }, (_, k) => text(`line ${i * 100 + k} ${'y'.repeat(400)}`)));
    say(
      2,
      [{ type: 'text', text: 'a NEE', delta: true }],
      [{ type: 'text', text: 'dle split', delta: true }],
      [{ type: 'toolCall', name: 'Grep', summary: 'needle' }],
    );
    await ask({ type: 'ready' }, 'reset');
    session.handle({ type: 'search', id: 3, text: 'Line 1234 ' });
    let hits = await answer('hits');
    while (!hits.done) hits = { ...(await answer('hits')), hits: hits.hits } as typeof hits;
    session.handle({ type: 'search', id: 4, text: 'Needle' });
    const found = [];
    for (let more = true; more; ) {
      const next = await answer('hits');
      if (next.id === 4) found.push(...next.hits);
      more = next.id !== 4 || !next.done;
    }
    assert.deepEqual(
      found.map(({ at, match }) => [at.attempt, match]),
      [
        [2, 'NEEdle'],
        [2, 'needle'],
      ],
    );
    const there = await ask({ type: 'goto', at: { attempt: 1, offset: 0 } }, 'reset');
    assert.deepEqual(
      [there.focus, there.atEnd, short(there.items)[0]],
      [{ attempt: 1, offset: 0 }, false, 'attempt 1'],
    );
  });

  it('skips output that comes too fast to read, and says so', async () => {
    say(1, text('begin'));
    await ask({ type: 'ready' }, 'reset');
    appendFileSync(out(1), `${JSON.stringify(text('z'.repeat(1_000)))}\n`.repeat(4_000));
    say(1, text('end'));
    await clock.advance(125);
    const reset = await answer('reset');
    assert.ok((reset.skipped ?? 0) > 4e6);
    assert.equal(short(reset.items).at(-1), 'end');
    say(1, text('and on'));
    // What changes as a whole does so at most twice a second.
    await clock.advance(500);
    assert.deepEqual(short((await answer('live')).items), ['and on']);
  });

  it('at most 10 messages a second reach the view, however much is written', async () => {
    await ask({ type: 'ready' }, 'reset');
    for (let i = 0; i < 100; i++) {
      say(1, text(`line ${i}`));
      await clock.advance(10);
    }
    await until(
      'the last line',
      () =>
        posted.some((message) => message.type === 'live' && short(message.items).includes('line 99')) ||
        clock.advance(125).then(() => false),
    );
    assert.ok(posted.filter(({ type }) => type === 'live').length <= 11, `${posted.length} messages`);
  });

  it('a hidden view reads and posts nothing; shown again it gets the end', async () => {
    await ask({ type: 'ready' }, 'reset');
    session.setVisible(false);
    say(1, text('unseen'));
    session.changed();
    await clock.advance(1_000);
    assert.deepEqual(
      posted.filter(({ type }) => type === 'live'),
      [],
    );
    session.setVisible(true);
    assert.ok(short((await ask({ type: 'ready' }, 'reset')).items).includes('unseen'));
  });

  it('a view that dropped its end receives nothing that would leave a gap', async () => {
    const { items } = await ask({ type: 'ready' }, 'reset');
    await ask({ type: 'earlier', before: items[0]!.from, detached: true }, 'earlier');
    say(1, text('later'));
    await clock.advance(500);
    assert.deepEqual(
      posted.filter(({ type }) => type === 'live'),
      [],
    );
    assert.ok(short((await ask({ type: 'latest' } satisfies FromView, 'reset')).items).includes('later'));
  });

  it('a tool call expands to what its log lines contain', async () => {
    say(
      1,
      [{ type: 'toolCall', id: '1', name: 'Bash', summary: 'ls' }],
      [{ type: 'toolResult', id: '1', ok: true, summary: 'a file' }],
    );
    const { items } = await ask({ type: 'ready' }, 'reset');
    const tool = items.find((item) => item.kind === 'tool');
    const { sections } = await ask({ type: 'expand', key: tool!.key, attempt: 1, lines: tool!.lines }, 'details');
    assert.deepEqual(sections, [
      {
        kind: 'fields',
        fields: [
          { name: 'name', value: 'Bash' },
          { name: 'summary', value: 'ls' },
          { name: 'ok', value: 'true' },
          { name: 'summary', value: 'a file' },
        ],
      },
    ]);
  });

  it('R8.2 a line of megabytes is shown cut', async () => {
    writeFileSync(out(1), `"${'w'.repeat(3e6)}"\n`);
    assert.match(
      short((await ask({ type: 'ready' }, 'reset')).items)[1] ?? '',
      /^info Long line: A line of 3\.0 MB is cut off here/,
    );
  });
});

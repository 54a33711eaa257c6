import assert from 'node:assert/strict';
import type { AttemptDetail, LoopDetail } from '../../src/core/model/loopDetail.ts';
import type { FetchedOutput } from '../../src/core/runtime/fetchedLogs.ts';
import { AwayOutput } from '../../src/ui/transcript/awayOutput.ts';
import { FakeClock } from '../support/fakeClock.ts';

const MORE: FetchedOutput = { isAtEnd: false, isComplete: false, left: 0, isFull: false };
const RUNS_ON: FetchedOutput = { ...MORE, isAtEnd: true };
const COMPLETE: FetchedOutput = { ...RUNS_ON, isComplete: true };

describe('the output of a loop that runs on another machine', () => {
  let clock: FakeClock;
  /** What each fetch brings, one after another; then all is there. */
  let comes: (FetchedOutput | Error)[];
  let asked: string[];
  let changes: number;
  let away: AwayOutput;
  beforeEach(() => {
    clock = new FakeClock();
    [comes, asked, changes] = [[], [], 0];
    away = new AwayOutput({
      fetch: async (token) => {
        asked.push(token);
        const next = comes.shift() ?? COMPLETE;
        if (next instanceof Error) throw next;
        return next;
      },
      paths: (token) => ({ out: `${token}.out`, err: `${token}.err` }),
      clock,
      changed: () => void changes++,
    });
  });
  afterEach(() => away.dispose());

  const detail = (attempts: number, machine?: string) =>
    ({
      ...(machine !== undefined && { machine }),
      attempts: Array.from({ length: attempts }, (_, n) => ({ token: `t${n + 1}` }) as AttemptDetail),
    }) as unknown as LoopDetail;
  const view = (attempts = 1) => away.of(detail(attempts, 'build-1')) ?? assert.fail();
  const isComplete = (token: string, attempts?: number) => view(attempts).paths(token).isComplete;

  it('R16.8 one of this machine, or that no machine has taken, is not fetched', () => {
    assert.deepEqual([away.of(detail(1)), away.of(detail(1, 'any')), asked], [undefined, undefined, []]);
  });

  it('R16.8 comes attempt after attempt, piece after piece, and no attempt ends before all of it is there', async () => {
    comes = [MORE, MORE];
    assert.deepEqual([isComplete('t1', 2), isComplete('t2', 2)], [false, false]);
    await clock.advance(0);
    assert.deepEqual(asked, ['t1', 't1', 't1', 't2']);
    assert.deepEqual([isComplete('t1', 2), isComplete('t2', 2), changes], [true, true, 4]);
    await clock.advance(60_000);
    assert.equal(asked.length, 4);
  });

  it('R16.8 of a run that goes on more is asked for every 2 s, until it has ended', async () => {
    comes = [RUNS_ON, RUNS_ON];
    view();
    await clock.advance(1_999);
    assert.equal(asked.length, 1);
    await clock.advance(1);
    assert.equal(asked.length, 2);
    await clock.advance(60_000);
    assert.deepEqual([asked.length, isComplete('t1')], [3, true]);
  });

  it('R16.8 nothing is asked for while nobody looks', async () => {
    comes = [RUNS_ON];
    view();
    await clock.advance(0);
    away.setVisible(false);
    await clock.advance(60_000);
    assert.equal(asked.length, 1);
    away.setVisible(true);
    await clock.advance(0);
    assert.equal(asked.length, 2);
  });

  it('R16.8 says why nothing comes, and tries again', async () => {
    comes = [new Error('Loop a works on build-1, which is offline.')];
    view();
    await clock.advance(0);
    assert.deepEqual([view().note, changes], ['Loop a works on build-1, which is offline', 1]);
    await clock.advance(10_000);
    assert.deepEqual([view().note, isComplete('t1')], [undefined, true]);
  });

  it('R16.8 says what stays on the other machine', async () => {
    comes = [{ ...COMPLETE, left: 3_400_000 }];
    view();
    await clock.advance(0);
    assert.equal(view().note, 'The first 3.4 MB of its output stay on build-1');
  });

  it('R16.8 the output of the latest attempts is fetched, and earlier ones are named', async () => {
    const { note } = view(12);
    await clock.advance(0);
    assert.equal(note, 'The output of the first 2 attempts is on build-1');
    assert.deepEqual([asked[0], asked.at(-1), asked.length, isComplete('t1', 12)], ['t3', 't12', 10, true]);
  });
});

import assert from 'node:assert/strict';
import type { AgentEvent } from '../../src/core/model/agentEvent.ts';
import { RunWatch, type WatchLimits } from '../../src/process/follow/runWatch.ts';

const MINUTE = 60_000;
const LIMITS: WatchLimits = { silenceMs: 15 * MINUTE, onSilence: 'warn', endGraceMs: 30_000 };
const RETRY: AgentEvent = { type: 'retry', reason: 'overloaded (529)' };
const TEXT: AgentEvent = { type: 'text', text: 'hello', delta: false };
const END: AgentEvent = { type: 'end', ok: true };

/** A watch that is looked at every second from `from` to `to`, both in ms; returns what it said last. */
function watchOver(watch: RunWatch, from: number, to: number, each: (now: number) => void = () => undefined) {
  for (let now = from; now <= to; now += 1_000) {
    each(now);
    const verdict = watch.look(now);
    if (verdict.stop) return { at: now, ...verdict };
  }
  return { at: to, ...watch.look(to) };
}

describe('The watch over a run', () => {
  it('R8.4 the same retry again and again is silence, with since when and why (E6)', () => {
    const watch = new RunWatch(LIMITS, 0);
    const said = watchOver(watch, 0, 40 * MINUTE, (now) => {
      if (now % 5_000 === 0) watch.hear([RETRY], now, 1_000_000 + now);
    });
    assert.equal(said.stop, undefined);
    assert.deepEqual(said.silent, { kind: 'retrying', forMs: 40 * MINUTE, since: 1_000_000, why: 'overloaded (529)' });
    watch.hear([TEXT], 41 * MINUTE, 0);
    assert.deepEqual(watch.look(41 * MINUTE), {});
  });

  it('R8.4 with onSilence: restart it is stopped, whatever it writes (E6)', () => {
    const watch = new RunWatch({ ...LIMITS, onSilence: 'restart' }, 0);
    const noise: AgentEvent = { type: 'warning', text: 'still here' };
    const said = watchOver(watch, 0, 115 * MINUTE, (now) => watch.hear([noise], now, now));
    assert.deepEqual([said.stop, said.at], ['hung', 15 * MINUTE]);
  });

  it('R8.4 a question marks the run within a minute, and ends it at the silence deadline (E5)', () => {
    const watch = new RunWatch(LIMITS, 0);
    const line = { text: 'Allow? (y/n):', unfinished: true };
    watch.lastLine(line, 0);
    assert.equal(watch.look(1_000).asking, undefined);
    assert.equal(watchOver(watch, 1_000, MINUTE, (now) => watch.lastLine(line, now)).asking, line.text);
    const said = watchOver(watch, MINUTE, 60 * MINUTE, (now) => watch.lastLine(line, now));
    assert.deepEqual([said.stop, said.at], ['hung', 15 * MINUTE]);
  });

  it('R8.4 what a tool prints is no question', () => {
    const watch = new RunWatch(LIMITS, 0);
    watch.hear([{ type: 'toolCall', id: 't', name: 'Bash', summary: 'npm init' }], 0, 0);
    watch.lastLine({ text: 'package name: (y/n)?', unfinished: true }, 0);
    assert.equal(watch.look(5 * MINUTE).asking, undefined);
    watch.hear([{ type: 'toolResult', id: 't', ok: true, summary: '' }], 5 * MINUTE, 0);
    assert.equal(watch.look(5 * MINUTE).asking, 'package name: (y/n)?');
  });

  it('R5.6 a process that lives on after the last word is stopped after the grace, once (E1)', () => {
    const watch = new RunWatch(LIMITS, 0);
    watch.hear([TEXT, END], 10_000, 0);
    const said = watchOver(watch, 10_000, 10 * MINUTE);
    assert.deepEqual([said.stop, said.at], ['ended', 40_000]);
  });

  it('R5.6 progress cancels the grace', () => {
    const watch = new RunWatch(LIMITS, 0);
    watch.hear([END], 0, 0);
    assert.equal(watchOver(watch, 0, 29_000).stop, undefined);
    watch.hear([TEXT], 29_500, 0);
    assert.equal(watchOver(watch, 30_000, 5 * MINUTE).stop, undefined);
  });

  it('R5.6 the grace stands still while a background task is open, and goes on then', () => {
    const watch = new RunWatch(LIMITS, 0);
    watch.hear([{ type: 'background', id: 'b', open: true, name: 'dev server' }, END], 0, 0);
    assert.equal(watchOver(watch, 0, 60 * MINUTE).stop, undefined);
    watch.hear([{ type: 'background', id: 'b', open: false, name: 'dev server' }], 60 * MINUTE, 0);
    const said = watchOver(watch, 60 * MINUTE, 70 * MINUTE);
    assert.deepEqual([said.stop, said.at], ['ended', 60 * MINUTE + 30_000]);
  });

  it('R5.6 a grace of 0 never stops it', () => {
    const watch = new RunWatch({ ...LIMITS, endGraceMs: 0 }, 0);
    watch.hear([END], 0, 0);
    assert.equal(watchOver(watch, 0, 20 * MINUTE).stop, undefined);
  });

  it('R5.6 the time in which we ourselves were held up is no grace', () => {
    const watch = new RunWatch(LIMITS, 0);
    watch.hear([END], 0, 0);
    watch.look(0);
    assert.equal(watch.look(60 * MINUTE).stop, undefined);
  });
});

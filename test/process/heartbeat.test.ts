import assert from 'node:assert/strict';
import { Heartbeat } from '../../src/process/follow/heartbeat.ts';

describe('The heartbeat of a guardian', () => {
  /** Looks once a second; `beat` says what is seen then. */
  function watch(seconds: number, beat: (second: number) => number | undefined): string[] {
    const heartbeat = new Heartbeat(10_000, 0);
    return Array.from({ length: seconds }, (_, second) => heartbeat.look(beat(second), second * 1_000));
  }

  it('is late within a minute when the guardian was stopped, and dead only much later (A9)', () => {
    const pulses = watch(300, (second) => Math.min(Math.floor(second / 10), 2));
    assert.ok(pulses.indexOf('late') <= 20 + 60, `late after ${pulses.indexOf('late')} s`);
    assert.ok(pulses.slice(0, 50).every((pulse) => pulse === 'beats'));
    assert.ok(pulses.indexOf('dead') > pulses.indexOf('late') + 100);
  });

  it('goes on as soon as it beats again', () => {
    const pulses = watch(120, (second) => (second < 60 ? 1 : Math.floor(second / 10)));
    assert.equal(pulses[59], 'late');
    assert.deepEqual(new Set(pulses.slice(60)), new Set(['beats']));
  });

  it('misses nothing while it cannot be seen', () => {
    assert.deepEqual(new Set(watch(600, () => undefined)), new Set(['beats']));
  });

  it('misses nothing while we ourselves were stopped or suspended', () => {
    const heartbeat = new Heartbeat(10_000, 0);
    heartbeat.look(5, 0);
    for (let at = 1; at < 20; at += 1) assert.equal(heartbeat.look(5, at * 3_600_000), 'beats');
  });
});

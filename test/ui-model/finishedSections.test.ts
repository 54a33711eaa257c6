import assert from 'node:assert/strict';
import type { FinishedLoop } from '../../src/core/model/loop.ts';
import { describeFinished, describeLive, shortTitle } from '../../src/ui/text/loopText.ts';
import { finishedSections, sectionRow } from '../../src/ui/tree/finishedSections.ts';
import { completed, facts, NOW, queued, running } from './support/views.ts';

const HOUR = 3_600_000;

function at(seq: number, hoursAgo: number, more: Partial<FinishedLoop> = {}): FinishedLoop {
  return { ...completed('a', { seq }), finishedAt: NOW - hoursAgo * HOUR, ...more } as FinishedLoop;
}

function failed(seq: number, hoursAgo: number): FinishedLoop {
  const failure = { class: 'exit', reason: 'It exited with code 1.', at: NOW } as const;
  return { ...facts('f', { seq }), state: 'failed', finishedAt: NOW - hoursAgo * HOUR, failure, cleared: false };
}

const titles = (loops: readonly FinishedLoop[], grouping: 'day' | 'folder' | 'state', unread: readonly number[] = []) =>
  finishedSections(loops, grouping, ({ seq }) => unread.includes(seq), NOW).map(({ title, loops: ones, open }) => [
    title,
    ones.map(({ seq }) => seq).join(),
    open,
  ]);

describe('finished loops under headings', () => {
  it('by day: today’s are open, older ones folded', () => {
    const year = 24 * 365 + 24;
    assert.deepEqual(titles([at(5, 1), at(4, 2), at(3, 20), at(2, 90), at(1, year)], 'day'), [
      ['Today', '5,4', true],
      ['Yesterday', '3', false],
      ['Fri 6 Mar', '2', false],
      ['Sun 9 Mar 2025', '1', false],
    ]);
  });

  it('unread ones come first, and are open', () => {
    assert.deepEqual(titles([at(3, 1), at(2, 2), at(1, 30)], 'day', [1, 3]), [
      ['Unread', '3,1', true],
      ['Today', '2', false],
    ]);
  });

  it('by state and by folder', () => {
    const loops = [at(4, 1), failed(3, 2), at(2, 3, { state: 'cancelled' }), at(1, 4, { folder: '/home/me/other' })];
    assert.deepEqual(titles(loops, 'state'), [
      ['Failed', '3', true],
      ['Completed', '4,1', false],
      ['Cancelled', '2', false],
    ]);
    assert.deepEqual(titles(loops, 'folder'), [
      ['project', '4,3,2', true],
      ['other', '1', false],
    ]);
  });

  it('a heading says how many there are, how many failed, and that there may be more', () => {
    const [today, older] = finishedSections([at(3, 1), failed(2, 2), at(1, 30)], 'day', () => false, NOW);
    assert.deepEqual(
      [sectionRow(today!, false).description, sectionRow(older!, true).description],
      ['2 · 1 failed', '1+'],
    );
    assert.equal(sectionRow(today!, false).spoken, 'Today, 2, 1 failed');
  });
});

describe('the text of a row', () => {
  const title = 'Look through all the tests and describe each of them';
  const context = { defaultAgent: 'claude', isDemo: (agent: string) => agent === 'sample' };

  it('begins with a title cut at a word, so that the figures after it stay visible; a screen reader hears all of it', () => {
    assert.equal(shortTitle({ title, loopId: 'a' }), 'Look through all…');
    assert.equal(shortTitle({ title: 'Fix it', loopId: 'a' }), 'Fix it');
    assert.equal(shortTitle({ title: 'x'.repeat(60), loopId: 'a' }), `${'x'.repeat(17)}…`);
    assert.ok(describeLive(running('a', { title }), NOW).spoken.startsWith(`${title}, running`));
  });

  it('cuts a title of wide letters earlier: in a narrow side bar they take the room of its figures', () => {
    const label = (text: string) => shortTitle({ title: text, loopId: 'a' });
    assert.equal(label('W'.repeat(20)), `${'W'.repeat(10)}…`);
    assert.equal(label('修'.repeat(20)), `${'修'.repeat(8)}…`);
    assert.equal(label('🧵'.repeat(20)), `${'🧵'.repeat(8)}…`);
    assert.equal(label('RENAME VARIABLE'), 'RENAME VARIABLE');
  });

  it('names the agent if it is not the default, and marks the demo', () => {
    const words = (agent: string) => describeLive(queued('a', 1, { agent }), NOW, context).description;
    assert.deepEqual(['claude', 'codex', 'sample'].map(words), ['#1', '#1 · codex', '#1 · demo']);
    assert.equal(describeFinished(at(1, 0, { agent: 'sample' }), NOW, context).description, '15:40 · demo');
  });

  it('puts the rest of a cut title after the figures, where there may be room', () => {
    const { label, description } = describeFinished(at(1, 0, { title }), NOW);
    assert.deepEqual([label, description], ['Look through all…', '15:40 · …the tests and describe each of them']);
  });

  it('does not repeat in words what the icon says, and a reason for a failure is named as one', () => {
    assert.equal(describeFinished(at(1, 0), NOW).description, '15:40');
    const { description, spoken } = describeFinished(failed(1, 0), NOW);
    assert.equal(description, '15:40 · failed: It exited with code 1.');
    assert.match(spoken, /, failed: It exited with code 1\., at 15:40/);
    assert.match(describeFinished(at(1, 0), NOW).spoken, /completed/);
  });
});

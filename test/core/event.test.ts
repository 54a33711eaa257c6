import assert from 'node:assert/strict';
import { Emitter } from '../../src/core/model/event.ts';

describe('Emitter', () => {
  function emitter() {
    const errors: unknown[] = [];
    return { errors, emitter: new Emitter<number>((error) => errors.push(error)) };
  }

  it('R9.3 a listener that throws breaks nothing: the error is handed on, the others hear it', () => {
    const { errors, emitter: subject } = emitter();
    const heard: string[] = [];
    subject.event((value) => heard.push(`first ${value}`));
    subject.event(() => {
      throw new Error('mine');
    });
    subject.event((value) => heard.push(`last ${value}`));
    subject.fire(1);
    subject.fire(2);
    assert.deepEqual(heard, ['first 1', 'last 1', 'first 2', 'last 2']);
    assert.deepEqual(
      errors.map((error) => (error as Error).message),
      ['mine', 'mine'],
    );
  });

  it('R9.3 a function that is subscribed twice is called twice, and each subscription ends alone', () => {
    const { emitter: subject } = emitter();
    let calls = 0;
    const listener = () => void calls++;
    const one = subject.event(listener);
    subject.event(listener);
    subject.fire(1);
    assert.equal(calls, 2);
    one.dispose();
    one.dispose();
    subject.fire(1);
    assert.equal(calls, 3);
  });

  it('R9.3 listeners may subscribe and leave while they are told: those who were there are told', () => {
    const { emitter: subject } = emitter();
    const heard: string[] = [];
    const first = subject.event(() => {
      heard.push('first');
      first.dispose();
      second.dispose();
      subject.event(() => heard.push('new'));
    });
    const second = subject.event(() => heard.push('second'));
    subject.fire(1);
    assert.deepEqual(heard, ['first', 'second']);
    subject.fire(2);
    assert.deepEqual(heard, ['first', 'second', 'new']);
  });

  it('says nothing any more once it is disposed', () => {
    const { emitter: subject } = emitter();
    let calls = 0;
    subject.event(() => void calls++);
    subject.dispose();
    subject.fire(1);
    assert.equal(calls, 0);
  });
});

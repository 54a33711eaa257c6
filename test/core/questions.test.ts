import assert from 'node:assert/strict';
import { InvalidArgumentError, UnknownLoopError, WrongStateError } from '../../src/core/model/errors.ts';
import type { AskedQuestion, PermissionRequest } from '../../src/core/model/question.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../src/core/model/settings.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { fakeCatalog, fakeProfile, machineForEachTest, type WindowFacts } from '../support/harness.ts';

const MINUTE = 60_000;
const machine = machineForEachTest();

const command = (text: string): PermissionRequest => ({
  kind: 'command',
  tool: 'Bash',
  title: 'Run a command',
  command: text,
});
const asked = (id: string, request = command('npm install')): AskedQuestion => ({
  id,
  request,
  choices: [
    { id: 'yes', kind: 'allowOnce', label: 'Yes' },
    { id: 'always', kind: 'allowAlways', label: 'Always' },
    { id: 'no', kind: 'denyOnce', label: 'No' },
  ],
});
const resumable = (): WindowFacts => {
  const claude = fakeProfile('claude', { canResume: true });
  return { agents: fakeCatalog(fakeProfile('sample'), claude) };
};
const run = () => machine.launcher.of('a');
const answers = () => [...run().answers].map(([id, { allow, by }]) => [id, allow, by]);

async function asking(settings: Partial<Settings> = {}, facts: WindowFacts = {}): Promise<Supervisor> {
  const window = await machine.open({ maxConcurrent: 1, ...settings }, facts);
  for (const loopId of ['a', 'b']) await window.submit({ prompt: 'work', loopId, agent: 'claude' });
  run().say({ type: 'session', sessionId: 's1' });
  run().ask(asked('q1'));
  await machine.soon();
  return window;
}
const openIn = (window: Supervisor) =>
  window.live().flatMap(({ loop }) => loop.asking?.filter(({ answer }) => !answer).map(({ id }) => id) ?? []);

describe('questions', () => {
  it('R17.1 a request becomes a question of its loop, told once, with the choices that the agent offers', async () => {
    const window = await asking();
    const [loop] = window.live().map((view) => view.loop);
    assert.equal(loop?.state, 'running');
    assert.deepEqual(loop?.asking, [{ ...asked('q1'), at: machine.clock.now() }]);
    assert.deepEqual(
      machine.eventsOf('loop:asking').map(({ loopId, question, asks }) => [loopId, question, asks]),
      [['a', 'q1', 'run npm install?']],
    );
    run().ask(asked('q1'));
    await machine.soon();
    assert.equal(machine.eventsOf('loop:asking').length, 1);
  });

  it('R17.1 the answer reaches the agent, and its history says who gave it', async () => {
    const window = await asking();
    await window.answer('a', { choice: 'allow' });
    assert.deepEqual(answers(), [['q1', true, 'user']]);
    assert.equal(run().answers.get('q1')?.choice, 'yes');
    assert.deepEqual(openIn(window), []);
    const why = (await window.get('a'))?.history.map((row) => row.why);
    assert.ok(why?.includes('allowed by you: run npm install?'), why?.join('\n'));
    run().ask();
    await machine.soon();
    assert.equal((await window.find('a'))?.asking, undefined);
  });

  it('R17.1 a question is answered once, whoever answers and whatever the second says', async () => {
    const window = await asking();
    const other = await machine.open({ maxConcurrent: 1 }, { folders: ['/other'] });
    const given = await Promise.allSettled([
      window.answer('a', { choice: 'yes' }),
      other.answer('a', { choice: 'no' }),
      window.answer('a', { choice: 'deny', question: 'q1' }),
    ]);
    assert.equal(given.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const one of given) if (one.status === 'rejected') assert.ok(one.reason instanceof WrongStateError);
    assert.equal(machine.eventsOf('loop:answered').length, 1);
    await machine.clock.advance(2_000);
    assert.equal(run().answers.size, 1);
  });

  it('R17.1 it refuses what is not offered, not asked or not there, and changes nothing', async () => {
    const window = await asking();
    await assert.rejects(window.answer('a', { choice: 'perhaps' }), InvalidArgumentError);
    await assert.rejects(window.answer('a', { choice: 'allow', rule: '???' }), InvalidArgumentError);
    await assert.rejects(window.answer('b', { choice: 'allow' }), WrongStateError);
    await assert.rejects(window.answer('none', { choice: 'allow' }), UnknownLoopError);
    await assert.rejects(window.answer('a', { choice: 'allow', question: 'q9' }), /no longer asks this/);
    run().ask(asked('q1'), asked('q2'));
    await machine.soon();
    await assert.rejects(window.answer('a', { choice: 'allow' }), /asks 2 questions/);
    assert.deepEqual(openIn(window), ['q1', 'q2']);
    assert.deepEqual(answers(), []);
  });

  it('R17.1 a choice that an agent calls `deny` and that allows is not what `deny` stands for', async () => {
    const window = await asking();
    const forged = [
      { id: 'deny', kind: 'allowOnce', label: 'Deny' },
      { id: 'allow', kind: 'allowAlways', label: 'Allow' },
    ] as const;
    run().ask({ ...asked('q2'), choices: forged });
    await machine.soon();
    await window.answer('a', { choice: 'deny', question: 'q2' });
    run().ask({ ...asked('q3'), choices: forged });
    await machine.soon();
    await window.answer('a', { choice: 'allow', question: 'q3' });
    assert.deepEqual(answers(), [
      ['q2', false, 'user'],
      ['q3', true, 'user'],
    ]);
    assert.equal(run().answers.get('q2')?.choice, undefined);
    assert.equal(run().answers.get('q3')?.choice, 'deny');
  });

  it('R17.1 a question survives the host, and an answer that was stored but not passed on is passed on', async () => {
    const window = await asking();
    machine.kill(window);
    const next = await machine.open({ maxConcurrent: 1 });
    await machine.clock.advance(20_000);
    assert.deepEqual(openIn(next), ['q1']);
    assert.equal(machine.eventsOf('loop:asking').length, 1, 'it is no news');
    await next.answer('a', { choice: 'allow' });
    // The answer is lost on its way, with the host.
    run().answers.clear();
    machine.kill(next);
    await machine.open({ maxConcurrent: 1 });
    await machine.clock.advance(20_000);
    assert.deepEqual(answers(), [['q1', true, 'user']]);
  });

  it('R17.1 a question of a guardian that died is asked anew by the next attempt', async () => {
    const window = await asking({ maxConcurrent: 2 }, resumable());
    run().end({ kind: 'lost', exit: {} });
    await machine.clock.advance(5_000);
    assert.deepEqual(openIn(window), []);
    run().ask(asked('q1'));
    await machine.soon();
    assert.deepEqual(openIn(window), ['q1']);
    await window.answer('a', { choice: 'deny' });
    assert.deepEqual(answers(), [['q1', false, 'user']]);
  });
});

describe('inquiries', () => {
  const inquiry = (id: string, multiple = false): AskedQuestion => {
    const options = [{ label: 'SQLite', about: 'One file' }, { label: 'PostgreSQL' }];
    const inquiries = [
      { text: 'Which database?', options, multiple },
      { text: 'Which name?', options: [], multiple: false },
    ];
    return { ...asked(id), request: { kind: 'inquiry', tool: 'AskUserQuestion', title: 'Ask', inquiries } };
  };
  const REPLIES = [['PostgreSQL'], ['orders']];
  const replies = (id: string) => run().answers.get(id)?.replies;

  it('R17.1 one is answered with words to each of its parts, and the history tells them', async () => {
    const window = await asking();
    run().ask(inquiry('i1'));
    await machine.soon();
    assert.equal(machine.eventsOf('loop:asking').at(-1)?.asks, 'Which database? Which name?');
    machine.kill(window);
    const next = await machine.open({ maxConcurrent: 1 });
    await machine.clock.advance(20_000);
    await next.answer('a', { choice: 'allow', replies: [['PostgreSQL'], [' orders ']] });
    assert.deepEqual([answers().at(-1), replies('i1')], [['i1', true, 'user'], REPLIES]);
    const why = (await next.get('a'))?.history.map((row) => row.why);
    assert.ok(why?.includes('answered by you (PostgreSQL; orders): Which database? Which name?'), why?.join('\n'));
  });

  it('R17.1 one without words to each of its parts is not answered, and can be left to the agent', async () => {
    const window = await asking();
    run().ask(inquiry('i1'));
    await machine.soon();
    const wrong = [
      undefined,
      [],
      [['SQLite']],
      [['SQLite'], [' ']],
      [['SQLite', 'PostgreSQL'], ['orders']],
      [['x'], [1]],
    ];
    for (const given of wrong)
      await assert.rejects(window.answer('a', { choice: 'allow', replies: given as never }), InvalidArgumentError);
    await assert.rejects(
      window.answer('a', { choice: 'allow', replies: [['x'], ['y'.repeat(10_001)]] }),
      /no longer than 10000 characters/,
    );
    assert.deepEqual(answers(), []);
    await window.answer('a', { choice: 'deny' });
    assert.deepEqual([answers(), replies('i1')], [[['i1', false, 'user']], undefined]);
    run().ask(inquiry('i2', true));
    await machine.soon();
    await window.answer('a', { choice: 'allow', replies: [['SQLite', 'PostgreSQL'], ['orders']] });
    assert.deepEqual(replies('i2'), [['SQLite', 'PostgreSQL'], ['orders']]);
  });

  it('R17.1 R17.2 no allow rule answers one, a deny rule leaves it to the agent', async () => {
    const window = await asking({ permissions: { allow: ['*'], ask: [], deny: ['Ask2'] } });
    run().ask(asked('q1'), inquiry('i1'), { ...inquiry('i2'), request: { ...inquiry('i2').request, tool: 'Ask2' } });
    await machine.soon();
    assert.deepEqual(answers(), [
      ['q1', true, 'rule'],
      ['i2', false, 'rule'],
    ]);
    assert.deepEqual(openIn(window), ['i1']);
  });

  it('R17.2 words that were said after its run was stopped reach the session that asks the same', async () => {
    const window = await asking({}, resumable());
    const other = await machine.open({ maxConcurrent: 1 }, { folders: ['/other'] });
    run().ask(inquiry('i1'));
    await machine.soon();
    await machine.clock.advance(10 * MINUTE);
    await machine.soon();
    await other.answer('a', { choice: 'allow', replies: REPLIES });
    machine.launcher.of('b').ok();
    await machine.soon();
    run().ask(inquiry('i2', true), inquiry('i3'), inquiry('i4'));
    await machine.soon();
    assert.deepEqual([answers(), replies('i3')], [[['i3', true, 'user']], REPLIES]);
    assert.deepEqual(openIn(window), ['i2', 'i4'], 'another one is asked anew, and so is the same once more');
  });
});

describe('answers without a person', () => {
  it('R17.2 rules answer at once, deny before ask before allow, and the history names the rule', async () => {
    const permissions = { allow: ['Command(npm *)'], ask: ['Command(npm publish *)'], deny: ['Command(rm *)'] };
    const window = await asking({ permissions });
    const requests = ['npm publish --tag x', 'npm run x && rm -rf /', 'npm ci', 'ls'];
    run().ask(asked('q1'), ...requests.map((text, index) => asked(`r${index}`, command(text))));
    await machine.soon();
    assert.deepEqual(answers(), [
      ['q1', true, 'rule'],
      ['r1', false, 'rule'],
      ['r2', true, 'rule'],
    ]);
    assert.deepEqual(openIn(window), ['r0', 'r3']);
    const why = (await window.get('a'))?.history.map((row) => row.why);
    assert.ok(why?.includes('allowed by a rule (by the rule Command(npm *)): run npm ci?'), why?.join('\n'));
  });

  it('R17.2 a rule for the loop alone answers the like of that loop, and of no other', async () => {
    const window = await asking({ maxConcurrent: 2 });
    await window.answer('a', { choice: 'allow', rule: 'Command(npm install)' });
    run().ask(asked('q2'), asked('q3', command('npm install x')));
    machine.launcher.of('b').ask(asked('q1'));
    await machine.soon();
    assert.deepEqual(answers(), [
      ['q1', true, 'user'],
      ['q2', true, 'rule'],
    ]);
    assert.equal(machine.launcher.of('b').answers.size, 0);
  });

  it('R17.2 an unanswered question is denied at its deadline; without one it waits', async () => {
    const window = await asking({ askTimeoutMs: 5 * MINUTE, askHoldsSlotMs: 0 });
    await machine.clock.advance(5 * MINUTE - 1);
    assert.deepEqual(answers(), []);
    await machine.clock.advance(1);
    assert.deepEqual(answers(), [['q1', false, 'deadline']]);
    window.configure({ ...DEFAULT_SETTINGS, maxConcurrent: 1, askHoldsSlotMs: 0 });
    run().ask(asked('q2'));
    await machine.soon();
    await machine.clock.advance(60 * MINUTE);
    assert.deepEqual(openIn(window), ['q2']);
  });

  it('R17.2 after a while its slot goes to others; the answer starts it again, and its session meets it', async () => {
    const window = await asking({}, resumable());
    await machine.clock.advance(10 * MINUTE);
    assert.deepEqual(run().stops, ['asking']);
    await machine.soon();
    assert.deepEqual(machine.alive(), ['b']);
    const loop = await window.find('a');
    assert.deepEqual(
      [loop?.state, loop?.state === 'waiting' && loop.for === 'you' && loop.need],
      ['waiting', 'question'],
    );
    assert.deepEqual(openIn(window), ['q1']);
    await window.answer('a', { choice: 'allow' });
    assert.equal((await window.find('a'))?.state, 'queued');
    machine.launcher.of('b').ok();
    await machine.soon();
    assert.deepEqual(machine.alive(), ['a']);
    assert.equal((await window.get('a'))?.attempts.at(-1)?.resumed, true);
    run().ask(asked('n1', command('npm install x')), asked('n2'));
    await machine.soon();
    assert.deepEqual(answers(), [['n2', true, 'user']], 'another request is asked anew');
    run().ask(asked('n1', command('npm install x')), asked('n3'));
    await machine.soon();
    assert.equal(run().answers.has('n3'), false, 'it was for one use');
  });

  it('R17.2 an answer that comes while the run is being stopped counts', async () => {
    const window = await asking({}, resumable());
    machine.launcher.onStop = () => {};
    await machine.clock.advance(10 * MINUTE);
    await window.answer('a', { choice: 'allow' });
    run().end({ exit: { signal: 'SIGTERM' } });
    await machine.soon();
    assert.equal((await window.find('a'))?.state, 'running');
    run().ask(asked('n1'));
    await machine.soon();
    assert.deepEqual(answers(), [['n1', true, 'user']]);
  });

  it('R17.2 where its agent cannot go on after a stop the request is denied', async () => {
    await asking();
    await machine.clock.advance(10 * MINUTE);
    assert.deepEqual(answers(), [['q1', false, 'deadline']]);
    assert.deepEqual(run().stops, []);
  });

  it('R17.1 a command that is too long to be shown whole is denied unseen', async () => {
    await asking({ permissions: { allow: ['*'], ask: [], deny: [] } });
    run().ask(asked('q1'), asked('q2', command(`echo ${'x'.repeat(20_000)}; rm -rf ~`)));
    await machine.soon();
    assert.deepEqual(answers(), [
      ['q1', true, 'rule'],
      ['q2', false, 'rule'],
    ]);
  });

  it('R17.2 a clock that goes back makes no deadline longer (R4.5)', async () => {
    await asking({ askTimeoutMs: 5 * MINUTE, askHoldsSlotMs: 0 });
    machine.clock.jump(-60 * MINUTE);
    // At the first look its beginning moves to now.
    await machine.clock.advance(10 * MINUTE);
    assert.deepEqual(answers(), [['q1', false, 'deadline']]);
  });
});

import assert from 'node:assert/strict';
import { InvalidLoopError, NoWorkTreeError } from '../../src/core/model/errors.ts';
import type { LoopSpec } from '../../src/core/model/loopSpec.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { repositoryAddress } from '../../src/core/policy/repositoryAddress.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { machineForEachTest, type WindowFacts } from '../support/harness.ts';
import { machineWithClone } from '../support/machineWithClone.ts';

describe('The address of a repository', () => {
  it('R16.4 is the same however it was cloned', () => {
    for (const url of [
      'https://github.com/Acme/Tools.git',
      'https://me:secret@github.com/acme/tools/',
      'git@github.com:acme/tools.git',
      'ssh://git@github.com:22/acme/tools.git',
      'git://github.com/acme/tools',
    ])
      assert.equal(repositoryAddress(url), 'github.com/acme/tools', url);
  });

  it('R16.4 tells neither user nor password, and leaves a path on a disk as it is', () => {
    assert.equal(repositoryAddress('https://token@git.example.org:8443/a/b.git'), 'git.example.org/a/b');
    assert.equal(repositoryAddress('/srv/Git/tools.git'), '/srv/Git/tools');
    assert.equal(repositoryAddress('file:///srv/Git/tools.git'), '/srv/Git/tools');
    assert.equal(repositoryAddress('C:\\git\\tools.git'), 'C:\\git\\tools');
  });
});

describe('A loop for another machine', () => {
  const base = machineForEachTest();

  const machine = (id: string, opens: Pick<WindowFacts, 'role' | 'folders'> = {}) => machineWithClone(base, id, opens);

  const submit = (window: Supervisor, more: Partial<LoopSpec> = {}) =>
    window.submit({ prompt: 'work', loopId: 'a', machine: 'the two', ...more });
  const parkedWhy = (window: Supervisor) => window.status().parked.map(({ why }) => why);
  const loopOf = async (window: Supervisor, loopId = 'a') => (await window.get(loopId))?.loop;

  it('R16.4 runs there alone, in a work tree of the clone there, at the commit of its submit', async () => {
    const [one, two] = [machine('one'), machine('two', { folders: ['/elsewhere'] })];
    const first = await one.open();
    const second = await two.open();
    assert.deepEqual(await submit(first), { loopId: 'a', queued: true, position: 1 });
    await base.clock.advance(2_000);
    assert.deepEqual([one.runs(), two.runs()], [[], ['a']]);
    assert.deepEqual(two.git.fetched, ['head of one in /two/clone']);
    const [request] = two.git.requests;
    assert.deepEqual([request?.cwd, request?.prefix, request?.base], ['/two/clone', '', 'head of one']);
    const loop = await loopOf(first);
    assert.deepEqual([loop?.machine, loop?.cwd, loop?.workTree?.root], ['two', request?.path, '/two/clone']);
    assert.deepEqual(
      first.live().map((view) => [view.host, view.machine]),
      [['elsewhere', 'the two']],
    );
    two.launcher.of('a').ok();
    await base.clock.advance(2_000);
    assert.equal((await loopOf(second))?.state, 'completed');
    assert.deepEqual(one.git.requests, []);
  });

  it('R16.4 works in the same part of the repository, and a restart goes on where it was', async () => {
    const [one, two] = [machine('one'), machine('two')];
    one.git.found = {
      kind: 'repository',
      repository: { root: '/one/clone', commonFolder: '/one/clone/.git', head: 'head', prefix: 'packages/app' },
    };
    const first = await one.open();
    await two.open();
    await submit(first, { cwd: '/one/clone/packages/app' });
    await base.clock.advance(2_000);
    assert.equal(two.git.requests[0]?.prefix, 'packages/app');
    two.launcher.of('a').fail();
    await base.clock.advance(5_000);
    assert.deepEqual([one.runs(), two.runs(), two.git.requests.length], [[], ['a'], 1]);
  });

  it('R16.4 a machine that has not opted in, or has no clone of it, is refused at submit, with what to do', async () => {
    const [one, two, three] = [machine('one'), machine('two'), machine('three')];
    three.git.clones = { '/three/clone': ['example.org/other'] };
    const first = await one.open(false);
    const second = await two.open(false);
    await three.open();
    const refused = async (name: string, why: RegExp) =>
      assert.rejects(submit(first, { machine: name }), (error) => {
        assert.ok(error instanceof InvalidLoopError);
        assert.deepEqual([error.field, why.test(error.message)], ['machine', true], error.message);
        return true;
      });
    await refused('the two', /"the two" takes no loops of this repository: name a clone of example\.org\/project in/);
    await refused('the three', /"the three" takes no loops of this repository/);
    await refused('any', /finds none that takes loops of this repository/);
    await refused('the four', /is not known: choose "any" or "the one" or "the two" or "the three"/);
    assert.equal(await first.get('a'), undefined);
    second.configure({ ...DEFAULT_SETTINGS, repositories: [two.clone] });
    await base.clock.advance(2_000);
    await submit(first);
    await base.clock.advance(2_000);
    assert.deepEqual(two.runs(), ['a']);
  });

  it('R16.4 is refused where no other machine could get its commit', async () => {
    const [one, two] = [machine('one'), machine('two')];
    const first = await one.open();
    await two.open();
    const reasons: string[] = [];
    for (const publishes of [undefined, { address: 'example.org/project', remote: 'origin', isPushed: false }]) {
      one.git.publishes = publishes;
      await assert.rejects(submit(first), (error) => {
        assert.ok(error instanceof NoWorkTreeError);
        reasons.push(error.reason);
        return true;
      });
    }
    assert.deepEqual(reasons, ['no-remote', 'not-pushed']);
    assert.equal(await first.get('a'), undefined);
  });

  it('R16.4 R1.3 names the field that does not go with another machine', async () => {
    const alone = await base.open();
    const window = await machine('one').open();
    for (const [host, field, spec] of [
      [alone, 'machine', { machine: 'any' }],
      [window, 'machine', { machine: ' ' }],
      [window, 'isolation', { isolation: 'folder' }],
      [window, 'carryChanges', { carryChanges: true }],
    ] as const)
      await assert.rejects(
        submit(host, spec),
        (error) => error instanceof InvalidLoopError && error.field === field,
        `${field} ${JSON.stringify(spec)}`,
      );
  });

  it('R16.4 one that names its own machine is a loop like any other', async () => {
    const one = machine('one');
    const first = await one.open(false);
    await submit(first, { machine: 'the one' });
    assert.deepEqual([one.runs(), (await loopOf(first))?.repository], [['a'], undefined]);
  });

  it('R16.4 is parked while nothing answers there, or once its clone is named no longer, and says which', async () => {
    const [one, two] = [machine('one'), machine('two')];
    const first = await one.open();
    await (await two.open()).release();
    await submit(first);
    await base.clock.advance(1_000);
    assert.deepEqual(parkedWhy(first), ['nothing on the two, its machine, answers']);
    const second = await two.open(false);
    await base.clock.advance(1_000);
    const why =
      'the two, its machine, takes no loops of example.org/project any more: ' +
      'name a clone in loopSupervisor.repositories there';
    assert.deepEqual([parkedWhy(first), parkedWhy(second), two.runs()], [[why], [why], []]);
    second.configure({ ...DEFAULT_SETTINGS, repositories: [two.clone] });
    await base.clock.advance(2_000);
    assert.deepEqual([parkedWhy(first), two.runs()], [[], ['a']]);
  });

  it('R16.4 a machine that starts again takes what it took before, until it has looked at its clones', async () => {
    const [one, two] = [machine('one'), machine('two')];
    const first = await one.open();
    base.kill(await two.open());
    two.git.clone = () => new Promise<never>(() => undefined);
    await base.clock.advance(60_000);
    await two.open();
    await submit(first);
    await base.clock.advance(1_000);
    assert.deepEqual(two.runs(), []);
  });

  it('R16.4 a commit that cannot be had there holds the loop, which says so and can be started again', async () => {
    const [one, two] = [machine('one'), machine('two')];
    const first = await one.open();
    await two.open();
    two.git.onFetch = () => Promise.reject(new Error('its commit head is not on origin: push it there'));
    await submit(first);
    await base.clock.advance(2_000);
    const loop = await loopOf(first);
    assert.ok(loop?.state === 'waiting' && loop.for === 'you');
    assert.match(loop.why, /could not be made: its commit head is not on origin/);
    two.git.onFetch = async () => undefined;
    assert.equal(await first.restartNow('a'), true);
    await base.clock.advance(2_000);
    assert.deepEqual([one.runs(), two.runs()], [[], ['a']]);
  });

  it('R16.4 R15.1 no headless host stands by for a loop that only another machine can start', async () => {
    const [one, two] = [machine('one', { role: 'headless', folders: [] }), machine('two')];
    const first = await one.open();
    await (await two.open()).release();
    await submit(first);
    await base.clock.advance(1_000);
    assert.deepEqual([parkedWhy(first).length, first.goesOn], [1, false]);
  });

  it('R16.4 R15.1 the headless host there starts it too, whatever folders are trusted', async () => {
    const [one, two] = [machine('one'), machine('two', { role: 'headless', folders: [] })];
    const first = await one.open();
    await two.open();
    await submit(first);
    await base.clock.advance(2_000);
    assert.deepEqual(two.runs(), ['a']);
  });

  it('R16.4 "any" goes to the machine with the least to do among those that take it', async () => {
    const [one, two, three] = [machine('one'), machine('two'), machine('three')];
    const first = await one.open();
    await two.open();
    await three.open(false);
    for (const loopId of ['a', 'b', 'c', 'd']) await submit(first, { loopId, machine: 'any' });
    await base.clock.advance(3_000);
    assert.deepEqual([one.runs().length, two.runs().length, three.runs()], [2, 2, []]);
  });

  it('R16.4 R2.2 "any" that a machine leaves lying goes to another that takes it', async () => {
    const [one, two] = [machine('one'), machine('two')];
    const first = await one.open();
    await two.open();
    await first.submit({ prompt: 'busy', loopId: 'b' });
    // It stands still, and its lease does not say so yet.
    two.stands.still = true;
    await submit(first, { machine: 'any' });
    await base.clock.advance(2_000);
    assert.deepEqual(one.runs(), ['b']);
    await base.clock.advance(10_000);
    assert.deepEqual([one.runs(), two.runs()], [['b', 'a'], []]);
  });

  it('R16.4 R15.4 what it submits runs beside it, and on no other machine', async () => {
    const [one, two] = [machine('one'), machine('two')];
    const first = await one.open();
    const second = await two.open();
    await submit(first);
    await base.clock.advance(2_000);
    const inside = { loopId: 'b', parent: 'a', cwd: (await loopOf(first))?.cwd ?? '' };
    await assert.rejects(submit(second, { ...inside, machine: 'any' }), { code: 'not-allowed' });
    const { machine: _, ...nested } = { prompt: 'work', ...inside, machine: '' };
    await second.submit(nested);
    await base.clock.advance(2_000);
    assert.deepEqual([one.runs(), two.runs()], [[], ['a', 'b']]);
    assert.equal((await loopOf(first, 'b'))?.cwd, inside.cwd);
  });

  it('R16.4 nobody makes it a loop of another machine by hand', async () => {
    const [one, two] = [machine('one'), machine('two')];
    const first = await one.open();
    await (await two.open()).release();
    await submit(first);
    await assert.rejects(first.takeOver('a'), /was submitted for another machine/);
  });
});

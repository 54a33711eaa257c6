import assert from 'node:assert/strict';
import fc from 'fast-check';
import { copyOf, frozenCopy } from '../../src/core/model/copy.ts';
import type { LoopSpec } from '../../src/core/model/loopSpec.ts';
import { signalNamed } from '../../src/core/model/signals.ts';
import { whyNotJson } from '../../src/core/policy/jsonValue.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';

/** A value with the type that a call wants, and another one at run time. */
const wrong = <T>(value: unknown): T => value as T;

describe('what callers hand over, and what they are handed', () => {
  const machine = machineForEachTest();

  it('R1.3 what is returned is a frozen copy: a caller changes nothing with it', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    await window.submit({ prompt: 'first', loopId: 'first' });
    await window.submit({ prompt: 'work', loopId: 'a', metadata: { tags: ['x'] } });
    const detail = await window.get('a');
    assert.throws(() => Object.assign(detail?.loop ?? {}, { priority: 9 }), TypeError);
    assert.throws(() => wrong<{ tags: string[] }>(detail?.loop.metadata).tags.push('y'), TypeError);
    assert.equal(await window.cancel('a'), true);
    machine.launcher.of('first').ok();
    await machine.soon();
    assert.deepEqual([(await window.get('a'))?.state, machine.alive()], ['cancelled', []]);
  });

  it('R1.3 a spec is copied when the call is made, whatever becomes of the object', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    const spec = { prompt: 'one', loopId: 'l1', metadata: { n: 1 }, estimatedCostUsd: 1 };
    const calls: Promise<unknown>[] = [];
    for (const [n, prompt] of ['one', 'two', 'three'].entries()) {
      Object.assign(spec, { prompt, loopId: `l${n}`, estimatedCostUsd: n });
      spec.metadata.n = n;
      calls.push(window.submit(spec));
    }
    spec.metadata.n = 99;
    await Promise.all(calls);
    for (const [n, prompt] of ['one', 'two', 'three'].entries()) {
      const detail = await window.get(`l${n}`);
      assert.deepEqual([detail?.prompt, detail?.loop.metadata, detail?.loop.estimate], [prompt, { n }, n * 1e9]);
    }
  });

  it('R1.3 a spec whose parts answer differently each time is read once', async () => {
    const window = await machine.open();
    let reads = 0;
    const spec = {
      prompt: 'work',
      loopId: 'a',
      get priority() {
        return ++reads;
      },
    };
    await window.submit(spec);
    assert.deepEqual([(await window.get('a'))?.loop.priority, reads], [1, 1]);
  });

  const METADATA: readonly [string, unknown, RegExp][] = [
    ['a date', { at: new Date(0) }, /metadata\.at is a Date/],
    ['what JSON leaves out', { toJSON: () => undefined }, /metadata\.toJSON is a function/],
    ['undefined', { a: { b: undefined } }, /metadata\.a\.b is undefined/],
    ['a hole', { list: Object.assign([1], { 2: 3 }) }, /metadata\.list\[1\] is undefined/],
    ['NaN', { n: Number.NaN }, /metadata\.n is NaN/],
    ['a bigint', { n: 1n }, /metadata\.n is a bigint/],
    ['a map', { m: new Map() }, /metadata\.m is a Map/],
    ['a list', [], /must be an object/],
  ];
  for (const [name, metadata, says] of METADATA) {
    it(`R1.3 metadata with ${name} is refused at submit: it would not come back`, async () => {
      const window = await machine.open();
      const spec: LoopSpec = { prompt: 'work', metadata: wrong(metadata) };
      await assert.rejects(window.submit(spec), { code: 'invalid-loop', field: 'metadata', message: says });
      assert.deepEqual(machine.alive(), []);
    });
  }

  it('R1.3 metadata that contains itself is refused', async () => {
    const window = await machine.open();
    const metadata: { [key: string]: unknown } = {};
    metadata.self = metadata;
    await assert.rejects(window.submit({ prompt: 'work', metadata: wrong(metadata) }), { field: 'metadata' });
  });

  it('R1.3 what is taken for JSON comes back from it as it is', () => {
    const value = fc.anything({ withDate: true, withMap: true, withBigInt: true, withSparseArray: true, maxDepth: 4 });
    fc.assert(
      fc.property(fc.oneof(value, fc.jsonValue()), (any) => {
        const copy = copyOf(any);
        if (whyNotJson(copy, 'it') !== undefined) return;
        assert.deepEqual(JSON.parse(JSON.stringify(copy)), JSON.parse(JSON.stringify(any)));
        assert.equal(JSON.stringify(copy), JSON.stringify(JSON.parse(JSON.stringify(copy))));
      }),
    );
  });

  it('R1.3 a frozen copy is equal, and frozen to its last part', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const made = frozenCopy({ value });
        assert.deepEqual(made, { value });
        const isFrozen = (part: unknown): boolean =>
          typeof part !== 'object' || part === null || (Object.isFrozen(part) && Object.values(part).every(isFrozen));
        assert.ok(isFrozen(made));
      }),
    );
  });

  for (const cwd of ['relative', './project', '../up', '', 'C:relative'])
    it(`R1.3 a working directory of ${JSON.stringify(cwd)} is no absolute path`, async () => {
      const window = await machine.open();
      await assert.rejects(window.submit({ prompt: 'work', cwd }), { code: 'invalid-loop', field: 'cwd' });
    });

  for (const signal of ['kill', 'SIGkill', 'SIGNOTHING', '', 9, null, {}])
    it(`R7.3 ${JSON.stringify(signal)} is no signal, and is refused`, async () => {
      const window = await machine.open();
      await window.submit({ prompt: 'work', loopId: 'a' });
      await assert.rejects(window.killProcessGroup('a', wrong(signal)), { code: 'invalid-argument' });
      assert.deepEqual([(await window.get('a'))?.state, machine.launcher.of('a').signals], ['running', []]);
    });

  it('R7.3 knows signals by their full and their short names', () => {
    for (const name of ['SIGKILL', 'KILL', 'USR1', 'SIGUSR1', 'SIGCONT'])
      assert.ok(signalNamed(name)?.startsWith('SIG'));
  });

  it('R1.3 arguments of other kinds are refused as such by every call', async () => {
    const window = await machine.open();
    const calls = [
      () => window.get(wrong(undefined)),
      () => window.cancel(wrong(7)),
      () => window.retry(wrong(null)),
      () => window.killProcessGroup(wrong(undefined)),
      () => window.recordCost(wrong({}), 1),
      () => window.recordCost('a', 1, wrong(5)),
      () => window.shutdown(wrong('soon')),
    ];
    for (const call of calls) await assert.rejects(call(), { code: 'invalid-argument' });
    assert.equal(window.status().ready, true, 'it goes on');
  });

  it('R9.1 a submit after a finished shutdown is rejected, with its event', async () => {
    const window = await machine.open();
    await window.shutdown(100);
    await assert.rejects(window.submit({ prompt: 'work', loopId: 'late' }), { code: 'shutting-down' });
    assert.deepEqual(
      machine.eventsOf('loop:rejected').map(({ loopId, reason }) => [loopId, reason]),
      [['late', 'shutdown']],
    );
  });

  it('R9.6 a loop whose prompt is missing fails with that reason, and the others go on', async () => {
    const prompts: string[] = [];
    const plain = fakeProfile('sample');
    const plan: typeof plain.plan = (request) => {
      prompts.push(request.prompt);
      return plain.plan(request);
    };
    const window = await machine.open({ maxConcurrent: 1 }, { agents: fakeCatalog({ ...plain, plan }) });
    for (const loopId of ['a', 'b', 'c']) await window.submit({ prompt: `work of ${loopId}`, loopId });
    const { seq = 0 } = (await window.get('b'))?.loop ?? {};
    machine.sql(`DELETE FROM prompts WHERE seq = ${seq}`);
    machine.launcher.of('a').ok();
    await machine.soon();
    const { loop } = (await window.get('b')) ?? {};
    assert.deepEqual([loop?.state, loop?.lastError?.class], ['failed', 'spawn']);
    assert.match(loop?.lastError?.reason ?? '', /its prompt is missing/);
    assert.deepEqual([prompts, machine.alive()], [['work of a', 'work of c'], ['c']]);
  });

  it('R10.1 a status in the middle of a retry is of one moment', async () => {
    const seen: [string[], readonly string[]][] = [];
    const look = () => {
      const { running, permanentlyFailed } = window.status();
      seen.push([running.map(({ loopId }) => loopId), permanentlyFailed]);
    };
    const plain = fakeProfile('sample');
    let isLooking = false;
    const plan: typeof plain.plan = (request) => {
      if (isLooking) look();
      return plain.plan(request);
    };
    const restart = { maxRestarts: 0, windowMs: 1, maxTotal: 10 };
    const window = await machine.open({ restart }, { agents: fakeCatalog({ ...plain, plan }) });
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').fail();
    await machine.soon();
    isLooking = true;
    window.onDidChange(look);
    await window.retry('a');
    await machine.soon();
    for (const [running, failed] of seen)
      assert.deepEqual(
        running.filter((loopId) => failed.includes(loopId)),
        [],
      );
    assert.ok(seen.some(([running]) => running.includes('a')));
  });
});

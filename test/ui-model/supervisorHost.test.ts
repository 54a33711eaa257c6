import assert from 'node:assert/strict';
import { NotReadyError, StoreError } from '../../src/core/model/errors.ts';
import { Emitter, type SupervisorEvent } from '../../src/core/model/event.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { type OpenedSupervisor, SupervisorHost } from '../../src/ui/window/supervisorHost.ts';
import { FakeClock } from '../support/fakeClock.ts';
import { until } from '../support/until.ts';
import { NOW, statusWith } from './support/views.ts';

/** What the host needs of a supervisor, with what was asked of it. */
function fakeSupervisor(start = async () => {}) {
  const calls: string[] = [];
  const fail = (error: unknown) => assert.fail(String(error));
  const events = new Emitter<SupervisorEvent>(fail);
  const changes = new Emitter<void>(fail);
  const trouble = new Emitter<Error | undefined>(fail);
  const supervisor = {
    onEvent: events.event,
    onDidChange: changes.event,
    status: () => statusWith({ queueMax: 7 }),
    submit: async ({ loopId = 'made' }) => ({ loopId, queued: false, position: 0 }),
    configure: () => void calls.push('configure'),
    start,
    release: async () => void calls.push('release'),
  } as unknown as Supervisor;
  const opened: OpenedSupervisor = { supervisor, onTrouble: trouble.event, close: () => void calls.push('close') };
  return { supervisor, opened, calls, events, changes, trouble };
}

describe('SupervisorHost', () => {
  let trusted: boolean;
  let open: () => OpenedSupervisor;
  let host: SupervisorHost;
  let clock: FakeClock;
  let logged: string[];
  let told: SupervisorEvent[];

  beforeEach(() => {
    trusted = true;
    told = [];
    logged = [];
    clock = new FakeClock(NOW);
    open = () => assert.fail('Nothing was to be opened.');
    host = new SupervisorHost({
      isTrusted: () => trusted,
      open: async () => open(),
      settings: () => DEFAULT_SETTINGS,
      clock,
      log: (message) => void logged.push(message),
    });
    host.onEvent((event) => told.push(event));
  });

  it('opens nothing by itself, and is not ready until it is told to open', async () => {
    assert.equal(host.status().ready, false);
    await assert.rejects(host.ready(), NotReadyError);
  });

  it('lets callers wait while it opens', async () => {
    const gate = Promise.withResolvers<void>();
    const start = () => gate.promise;
    const { opened, supervisor, calls } = fakeSupervisor(start);
    open = () => opened;
    host.tell(() => assert.fail('There is nobody to tell.'));
    void host.open();
    await until('the start', () => {
      host.tell((made) => made.configure(DEFAULT_SETTINGS));
      return calls.includes('configure');
    });
    const submitted = host.submit({ prompt: 'p', loopId: 'a' });
    assert.equal(host.status().ready, false);
    assert.match(host.status().notReady ?? '', /still opening/);
    gate.resolve();
    assert.deepEqual(await submitted, { loopId: 'a', queued: false, position: 0 });
    assert.equal(host.current, supervisor);
    assert.deepEqual([host.status().ready, host.status().queueMax], [true, 7]);
  });

  it('R1.2 opens nothing in an untrusted workspace, says so by error and event, and opens when trust is granted', async () => {
    trusted = false;
    await assert.rejects(host.open(), NotReadyError);
    await assert.rejects(host.submit({ prompt: 'p', loopId: 'a' }), { code: 'not-ready', message: /untrusted/ });
    assert.deepEqual(
      told.map(({ type, ...event }) => [type, 'loopId' in event && event.loopId, 'reason' in event && event.reason]),
      [['loop:rejected', 'a', 'not-ready']],
    );
    trusted = true;
    open = () => fakeSupervisor().opened;
    await host.open();
    assert.equal(host.status().ready, true);
  });

  it('R1.2 says why the store could not be opened, keeps the cause, and tries again when asked', async () => {
    const cause = new StoreError('newer', 'The store is of a newer version. Reload the window.');
    open = () => {
      throw cause;
    };
    await assert.rejects(
      host.open(),
      (error: Error) => error instanceof NotReadyError && error.message === cause.message && error.cause === cause,
    );
    assert.equal(host.status().notReady, cause.message);
    await assert.rejects(host.ready(), NotReadyError);
    open = () => fakeSupervisor().opened;
    await host.open();
    assert.equal(host.notReady, undefined);
  });

  it('reopens by itself when the disk can be written again, and reports that once meanwhile', async () => {
    open = () => {
      throw new StoreError('disk', 'The disk is full.');
    };
    await assert.rejects(host.open(), NotReadyError);
    const messages = new Set<string | undefined>();
    host.onDidChangeState(() => messages.add(host.notReady));
    await clock.advance(20_000);
    assert.deepEqual([[...messages], logged.length], [['The disk is full.'], 1]);
    await assert.rejects(host.submit({ prompt: 'p' }), NotReadyError);
    open = () => fakeSupervisor().opened;
    await clock.advance(5_000);
    assert.equal(host.notReady, undefined);
  });

  it('opens nothing once it is closed, even after a full disk', async () => {
    open = () => {
      throw new StoreError('disk', 'The disk is full.');
    };
    await assert.rejects(host.open(), NotReadyError);
    await host.close();
    open = () => assert.fail('It is closed.');
    await clock.advance(20_000);
    assert.equal(host.state.kind, 'closed');
  });

  it('closes the store if the supervisor does not start', async () => {
    const { opened, calls } = fakeSupervisor(() => Promise.reject(new StoreError('locked', 'The store is locked.')));
    open = () => opened;
    await assert.rejects(host.open(), { code: 'not-ready', message: 'The store is locked.' });
    assert.deepEqual(calls, ['release', 'close']);
  });

  it('opens once, however many ask at once', async () => {
    let opens = 0;
    open = () => {
      opens++;
      return fakeSupervisor().opened;
    };
    await Promise.all([host.open(), host.open(), host.ready()]);
    await host.open();
    assert.equal(opens, 1);
  });

  it('is not ready while the store is in trouble, and opens again on demand after releasing the old one', async () => {
    const first = fakeSupervisor();
    open = () => first.opened;
    await host.open();
    first.trouble.fire(new StoreError('replaced', 'The database was removed.'));
    assert.deepEqual([host.status().ready, host.status().notReady], [false, 'The database was removed.']);
    const second = fakeSupervisor();
    open = () => second.opened;
    await host.open();
    assert.deepEqual(first.calls, ['release', 'close']);
    assert.equal(host.current, second.supervisor);
    first.events.fire({ type: 'loop:cancelled', at: NOW, host: 'w1', loopId: 'late' });
    assert.deepEqual(told, []);
  });

  it('is ready again when the trouble is over', async () => {
    const { opened, trouble } = fakeSupervisor();
    open = () => opened;
    await host.open();
    trouble.fire(new Error('locked'));
    trouble.fire(undefined);
    assert.equal(host.status().ready, true);
  });

  it('R9.2 releases the supervisor and closes its store when it is closed, once and for all', async () => {
    const { opened, calls } = fakeSupervisor();
    open = () => opened;
    await host.open();
    await host.close();
    await host.close();
    assert.deepEqual(calls, ['release', 'close']);
    await assert.rejects(host.open(), NotReadyError);
    await assert.rejects(host.submit({ prompt: 'p' }), NotReadyError);
  });

  it('closes a store that opened too late', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const start = () => {
      begun.resolve();
      return gate.promise;
    };
    const { opened, calls } = fakeSupervisor(start);
    open = () => opened;
    const opening = host.open();
    await begun.promise;
    const closing = host.close();
    gate.resolve();
    await assert.rejects(opening, NotReadyError);
    await closing;
    assert.deepEqual(calls, ['release', 'close']);
    assert.equal(host.current, undefined);
  });

  it('names the trouble of the store that it waits for', async () => {
    const gate = Promise.withResolvers<void>();
    const { opened, trouble, calls } = fakeSupervisor(() => gate.promise);
    open = () => opened;
    const opening = host.open();
    await until('the start', () => {
      host.tell((made) => made.configure(DEFAULT_SETTINGS));
      return calls.includes('configure');
    });
    trouble.fire(new StoreError('locked', 'Another program holds the store.'));
    assert.deepEqual([host.state.kind, host.status().notReady], ['opening', 'Another program holds the store.']);
    trouble.fire(undefined);
    assert.match(host.notReady ?? '', /still opening/);
    gate.resolve();
    await opening;
    assert.equal(host.notReady, undefined);
  });

  it('closes even while the start waits for a locked store', async () => {
    const start = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const { opened, calls, trouble } = fakeSupervisor(() => {
      begun.resolve();
      return start.promise;
    });
    const close = () => {
      opened.close();
      start.reject(new StoreError('broken', 'The database was closed.'));
    };
    open = () => ({ ...opened, close });
    const opening = assert.rejects(host.open(), NotReadyError);
    await begun.promise;
    await host.close();
    trouble.fire(new StoreError('locked', 'Another program holds the store.'));
    await opening;
    assert.deepEqual([calls, host.state.kind], [['release', 'close'], 'closed']);
  });

  it('R10.2 H1 what the first transaction tells reaches who listened before it opened', async () => {
    const fake = fakeSupervisor(async () =>
      fake.events.fire({ type: 'budget:warning', at: NOW, host: 'w1', spentUsd: 18, limitUsd: 20 }),
    );
    open = () => fake.opened;
    await host.open();
    assert.deepEqual(
      told.map(({ type }) => type),
      ['budget:warning'],
    );
  });

  it('hands on events and changes, and R9.3 goes on when a listener throws', async () => {
    const { opened, events, changes } = fakeSupervisor();
    open = () => opened;
    await host.open();
    let changed = 0;
    host.onDidChange(() => {
      throw new Error('a bad listener');
    });
    host.onDidChange(() => changed++);
    changes.fire();
    events.fire({ type: 'loop:cancelled', at: NOW, host: 'w1', loopId: 'a' });
    assert.equal(changed, 1);
    assert.deepEqual(
      told.map(({ type }) => type),
      ['loop:cancelled'],
    );
  });
});

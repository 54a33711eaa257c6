import assert from 'node:assert/strict';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentReader } from '../../src/core/model/agentEvent.ts';
import { until } from '../support/until.ts';
import { lineReader, lives, RunHarness, type Told } from './support/runHarness.ts';

/** Writes a numbered line every 5 ms, each in two pieces, until a file "enough" is there. */
const COUNTER = 'i=0; while [ ! -e enough ]; do i=$((i+1)); printf "line "; sleep 0.005; echo $i; done; exit 4';

describe('Runs that outlive their window', () => {
  let harness: RunHarness;

  beforeEach(async () => {
    harness = await RunHarness.create();
  });

  afterEach(() => harness.dispose());

  /** Where a window would go on: after the last output that it was told. */
  function bookmark(told: Told): { readOffset: number; state: unknown } {
    const last = told.outputs.at(-1);
    return { readOffset: last?.to ?? 0, state: last?.readerState ?? 0 };
  }

  it('R9.2 a run goes on over reloads: its output without a gap or a repeat, the same process, its true start', async () => {
    const first = harness.launch('/bin/sh', ['-c', COUNTER]);
    const windows = [first.told];
    const started = await first.told.whenStarted;
    for (let reloads = 0; reloads < 3; reloads += 1) {
      const before = windows.at(-1) as Told;
      await until('some lines', () => before.texts.length > 5);
      harness.reload();
      const { readOffset, state } = bookmark(before);
      const { told } = harness.adopt(first.token, { readOffset, reader: lineReader(state) });
      windows.push(told);
      assert.deepEqual(await told.whenStarted, started);
      assert.ok(lives(started.leader.pid));
    }
    writeFileSync(join(harness.cwd, 'enough'), '');
    const last = windows.at(-1) as Told;
    const end = await last.whenEnded;
    assert.deepEqual(end.exit, { exitCode: 4 });
    const texts = windows.flatMap((told) => told.texts);
    assert.deepEqual(
      texts,
      texts.map((_, index) => `line ${index + 1}`),
    );
    assert.equal(end.last.readerState, texts.length);
    assert.equal(end.last.to, readFileSync(first.files.stdout).length);
    for (const told of windows.slice(0, -1)) assert.equal(told.end, undefined, 'who let go hears nothing more');
  });

  it('R9.2 a run that ended with no window open is reported with its true end, exit code and output', async () => {
    const { told, token, files } = harness.launch('/bin/sh', [
      '-c',
      'echo one; sleep 0.3; echo two; echo bad >&2; exit 9',
    ]);
    await told.whenStarted;
    harness.launcher.dispose();
    const ended = await until('its end', () => JSON.parse(readFileSync(files.ended, 'utf8')) as { at: number });
    const { readOffset, state } = bookmark(told);
    harness.launcher = harness.newLauncher();
    const adopted = harness.adopt(token, { readOffset, reader: lineReader(state) });
    const end = await adopted.told.whenEnded;
    assert.deepEqual([end.kind, end.exit, end.at, end.errorLine], ['exited', { exitCode: 9 }, ended.at, 'bad']);
    assert.deepEqual([...told.texts, ...adopted.told.texts], ['one', 'two']);
    assert.deepEqual(
      adopted.told.calls.filter((call) => call !== 'output'),
      ['started', 'ended'],
    );
  });

  it('R9.2 what is read of a run long after its end is reported with the time at which it was written', async () => {
    const { told, token, files } = harness.launch('/bin/echo', ['a']);
    const { at } = await told.whenEnded;
    harness.reload();
    const written = new Date(2026, 1, 3);
    utimesSync(files.stdout, written, written);
    const times: (number | undefined)[] = [];
    const reader: AgentReader = {
      line: (_, writtenAt) => {
        times.push(writtenAt);
        return [];
      },
      end: (_exit, _errors, _report, endedAt) => {
        times.push(endedAt);
        return [];
      },
      state: () => null,
    };
    await harness.adopt(token, { reader }).told.whenEnded;
    assert.deepEqual(times, [written.getTime(), at]);
  });

  it('R9.2 an adopted run can be signalled, stopped and killed', async () => {
    const stopped = harness.launch('/bin/sleep', ['1000']);
    const killed = harness.launch('/bin/sleep', ['1000']);
    await Promise.all([stopped.told.whenStarted, killed.told.whenStarted]);
    harness.reload();
    const [toStop, toKill] = [harness.adopt(stopped.token), harness.adopt(killed.token)];
    // As a window does that finds a stop recorded: at once.
    toStop.run.stop('user', 5_000);
    const end = await toStop.told.whenEnded;
    assert.deepEqual([end.exit, end.stoppedBy], [{ signal: 'SIGTERM' }, 'user']);
    await toKill.told.whenStarted;
    assert.equal(await toKill.run.signal('SIGKILL', 'user'), true);
    assert.deepEqual((await toKill.told.whenEnded).exit, { signal: 'SIGKILL' });
  });

  it('a window that does not follow a run can give it orders', async () => {
    const { told, token } = harness.launch('/bin/sleep', ['1000']);
    await told.whenStarted;
    const other = harness.newLauncher();
    const control = other.control(token);
    assert.equal(await control.signal('SIGCONT', undefined), true);
    control.stop('user', 5_000);
    assert.equal((await told.whenEnded).stoppedBy, 'user');
    assert.equal(await control.signal('SIGKILL', 'user'), false);
    other.dispose();
  });

  it('a run that was let go before it was started is void for the next window', async () => {
    const { token, told } = harness.launch('/bin/sleep', ['1000']);
    harness.reload();
    const adopted = await harness.adopt(token).told.whenEnded;
    assert.equal(adopted.kind, 'void');
    assert.deepEqual([told.calls, harness.processesOf(token)], [[], []]);
  });

  it('a window that leaves can have its run stopped after a while; one with its folder open takes that back, another does not', async () => {
    const stays = harness.launch('/bin/sleep', ['1000']);
    const goes = harness.launch('/bin/sleep', ['1000']);
    await Promise.all([stays.told.whenStarted, goes.told.whenStarted]);
    for (const { run } of [stays, goes]) run.leave(800);
    harness.reload();
    const adopted = harness.adopt(stays.token, {}, true);
    const watched = harness.adopt(goes.token, {}, false);
    assert.equal((await watched.told.whenEnded).stoppedBy, 'unattended');
    // Both were told to go at the same moment, and the one has gone.
    await until('the other one to be asked', () => adopted.run.signal('SIGCONT', undefined));
    assert.equal(adopted.told.end, undefined);
    adopted.run.leave(undefined);
    adopted.run.stop('user', 200);
    await adopted.told.whenEnded;
  });

  it('R9.2 disposing ends no run, and can be done twice', async () => {
    const { told } = harness.launch('/bin/sleep', ['1000']);
    const { leader } = await told.whenStarted;
    harness.launcher.dispose();
    harness.launcher.dispose();
    assert.ok(lives(leader.pid));
  });
});

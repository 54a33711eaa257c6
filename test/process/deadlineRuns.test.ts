import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../src/core/ports/clock.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { keepWindowFile, RENEW_MS } from '../../src/process/runFolder/windowFile.ts';
import { createTable } from '../../src/process/tables/platformTable.ts';
import { createInspector } from '../../src/process/tables/processInspector.ts';
import { seen } from '../support/seen.ts';
import { until } from '../support/until.ts';
import { RunHarness } from './support/runHarness.ts';

describe('Deadlines of runs', () => {
  let harness: RunHarness;

  beforeEach(async () => {
    harness = await RunHarness.create();
  });

  afterEach(() => harness.dispose());

  it('warns of a run that says nothing at first, and takes that back when it speaks', async () => {
    const { told } = harness.launch(
      '/bin/sh',
      ['-c', 'while [ ! -e speak ]; do sleep 0.02; done; echo hello; sleep 1000'],
      {
        limits: { firstOutputMs: 300 },
      },
    );
    await until('the warning', () => told.silences.length === 1);
    assert.equal(told.silences[0]?.kind, 'first-output');
    assert.ok((told.silences[0]?.forMs ?? 0) >= 300);
    writeFileSync(join(harness.cwd, 'speak'), '');
    await until('the warning to be taken back', () => told.silences.length === 2);
    assert.equal(told.silences[1], undefined);
    assert.equal(told.end, undefined);
  });

  it('warns of a run that falls silent; Keep Waiting begins anew', async () => {
    const { told, run } = harness.launch('/bin/sh', ['-c', 'echo hello; sleep 1000'], {
      limits: { firstOutputMs: 60_000, silenceMs: 400 },
    });
    await until('the warning', () => told.silences.length === 1);
    assert.equal(told.silences[0]?.kind, 'silence');
    run.keepWaiting();
    await until('the warning to be taken back, and given again', () => told.silences.length === 3);
    assert.deepEqual(
      told.silences.map((silence) => silence?.kind),
      ['silence', undefined, 'silence'],
    );
  });

  it('a window that adopts a silent run hears of the silence', async () => {
    const { told, token } = harness.launch('/bin/sleep', ['1000'], { limits: { firstOutputMs: 100 } });
    await until('the warning', () => told.silences.length === 1);
    harness.reload();
    const adopted = harness.adopt(token);
    await until('the warning', () => adopted.told.silences.length === 1);
  });

  for (const [kind, limits, script] of [
    ['first output', { firstOutputMs: 300 }, 'sleep 1000'],
    ['silence', { silenceMs: 300 }, 'echo hello >&2; sleep 1000'],
  ] as const) {
    it(`stops a run that hangs (${kind}), if that is what is wanted`, async () => {
      const { told } = harness.launch('/bin/sh', ['-c', script], { limits: { ...limits, onSilence: 'restart' } });
      const end = await told.whenEnded;
      assert.equal(end.stoppedBy, 'hung');
      assert.deepEqual(told.silences, []);
    });
  }

  it('a run that speaks now and then is not silent', async () => {
    const { told } = harness.launch(
      '/bin/sh',
      ['-c', 'n=0; while [ $n -lt 24 ]; do n=$((n+1)); echo $n; sleep 0.25; done'],
      {
        limits: { silenceMs: 5_000, firstOutputMs: 60_000, onSilence: 'restart' },
      },
    );
    assert.equal((await told.whenEnded).stoppedBy, undefined);
  });

  describe('with no window alive', () => {
    let window: ChildProcess;

    beforeEach(async () => {
      // Stands for the only window: this test's own launcher must not count.
      window = spawn('/bin/sleep', ['1000'], { stdio: 'ignore' });
      const identity = seen(await createTable().find(window.pid as number))!;
      harness.launcher.dispose();
      harness.launcher = harness.newLauncher({ clock: { ...systemClock, after: afterAllButRenewal } });
      rmSync(harness.windowsFolder, { recursive: true, force: true });
      mkdirSync(harness.windowsFolder);
      writeFileSync(join(harness.windowsFolder, 'w1.json'), JSON.stringify(identity));
    });

    afterEach(() => {
      window.kill('SIGKILL');
    });

    it('R9.2 a run is stopped when the time without a window is up, and not while one lives', async () => {
      const { told } = harness.launch('/bin/sleep', ['1000'], { limits: { unattendedGraceMs: 400 } });
      const ended = new Promise<number>((resolve) => window.once('exit', () => resolve(performance.now())));
      const { leader } = await told.whenStarted;
      // Longer than the time without a window, by the agent's own clock.
      await until(
        'twice the time',
        async () => (seen(await createTable().find(leader.pid))?.started ?? 0) + 80 < Number(uptimeTicks()),
      );
      assert.equal(told.end, undefined);
      window.kill('SIGKILL');
      const at = await ended;
      assert.equal((await told.whenEnded).stoppedBy, 'unattended');
      assert.ok(performance.now() - at >= 390);
    });

    it('R9.2 without a limit a run goes on', async () => {
      window.kill('SIGKILL');
      const { told, run } = harness.launch('/bin/sh', ['-c', 'sleep 1.2; echo done'], {
        limits: { unattendedGraceMs: 0 },
      });
      assert.equal((await told.whenEnded).stoppedBy, undefined);
      run.release();
    });
  });

  it('a launcher says that its window lives until it is disposed; what crashed windows left is cleared away', async () => {
    const inspector = createInspector();
    const gone = spawn('/bin/sleep', ['1000'], { stdio: 'ignore' });
    const identity = seen(await createTable().find(gone.pid as number))!;
    writeFileSync(join(harness.windowsFolder, 'gone.json'), JSON.stringify(identity));
    writeFileSync(join(harness.windowsFolder, 'strange.json'), '{');
    gone.kill('SIGKILL');
    await until('its end', () => inspector.look(identity).state === 'gone');
    const own = readdirSync(harness.windowsFolder).find((name) => name.startsWith('host-'))!;
    const another = keepWindowFile({
      windowsFolder: harness.windowsFolder,
      windowId: 'another',
      ...{ inspector, clock: systemClock, log: () => undefined },
    });
    assert.deepEqual(readdirSync(harness.windowsFolder).sort(), ['another.json', own, 'strange.json']);
    another.dispose();
    another.dispose();
    harness.launcher.dispose();
    assert.deepEqual(readdirSync(harness.windowsFolder), ['strange.json']);
  });
});

/** A window that never says again that it lives. */
const afterAllButRenewal: Clock['after'] = (ms, work) =>
  ms === RENEW_MS ? { dispose: () => undefined } : systemClock.after(ms, work);

/** Clock ticks since boot, as start times are counted. */
function uptimeTicks(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 100;
}

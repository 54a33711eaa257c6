import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { AgentLogs } from '../../src/process/guardian/agentLogs.ts';
import { LogLimit, nextLookMs, slackOf } from '../../src/process/guardian/logLimit.ts';
import { readJson } from '../../src/process/runFolder/atomicFile.ts';
import { lookAtStarted } from '../../src/process/runFolder/recordSchemas.ts';
import type { CutRecord } from '../../src/process/runFolder/records.ts';
import { running } from '../support/host/processes.ts';
import { seen } from '../support/seen.ts';
import { until } from '../support/until.ts';
import { kill, type Launched, type LaunchOptions, lives, program, RunHarness } from './support/runHarness.ts';

const MEBIBYTE = 1024 * 1024;
const LIMIT = 20 * MEBIBYTE;
/** The flood counts a piece only after it was written: frozen in between, it knows of one piece less than its log. */
const PIECE = MEBIBYTE;
/** R8.3 on any machine, however fast its disk or busy its cores. */
const MOST = LIMIT + 64 * MEBIBYTE;

describe('The pace at which logs are looked at', () => {
  it('R8.3 no writer passes the limit by more than half of the slack between two looks', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 16 * 1024 * MEBIBYTE }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 30 * MEBIBYTE }),
        (limit, share, rate) => {
          const bytes = Math.floor(limit * share);
          const wait = nextLookMs(limit, bytes, rate);
          assert.ok(wait >= 1 && wait <= 1_000);
          assert.ok(bytes + wait * rate <= limit + slackOf(limit) / 2, `${bytes} + ${wait} ms at ${rate}`);
        },
      ),
    );
  });

  it('R8.3 the slack is 64 MiB, or a tenth of a limit that is large', () => {
    assert.deepEqual(
      [1, 640, 641, 10_000].map((limit) => slackOf(limit * MEBIBYTE) / MEBIBYTE),
      [64, 64, 64.1, 1_000],
    );
  });

  it('R8.3 sleeps while nothing is written, and reports once that the limit was passed', () => {
    const events: string[] = [];
    let bytes = 0;
    let write: () => void = () => undefined;
    const logs = {
      bytes: () => bytes,
      cutTo: (most: number) => {
        bytes = Math.min(bytes, most);
      },
      watch: (onWrite: () => void) => {
        events.push('watch');
        write = onWrite;
        return () => events.push('unwatch');
      },
    };
    const onPassed = () => events.push('passed');
    const limit = new LogLimit({ logs, maxBytes: 1_000, onPassed, onCut: (before) => events.push(`cut ${before}`) });
    limit.look();
    assert.deepEqual(events.splice(0), ['watch']);
    bytes = 900;
    write();
    assert.deepEqual(events.splice(0), ['unwatch']);
    limit.look();
    assert.deepEqual(events.splice(0), ['watch']);
    bytes = 1_001;
    write();
    limit.look();
    assert.deepEqual(events.splice(0), ['passed', 'unwatch', 'watch']);
    bytes = 40 * MEBIBYTE;
    write();
    assert.deepEqual([events.splice(0), bytes], [[`cut ${40 * MEBIBYTE}`, 'unwatch'], 1_000]);
    bytes = 2_000;
    limit.close();
    limit.look();
    assert.deepEqual([events, bytes], [['cut 2000'], 1_000]);
  });
});

describe('The logs of an agent', () => {
  it('R8.3 are cut so that the longer one loses the most', () => {
    const folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-logs-'));
    const paths = [join(folder, 'stdout'), join(folder, 'stderr')] as const;
    try {
      const lengths = [
        [
          [100, 10],
          [90, 10],
        ],
        [
          [10, 100],
          [10, 90],
        ],
        [
          [100, 100],
          [50, 50],
        ],
        [
          [60, 100],
          [50, 50],
        ],
        [
          [101, 0],
          [100, 0],
        ],
        [
          [40, 60],
          [40, 60],
        ],
      ] as const;
      for (const [before, after] of lengths) {
        for (const [at, path] of paths.entries()) writeFileSync(path, 'x'.repeat(before[at] as number));
        const logs = new AgentLogs(...paths);
        logs.cutTo(100);
        assert.deepEqual(
          paths.map((path) => statSync(path).size),
          after,
        );
        assert.equal(logs.bytes(), after[0] + after[1]);
        logs.close();
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('The log limit against a flood', () => {
  let harness: RunHarness;

  beforeEach(async () => {
    harness = await RunHarness.create();
  });

  afterEach(() => harness.dispose());

  const counter = () => join(harness.cwd, 'count');
  const written = () => (existsSync(counter()) ? Number(readFileSync(counter(), 'utf8')) : 0);
  const isFlooding = () => running(counter()).length > 0;
  const flood = () => `"${process.execPath}" "${program('flood.mjs')}" 20000 "${counter()}"`;
  // Node forgets that a signal is ignored. A process that was asked to end is not asked again, though.
  const floodOnceAsked = (first: string) =>
    `trap 'touch asked' TERM; ${first}; while [ ! -e asked ]; do sleep 0.02; done; exec ${flood()}`;

  function launch(script: string, options: LaunchOptions = {}): Launched {
    const { limits, ...others } = options;
    return harness.launch('/bin/sh', ['-c', script], {
      ...others,
      limits: { maxLogBytes: LIMIT, ...limits },
      needsReading: false,
    });
  }

  /** Whoever flooded was stopped in time, and the logs were cut back to the limit. */
  function assertBounded({ files, token }: Launched): void {
    assert.ok(written() + PIECE > LIMIT, `the limit was passed: ${written()} bytes`);
    assert.ok(written() <= MOST, `${written() / MEBIBYTE} MiB were written`);
    assert.ok(harness.launcher.logBytes(token) <= LIMIT);
    assert.ok((readJson(files.cut) as CutRecord).bytes > LIMIT);
    assert.deepEqual(harness.processesOf(token), []);
  }

  it('R8.3 an agent that passes the limit is stopped at once, not far beyond it', async () => {
    const run = launch(`echo begin; exec ${flood()}`);
    assert.equal((await run.told.whenEnded).stoppedBy, 'output-limit');
    assertBounded(run);
  });

  it('R8.3 a flood after a long silence is seen as soon', async () => {
    const run = launch(`echo begin; while [ ! -e go ]; do sleep 0.02; done; exec ${flood()}`);
    await until('its guardian to sleep until something is written', () =>
      isWatching(seen(lookAtStarted(run.files))?.guardian.pid),
    );
    writeFileSync(join(harness.cwd, 'go'), '');
    assert.equal((await run.told.whenEnded).stoppedBy, 'output-limit');
    assertBounded(run);
  });

  it('R8.3 an agent that does not listen to SIGTERM gets no grace period, and is never woken', async () => {
    const run = launch(`trap 'echo heard > heard' TERM CONT; ${flood()} & while :; do wait; done`, {
      limits: { graceMs: 60_000 },
    });
    const end = await run.told.whenEnded;
    assert.deepEqual([end.stoppedBy, end.exit], ['output-limit', { signal: 'SIGKILL' }]);
    assert.equal(existsSync(join(harness.cwd, 'heard')), false);
    assertBounded(run);
  });

  it('R8.3 a flood that begins during a stop ends the grace period', async () => {
    const run = launch(`trap '${flood().replaceAll("'", '')} &' TERM; echo up; while :; do sleep 0.02; done`, {
      limits: { graceMs: 60_000 },
    });
    await until('it to listen', () => harness.launcher.logBytes(run.token) > 0);
    run.run.stop('user', 60_000);
    assert.equal((await run.told.whenEnded).stoppedBy, 'user');
    assertBounded(run);
  });

  it('R8.3 a flood by a process that its agent left behind ends the grace period of the sweep', async () => {
    const run = launch(`(${floodOnceAsked('touch up')}) & while [ ! -e up ]; do sleep 0.02; done`, {
      limits: { graceMs: 60_000 },
    });
    const end = await run.told.whenEnded;
    assert.deepEqual([end.exit, end.stoppedBy], [{ exitCode: 0 }, undefined]);
    assertBounded(run);
  });

  it('R8.3 what was kept is held to the limit as long as it writes, and its guardian goes with it', async () => {
    const go = join(harness.cwd, 'go');
    const run = launch(
      `LOOP_SUPERVISOR_KEEP=1 sh -c 'touch up; while [ ! -e go ]; do sleep 0.02; done; exec ${flood()}' & \
       while [ ! -e up ]; do sleep 0.02; done`,
    );
    const end = await run.told.whenEnded;
    assert.deepEqual([end.exit, end.stoppedBy, end.kept.length > 0], [{ exitCode: 0 }, undefined, true]);
    const guardian = seen(lookAtStarted(run.files))?.guardian.pid ?? 0;
    await until('its guardian to sleep until something is written', () => isWatching(guardian));
    writeFileSync(go, '');
    await until('the end of both', () => harness.processesOf(run.token).length === 0 && !lives(guardian));
    assertBounded(run);
  });

  it('R8.3 a guardian that watches over what was kept lets go when it is asked to', async () => {
    const run = launch(
      `LOOP_SUPERVISOR_KEEP=1 sh -c 'touch up; exec sleep 1001' & while [ ! -e up ]; do sleep 0.02; done`,
    );
    const { kept } = await run.told.whenEnded;
    const guardian = seen(lookAtStarted(run.files))?.guardian.pid ?? 0;
    await until('its guardian to sleep until something is written', () => isWatching(guardian));
    process.kill(guardian, 'SIGTERM');
    await until('its end', () => !lives(guardian));
    assert.ok(kept[0] && lives(kept[0].pid), 'what was kept lives on');
  });

  it('R8.3 R7.4 without its guardian a flood ends the grace period of the sweep too', async () => {
    const run = launch(floodOnceAsked('echo up'));
    await until('it to listen', () => harness.launcher.logBytes(run.token) > 0);
    const { guardian } = await run.told.whenStarted;
    harness.launcher.dispose();
    kill(guardian?.pid as number);
    harness.launcher = harness.newLauncher();
    const adopted = harness.adopt(run.token, { graceMs: 60_000, needsReading: false });
    const end = await adopted.told.whenEnded;
    assert.equal(end.kind, 'lost');
    assert.ok(written() + PIECE > LIMIT, `the limit was passed: ${written()} bytes`);
    assert.ok(harness.launcher.logBytes(run.token) <= LIMIT);
    assert.deepEqual(harness.processesOf(run.token), []);
  });

  it('R8.3 a flood from a session of its own is found by the log that it holds open', async () => {
    const run = launch(`env -i setsid ${flood()} & while :; do sleep 0.02; done`);
    assert.equal((await run.told.whenEnded).stoppedBy, 'output-limit');
    assert.ok(harness.launcher.logBytes(run.token) <= LIMIT);
    assert.equal(isFlooding(), false);
  });
});

/** Whether a process has the system report writes to it. */
function isWatching(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  const folder = `/proc/${pid}/fdinfo`;
  return readdirSync(folder).some((fd) => readFileSync(join(folder, fd), 'utf8').includes('inotify wd:'));
}

import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { AgentReader } from '../../src/core/model/agentEvent.ts';
import { until } from '../support/until.ts';
import { lineReader, program, RunHarness } from './support/runHarness.ts';

describe('Output of runs', () => {
  let harness: RunHarness;

  beforeEach(async () => {
    harness = await RunHarness.create();
  });

  afterEach(() => harness.dispose());

  it('R8.1 standard output and standard error go to a file each, byte for byte', async () => {
    const { told, files } = harness.launch('/bin/sh', [
      '-c',
      "printf 'a\\0\\377b\\r\\n'; printf 'oops\\n' >&2; printf end",
    ]);
    const end = await told.whenEnded;
    assert.deepEqual(readFileSync(files.stdout), Buffer.from([97, 0, 255, 98, 13, 10, 101, 110, 100]));
    assert.equal(readFileSync(files.stderr, 'utf8'), 'oops\n');
    assert.equal(end.hadOutput, true);
    assert.equal(end.errorLine, 'oops');
    assert.equal(harness.launcher.logBytes(end.last.to > 0 ? files.folder.split('/').at(-1)! : ''), 14);
  });

  it('R8.2 NUL bytes, invalid UTF-8 and a last line without end do not break reading', async () => {
    const { told } = harness.launch('/bin/sh', ['-c', "printf 'a\\0b\\nc\\377d\\n\\n\\303\\274\\nlast'"]);
    const end = await told.whenEnded;
    assert.deepEqual(told.texts, ['a\0b', 'c\uFFFDd', '', 'ü', 'last']);
    assert.equal(end.last.to, 16);
    assert.deepEqual(
      end.last.events.map(({ type }) => type),
      ['text', 'end'],
    );
  });

  it('R8.2 a character that is split over two reads is not broken', async () => {
    const { told } = harness.launch('/bin/sh', [
      '-c',
      "printf '\\360\\237'; sleep 0.5; printf '\\230\\200 and on\\n'; sleep 0.4; echo end",
    ]);
    await told.whenEnded;
    assert.deepEqual(told.texts, ['😀 and on', 'end']);
  });

  it('tells output in order, each piece from where the last one ended, up to the end of a line, and before the end', async () => {
    const { told, files } = harness.launch(
      '/bin/sh',
      ['-c', 'for i in 1 2 3 4 5 6; do echo "line $i"; printf "begun "; sleep 0.15; done'],
      {
        reader: lineReader(),
      },
    );
    await told.whenEnded;
    const log = readFileSync(files.stdout);
    let at = 0;
    for (const { from, to } of told.outputs) {
      assert.equal(from, at);
      assert.ok(to >= from);
      at = to;
      if (to < log.length) assert.equal(log[to - 1], 10);
    }
    assert.equal(at, log.length);
    assert.ok(told.outputs.length > 2, 'it was read while it ran');
    assert.deepEqual(told.texts, ['line 1', ...[2, 3, 4, 5, 6].map((i) => `begun line ${i}`), 'begun ']);
    assert.deepEqual([told.calls[0], told.calls.at(-1)], ['started', 'ended']);
    assert.equal(told.end?.last.readerState, 7);
  });

  it('a run that is over at once is reported as started before it is reported as ended', async () => {
    const runs = Array.from({ length: 8 }, () => harness.launch('/bin/true'));
    for (const { told } of runs) {
      await told.whenEnded;
      assert.deepEqual(told.calls, ['started', 'ended']);
    }
  });

  it('R8.1 output that nobody needs is not read', async () => {
    let lines = 0;
    const reader: AgentReader = {
      line: () => {
        lines += 1;
        return [];
      },
      end: () => [{ type: 'end', ok: true }],
      state: () => null,
    };
    const { told } = harness.launch('/bin/sh', ['-c', 'echo one; echo two'], { needsReading: false, reader });
    const end = await told.whenEnded;
    assert.equal(lines, 0);
    assert.deepEqual(end.last, { from: 0, to: 8, events: [{ type: 'end', ok: true }], readerState: null });
  });

  it('R8.1 the memory of the window does not grow with the output, nor does it stall', async () => {
    const reader = { line: () => [], end: () => [], state: () => null };
    const before = process.memoryUsage().rss;
    let turn = 0;
    let turning = true;
    const count = () => {
      turn += 1;
      if (turning) setImmediate(count);
    };
    count();
    const { told } = harness.launch(process.execPath, [program('flood.mjs'), '200'], { reader });
    // However slow the machine is: after so much output at most, others have their turn.
    const byTurn = new Map<number, number>();
    told.output = ({ from, to }) => void byTurn.set(turn, (byTurn.get(turn) ?? 0) + to - from);
    const end = await told.whenEnded;
    turning = false;
    assert.ok(end.last.to >= 200 * 1024 * 1024);
    const grown = (process.memoryUsage().rss - before) / 1024 / 1024;
    assert.ok(grown < 60, `${grown} MiB`);
    assert.ok(byTurn.size > 100, `${byTurn.size} turns`);
    const most = Math.max(...byTurn.values());
    assert.ok(most <= 1024 * 1024, `${most} bytes in one turn`);
  });

  it('R8.2 a line of 50 MB is read, cut', async () => {
    const script =
      'process.stdout.write(JSON.stringify({type:"x",text:"a".repeat(50e6),cost:7})+"\\n"+"b".repeat(3e6)+"\\nend\\n")';
    const { told } = harness.launch(process.execPath, ['-e', script]);
    await told.whenEnded;
    assert.equal(told.texts.length, 3);
    const cut = JSON.parse(told.texts[0] as string) as { text: string; cost: number };
    assert.equal(cut.cost, 7);
    assert.ok(cut.text.startsWith('aaa') && cut.text.endsWith('…') && cut.text.length < 40_000);
    assert.equal(told.texts[1]?.length, 1024 * 1024);
    assert.equal(told.texts[2], 'end');
  });

  it('the last line of standard error is reported without escapes and control characters', async () => {
    const { told } = harness.launch('/bin/sh', [
      '-c',
      "printf 'first\\n\\033[31mred\\033[0m \\033]8;;http://x\\007link\\007\\n  \\n' >&2",
    ]);
    assert.equal((await told.whenEnded).errorLine, 'red link');
  });

  it('a reader that throws loses its line and nothing else', async () => {
    const reader = lineReader();
    const line = reader.line.bind(reader);
    reader.line = (text) => {
      if (text === 'bad') throw new Error('no such line');
      return line(text);
    };
    const { told } = harness.launch('/bin/sh', ['-c', 'echo good; echo bad; echo good'], { reader });
    await told.whenEnded;
    assert.deepEqual(told.texts, ['good', 'good']);
    assert.ok(harness.logged.some((message) => message.includes('no such line')));
  });

  it('an observer that throws stops nothing', async () => {
    const { told } = harness.launch('/bin/sh', ['-c', 'echo one; sleep 0.4; echo two']);
    told.output = () => {
      throw new Error('no thanks');
    };
    const end = await told.whenEnded;
    assert.equal(end.exit.exitCode, 0);
    assert.ok(harness.logged.some((message) => message.includes('no thanks')));
  });

  it('a process that lives on and writes for ever does not hold up the end', async () => {
    const { told, files } = harness.launch('/bin/sh', [
      '-c',
      'LOOP_SUPERVISOR_KEEP=1 sh -c "touch up; while :; do echo on; sleep 0.01; done" & while [ ! -e up ]; do sleep 0.02; done; echo done',
    ]);
    const end = await told.whenEnded;
    // The shell lives until it is killed; the sleep of that moment may be gone already.
    const shell = end.kept.find(({ command }) => command.includes('while'));
    assert.ok(shell);
    process.kill(shell.pid, 'SIGKILL');
    await until('its end', () => harness.processesOf(tokenOf(files.folder)).length <= 1);
  });

  it('a run folder that is removed while it runs stops neither the run nor its end', async () => {
    const { told, run, token } = harness.launch('/bin/sleep', ['1000']);
    await told.whenStarted;
    await harness.launcher.removeRuns([token]);
    run.stop('user', 200);
    const end = await told.whenEnded;
    assert.deepEqual([end.kind, end.exit, end.stoppedBy], ['exited', { signal: 'SIGTERM' }, 'user']);
  });

  it('a run folder that cannot be looked at stops neither the run nor any other', async () => {
    const go = 'while [ ! -e "$0" ]; do sleep 0.02; done';
    const run = harness.launch('/bin/sh', ['-c', go, 'first']);
    const other = harness.launch('/bin/sh', ['-c', `${go}; echo heard; exec sleep 1000`, 'second']);
    await Promise.all([run.told.whenStarted, other.told.whenStarted]);
    renameSync(run.files.folder, join(harness.folder, 'away'));
    symlinkSync(run.files.folder, run.files.folder);
    writeFileSync(join(harness.cwd, 'second'), '');
    await until('the other to be heard', () => other.told.texts.includes('heard'));
    unlinkSync(run.files.folder);
    renameSync(join(harness.folder, 'away'), run.files.folder);
    writeFileSync(join(harness.cwd, 'first'), '');
    assert.equal((await run.told.whenEnded).kind, 'exited');
  });

  it('R8.3 has no space where the folder of runs cannot be used, and says so once, and once that it is over', () => {
    rmSync(harness.runsFolder, { recursive: true });
    writeFileSync(harness.runsFolder, '');
    assert.deepEqual([harness.launcher.freeBytes(), harness.launcher.freeBytes()], [0, 0]);
    assert.equal(harness.logged.length, 1);
    rmSync(harness.runsFolder);
    for (let times = 0; times < 2; times++) assert.ok(harness.launcher.freeBytes() > 0);
    assert.match(
      harness.logged.join('\n'),
      /^The folder of runs \S+ cannot be used; .*EEXIST.*\nThe folder of runs \S+ cannot be used: that is over\.$/,
    );
  });

  it('R9.4 knows the runs in which nothing was written for long', async () => {
    const { told, token, files } = harness.launch('/bin/echo', ['hello']);
    await told.whenEnded;
    const old = new Date(Date.now() - 3_600_000);
    assert.deepEqual(await harness.launcher.runsBefore(old.getTime() + 1), []);
    for (const path of [files.folder, files.stderr]) utimesSync(path, old, old);
    assert.deepEqual(await harness.launcher.runsBefore(old.getTime() + 1), [], 'its output is younger');
    utimesSync(files.stdout, old, old);
    mkdirSync(join(harness.runsFolder, 'not.of.ours'));
    utimesSync(join(harness.runsFolder, 'not.of.ours'), old, old);
    assert.deepEqual(await harness.launcher.runsBefore(old.getTime() + 1), [token]);
    assert.deepEqual(await harness.launcher.runsBefore(old.getTime() - 1), []);
  });

  it('R8.3 knows the free space of the disk, and removes runs', async () => {
    assert.ok(harness.launcher.freeBytes() > 1024 * 1024);
    const { told, token, files } = harness.launch('/bin/true');
    await told.whenEnded;
    appendFileSync(files.stdout, 'more');
    assert.equal(harness.launcher.logBytes(token), 4);
    await harness.launcher.removeRuns([token]);
    assert.equal(harness.launcher.logBytes(token), 0);
    await assert.rejects(harness.launcher.removeRuns(['../work']), /has no folder/);
    assert.throws(() => harness.launcher.logBytes('..'), /has no folder/);
  });
});

function tokenOf(folder: string): string {
  return folder.split('/').at(-1) as string;
}

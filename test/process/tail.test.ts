import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentReader, Json } from '../../src/core/model/agentEvent.ts';
import type { RunOutput } from '../../src/core/ports/launcher.ts';
import { Pump } from '../../src/process/follow/pump.ts';
import { Tail } from '../../src/process/follow/tail.ts';
import { until } from '../support/until.ts';

/** Each line is a cost; its state is how many lines it has seen. */
function costReader(state: unknown = 0): AgentReader {
  let lines = Number(state);
  return {
    line: (text) => {
      lines += 1;
      const cost = Number(text);
      return Number.isInteger(cost) && text !== '' ? [{ type: 'cost', cost, source: 'reported' }] : [];
    },
    end: () => [{ type: 'cost', cost: 1, source: 'estimated' }],
    state: () => lines,
  };
}

describe('A log that somebody changes (R8.1)', () => {
  let folder: string;
  let path: string;
  const errors: string[] = [];
  const outputs: RunOutput[] = [];
  const pump = new Pump((message, error) => assert.fail(`${message} ${error}`));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-tail-'));
    path = join(folder, 'stdout.log');
    writeFileSync(path, '');
    errors.length = 0;
    outputs.length = 0;
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function follow(before?: { readonly from: number; readonly position?: Json; readonly state: Json }): Tail {
    return new Tail({
      path,
      reader: costReader(before?.state),
      freshReader: () => costReader(),
      from: before?.from ?? 0,
      position: before?.position,
      onOutput: (output) => outputs.push(output),
      onError: (message, error) => errors.push(`${message} ${(error as Error).message}`),
    });
  }

  /** What a window that follows later is given. */
  function stored(): { readonly from: number; readonly position?: Json; readonly state: Json } {
    const last = outputs.at(-1) as RunOutput;
    return { from: last.to, state: last.readerState, ...(last.position !== undefined && { position: last.position }) };
  }

  /** What the ledger would add up to: each key counts once. */
  function billed(): number {
    const ledger = new Map<string, number>();
    for (const { events, costKeys = [] } of outputs) {
      const keys = [...costKeys];
      for (const event of events) {
        if (event.type !== 'cost') continue;
        const key = keys.shift() as string;
        if (!ledger.has(key)) ledger.set(key, event.cost);
      }
      assert.deepEqual(keys, [], 'one key for each cost');
    }
    return [...ledger.values()].reduce((sum, cost) => sum + cost, 0);
  }

  const notices = () => outputs.flatMap(({ anew }) => anew ?? []);

  it('equal lines are billed each by itself', async () => {
    const tail = follow();
    writeFileSync(path, '5\n5\n5\n');
    await pump.drain(tail);
    assert.equal(billed(), 15);
    tail.close();
    appendFileSync(path, '5\n7\n');
    const next = follow(stored());
    await pump.drain(next);
    assert.equal(billed(), 27);
    outputs.push(next.finish({}, ''));
    assert.equal(billed(), 28);
  });

  it('a log that is cut off is read anew: what comes then counts, and so does what was read before (E7)', async () => {
    const tail = follow();
    appendFileSync(path, '100\n200\nhalf a li');
    await pump.read(tail);
    truncateSync(path, 0);
    appendFileSync(path, 'x\n400\n');
    await pump.read(tail);
    appendFileSync(path, '800\n');
    await pump.read(tail);
    assert.equal(billed(), 1_500);
    assert.deepEqual(notices(), ['cut']);
    assert.ok(outputs.some(({ events }) => events.some(({ type }) => type === 'warning')));
    const ends = outputs.map(({ to }) => to);
    assert.deepEqual(
      ends,
      [...ends].sort((a, b) => a - b),
      'offsets only grow',
    );
    tail.close();
  });

  it('a log that is replaced by the same and more is not billed twice', async () => {
    const tail = follow();
    appendFileSync(path, '100\n200\n200\n');
    await pump.read(tail);
    writeFileSync(join(folder, 'copy'), `${readFileSync(path, 'utf8')}400\n`);
    renameSync(join(folder, 'copy'), path);
    await until('the other file to be seen', () => tail.hasNews());
    await pump.read(tail);
    assert.equal(billed(), 900);
    assert.deepEqual(notices(), ['replaced']);
    assert.equal(outputs.at(-1)?.readerState, 4, 'by a reader that knew nothing of it');
    tail.close();
  });

  it('a log that is written anew in place with the same content is not billed twice', async () => {
    const tail = follow();
    appendFileSync(path, '100\n200\n');
    await pump.read(tail);
    writeFileSync(path, '100\n');
    await pump.read(tail);
    appendFileSync(path, '200\n400\n');
    await pump.read(tail);
    assert.equal(billed(), 700);
    tail.close();
  });

  for (const [what, change] of [
    ['cut off and written on until it is longer than before', () => writeFileSync(path, `x\n${'9\n'.repeat(50)}`)],
    [
      'replaced by a longer one',
      () => {
        writeFileSync(join(folder, 'other'), `x\n${'9\n'.repeat(50)}`);
        renameSync(join(folder, 'other'), path);
      },
    ],
  ] as const) {
    it(`a log that was ${what} while nobody followed it is read from its start, not inside a line`, async () => {
      const first = follow();
      appendFileSync(path, '100\n12345\n');
      await pump.read(first);
      first.close();
      change();
      const next = follow(stored());
      await pump.drain(next);
      assert.equal(billed(), 12_445 + 50 * 9);
      assert.equal(notices().length, 1);
      next.close();
      // The one after that goes on where this one stopped.
      appendFileSync(path, '1000\n');
      const last = follow(stored());
      await pump.drain(last);
      assert.equal(billed(), 12_445 + 50 * 9 + 1000);
      assert.equal(notices().length, 1);
      last.close();
    });
  }

  it('the position that a first version stored is gone on from, too', async () => {
    appendFileSync(path, '100\n200\n');
    const tail = follow({ from: 4, state: 1 });
    await pump.drain(tail);
    assert.equal(billed(), 200);
    tail.close();
    const shrunk = follow({ from: 4_000, state: 1 });
    await pump.drain(shrunk);
    assert.deepEqual(notices(), ['cut']);
    shrunk.close();
  });

  it('what we cut off ourselves is not read again', async () => {
    let isOurs = false;
    const tail = new Tail({
      path,
      reader: costReader(),
      from: 0,
      isOurCut: () => isOurs,
      onOutput: (output) => outputs.push(output),
      onError: () => assert.fail(),
    });
    appendFileSync(path, '100\n200\n300\n');
    await pump.read(tail);
    isOurs = true;
    truncateSync(path, 6);
    await pump.read(tail);
    assert.equal(billed(), 600);
    assert.deepEqual([tail.hasNews(), notices()], [false, []]);
    tail.close();
  });

  for (const [what, make] of [
    ['a named pipe', () => execFileSync('mkfifo', [path])],
    ['a device', () => execFileSync('ln', ['-s', '/dev/zero', path])],
    ['a folder', () => execFileSync('mkdir', [path])],
  ] as const) {
    it(`${what} in its place is not opened, and holds nobody (A10)`, async () => {
      rmSync(path);
      make();
      const tail = follow();
      assert.equal(tail.hasNews(), false);
      await pump.drain(tail);
      assert.equal(tail.hasNews(), false);
      assert.equal(errors.length, 1, errors.join());
      assert.match(errors[0] ?? '', /is not a regular file/);
      tail.close();
    });
  }

  it('what is open is read to its end although a pipe takes its place', async () => {
    const tail = follow();
    const fd = openSync(path, 'a');
    appendFileSync(fd, '100\n');
    await pump.read(tail);
    rmSync(path);
    execFileSync('mkfifo', [path]);
    appendFileSync(fd, '200\n');
    await pump.drain(tail);
    assert.equal(billed(), 300);
    tail.close();
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as z from 'zod/mini';
import { EXIT, EXIT_WORDS } from '../../src/cli/exitCodes.ts';
import { listSchema } from '../../src/cli/listSchema.ts';
import * as schemas from '../../src/cli/schemas.ts';
import type { Loop } from '../../src/core/model/loop.ts';
import { toNano } from '../../src/core/model/money.ts';
import type { StoreTransaction } from '../../src/core/ports/store.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { openBeside } from '../support/openBeside.ts';
import { CallHarness } from './support.ts';

describe('loops', () => {
  let harness: CallHarness;
  beforeEach(() => {
    harness = new CallHarness();
    checked.clear();
  });
  afterEach(() => harness.dispose());

  /** Makes of a loop what only a host could make of it. */
  async function change(loopId: string, how: object | ((seq: number, tx: StoreTransaction) => object)): Promise<void> {
    const store = openStore({ path: join(harness.storage, 'supervisor.db'), clock: systemClock, log: () => {} });
    await store.write((tx) => {
      const { state: _, ...facts } = tx.latest(loopId) as Loop;
      tx.saveLoop({ ...facts, ...(typeof how === 'function' ? how(facts.seq, tx) : how) } as Loop);
    });
    store.close();
  }

  const run = (...words: string[]) => harness.call(words);
  /** The commands that printed JSON, in this test. */
  const checked = new Set<string>();
  /** Runs a call with `--json` and returns what it prints, checked. */
  async function json<T extends z.ZodMiniType>(schema: T, ...words: string[]): Promise<z.output<T>> {
    checked.add(words[0] as string);
    const called = await run(...words, '--json');
    const parsed = schema.parse(called.json()) as z.output<T>;
    assert.deepEqual(called.json(), parsed, 'no field that the schema does not name');
    assert.equal(called.out.split('\n').length, 2, 'one line');
    return parsed;
  }

  it('R15.3 submit queues a loop in its folder, starts the host, and prints the id alone', async () => {
    const { code, out, error } = await run('submit', '--id', 'a', 'fix', 'the test');
    assert.deepEqual([code, out, harness.hostStarts], [EXIT.ok, 'a\n', 1]);
    assert.match(error, /Queued at 1/);
    const { prompt, cwd, state } = await json(schemas.showSchema, 'show', 'a');
    assert.deepEqual([prompt, cwd, state], ['fix the test', harness.project, 'queued']);
  });

  it('R15.3 submit says so where no agent is chosen, and the sample agent takes it', async () => {
    assert.doesNotMatch((await run('submit', 'work')).error, /sample/);
    harness.configure({ defaultAgent: undefined });
    assert.match((await run('submit', '--id', 'a', 'work')).error, /sample agent .+ name another with --agent/);
    assert.doesNotMatch((await run('submit', '--id', 'a', 'work')).error, /sample agent/, 'it was said already');
    for (const agent of ['worker', 'sample'])
      assert.doesNotMatch((await run('submit', '--agent', agent, 'work')).error, /sample agent/);
  });

  it('R15.3 every command prints JSON by its schema', async () => {
    await json(schemas.submitSchema, 'submit', '--id', 'a', 'work', '--check', 'true', '--max-cost', '2', '-p', '3');
    await json(schemas.submitSchema, 'submit', '--id', 'b', 'work');
    const { loops, more } = await json(listSchema, 'list', '-n', '1');
    assert.deepEqual([loops.map(({ loopId }) => loopId), more], [['a'], true]);
    const { check, maxCostUsd, priority } = await json(schemas.showSchema, 'show', 'a');
    assert.deepEqual([check, maxCostUsd, priority], ['true', 2, 3]);
    assert.equal((await json(schemas.pausedSchema, 'pause')).paused, true);
    const status = await json(schemas.statusSchema, 'status');
    assert.deepEqual([status.queued, status.paused, status.slots, status.host.running], [2, true, 4, false]);
    assert.equal((await json(schemas.pausedSchema, 'resume')).paused, false);
    await json(schemas.budgetSchema, 'budget');
    assert.equal((await json(schemas.completionSchema, 'completion', 'bash')).shell, 'bash');
    assert.equal((await json(schemas.hostSchema, 'host', 'status')).afterLogout?.survives, 'perhaps');
    await json(schemas.hostSchema, 'host', 'stop');
    assert.deepEqual(await json(schemas.questionsSchema, 'answer', 'a'), { questions: [] });
    assert.deepEqual(await json(schemas.doneSchema, 'cancel', 'a', 'nobody'), {
      loops: [
        { loopId: 'a', done: true },
        { loopId: 'nobody', done: false },
      ],
    });
    assert.deepEqual(await json(schemas.doneSchema, 'kill', 'b'), { loops: [{ loopId: 'b', done: false }] });
    const waited = await json(schemas.waitSchema, 'wait', 'b', '--timeout', '0');
    assert.equal(waited.timedOut, true);
    const { trusted } = await json(schemas.trustSchema, 'trust', harness.storage);
    assert.equal(trusted, harness.storage);
    const { error } = await json(schemas.errorSchema, 'show', 'nobody');
    assert.match(error.message, /There is no loop nobody/);
    await change('b', { state: 'waiting', for: 'you', need: 'allowance', why: 'no money' });
    assert.deepEqual(await json(schemas.continuedSchema, 'continue', 'b', '--max-cost', '5'), { continued: 'b' });
    const failure = { class: 'exit', reason: 'exit code 1', at: Date.now() };
    await change('b', { state: 'failed', finishedAt: Date.now(), cleared: false, failure });
    assert.equal((await json(schemas.submitSchema, 'retry', 'b')).state, 'queued');
    const { out } = await run('--help');
    const names = [...out.matchAll(/^ {2}([a-z]+)\b.* {2,}/gm)].map(([, name]) => name as string);
    // Output is read where an agent wrote some, and work is fetched where there are two machines; the others are no
    // calls that print a value.
    const others = ['logs', 'fetch', 'mcp', 'help'];
    assert.deepEqual([...checked, ...others].toSorted(), [...new Set(names)].toSorted());
  });

  it('R15.3 a second submit under the same id is the same loop, another prompt an error, and --again runs it anew', async () => {
    const first = await json(schemas.submitSchema, 'submit', '--id', 'a', 'work');
    const second = await json(schemas.submitSchema, 'submit', '--id', 'a', 'work');
    assert.deepEqual([first.isNew, second.isNew, second.position], [true, false, 1]);
    const other = await run('submit', '--id', 'a', 'other work');
    assert.equal(other.code, EXIT.usage);
    assert.match(other.error, /a is the id of a loop with another prompt/);
    await run('cancel', 'a');
    assert.equal((await json(schemas.submitSchema, 'submit', '--id', 'a', 'work')).state, 'cancelled');
    assert.equal((await json(schemas.submitSchema, 'submit', '--id', 'a', '--again', 'other work')).isNew, true);
    const all = await json(listSchema, 'list', '--all');
    assert.deepEqual(
      all.loops.map(({ loopId, state }) => [loopId, state]),
      [
        ['a', 'queued'],
        ['a', 'cancelled'],
      ],
    );
  });

  it('R15.1 R15.3 nothing is submitted in a folder that nobody trusts, and --trust trusts it', async () => {
    const folder = join(harness.storage, 'other');
    mkdirSync(folder);
    const refused = await run('submit', '-C', folder, 'work');
    assert.equal(refused.code, EXIT.notAllowed);
    assert.match(refused.error, /is in no folder that you trust/);
    assert.equal((await run('submit', '-C', folder, '--trust', 'work')).code, EXIT.ok);
    assert.equal((await run('submit', '-C', folder, 'work')).code, EXIT.ok);
    assert.equal(statSync(join(harness.storage, 'headless/trusted.json')).mode & 0o777, 0o600);
    assert.ok(readFileSync(join(harness.storage, 'headless/trusted.json'), 'utf8').includes(folder));
  });

  it('R15.3 takes the prompt from a file, and the folder of a trusted one within', async () => {
    const inner = join(harness.project, 'inner');
    mkdirSync(inner);
    writeFileSync(join(inner, 'task.md'), 'a long task\nof two lines');
    await run('submit', '--id', 'a', '-C', inner, '-f', join(inner, 'task.md'));
    const { prompt, cwd, title } = await json(schemas.showSchema, 'show', 'a');
    assert.deepEqual([prompt, cwd, title], ['a long task\nof two lines', inner, 'a long task']);
  });

  for (const [words, code, says] of [
    [['submit', '--id', 'not an id', 'work'], EXIT.usage, /loopId must be/],
    [['submit', '--agent', 'nobody', 'work'], EXIT.usage, /"nobody" is not known/],
    [['submit', ' '], EXIT.usage, /prompt is empty/],
    [['submit', '--max-cost', 'much', 'work'], EXIT.usage, /must be a number/],
    [['submit', '-f', 'missing.md'], EXIT.usage, /missing\.md does not exist/],
    [['list', '--state', 'tired'], EXIT.usage, /"tired" is not a state/],
    [['show', 'nobody'], EXIT.notFound, /There is no loop nobody/],
    [['logs', 'nobody'], EXIT.notFound, /There is no loop nobody/],
    [['wait', 'nobody'], EXIT.notFound, /There is no loop nobody/],
    [['retry', 'nobody'], EXIT.notFound, /nobody/],
    [['continue', 'nobody'], EXIT.usage, /waits for no more rounds or money/],
    [['cancel'], EXIT.usage, /Name loops/],
    [['kill', 'a', '-s', 'NOTHING'], EXIT.usage, /name of a signal/],
    [['frobnicate'], EXIT.usage, /unknown command/],
    [['list', '--frobnicate'], EXIT.usage, /unknown option/],
  ] as const)
    it(`R15.3 ${words.join(' ')}: a sentence, and exit code ${code}`, async () => {
      const called = await run(...words);
      assert.equal(called.code, code);
      assert.match(called.error, says);
      assert.equal(called.out, '');
    });

  it('R17.1 what an agent asks controls no terminal, as text and as JSON', async () => {
    await run('submit', '--id', 'a', 'work');
    const text = 'ls\u001b]8;;x\u0007\u009b2K\u202e\u0000<b>$(x)&amp;[a](command:b)';
    const choices = [
      { id: 'deny', kind: 'allowOnce', label: text },
      { id: `deny\n  deny\u001b[1A`, kind: 'denyOnce', label: text },
    ];
    const request = { kind: 'command', tool: text, title: text, command: text };
    const asking = [{ id: 'q1', at: Date.now(), request, choices }];
    await change('a', { state: 'waiting', for: 'you', need: 'question', why: `it asks: ${text}`, asking });
    const shown = ['answer', 'show', 'list', 'status'].map((word) =>
      word === 'answer' || word === 'show' ? [word, 'a'] : [word],
    );
    for (const words of shown)
      for (const called of [await run(...words), await run(...words, '--json')])
        assert.doesNotMatch(called.out + called.error, /(?!\n)[\p{Cc}\p{Cf}]/u, words.join(' '));
    const { questions } = await json(schemas.questionsSchema, 'answer', 'a');
    assert.equal(questions[0]?.command, text, 'a program reads what was asked');
    const { out } = await run('answer', 'a');
    assert.deepEqual(
      out.split('\n').filter((line) => / deny/.test(line)),
      ['  deny             Allow Once', '  deny‹line break› deny‹U+001B›[1A Deny'],
    );
    await run('answer', 'a', 'deny');
    const { history } = await json(schemas.showSchema, 'show', 'a');
    assert.match(history.map(({ why }) => why).join('\n'), /denied by you/);
  });

  it('R15.3 wait ends as the worst of the loops it names, and each exit code is in the help', async () => {
    for (const id of ['done', 'failed', 'cancelled', 'asks']) await run('submit', '--id', id, 'work');
    const finishedAt = Date.now();
    const failure = { class: 'exit', reason: 'exit code 1', at: finishedAt };
    await change('done', { state: 'completed', finishedAt });
    await change('failed', { state: 'failed', finishedAt, cleared: false, failure });
    await change('cancelled', { state: 'cancelled', finishedAt });
    await change('asks', { state: 'waiting', for: 'you', need: 'answer', why: 'it asked' });
    const wait = async (...ids: string[]) => (await run('wait', ...ids)).code;
    assert.equal(await wait('done'), EXIT.ok);
    assert.equal(await wait('done', 'asks'), EXIT.needsYou);
    assert.equal(await wait('done', 'asks', 'cancelled'), EXIT.cancelled);
    assert.equal(await wait('failed', 'done', 'asks', 'cancelled'), EXIT.failed);
    await run('submit', '--id', 'queued', 'work');
    assert.equal((await run('wait', 'queued', '--timeout', '0')).code, EXIT.timedOut);
    assert.deepEqual(EXIT_WORDS.map(([code]) => code).toSorted(), Object.values(EXIT).toSorted());
    const { out } = await run('--help');
    for (const [code, what] of EXIT_WORDS) assert.match(out, new RegExp(`^ +${code} {2}${what.slice(0, 30)}`, 'm'));
  });

  it('R15.3 R17.1 says what an agent asks while its loop runs, and what holds a queued loop back', async () => {
    for (const id of ['asks', 'queued']) await run('submit', '--id', id, 'work');
    const request = { kind: 'command', tool: 'Bash', title: 'Install it', command: 'npm install' };
    const choices = [{ id: 'yes', kind: 'allowOnce', label: 'Allow' }];
    const asking = [{ id: 'q1', at: Date.now(), request, choices }];
    await change('asks', (seq, tx) => {
      const attempt = tx.insertAttempt(seq, {
        ...{ number: 1, token: 't', windowId: 'w', startedAt: 1, generation: 0, probe: false, reserved: 0 },
        ...{ resumed: false, readOffset: 0, cost: 0, costEstimated: 0, costUnknown: 0, costAtLeast: false, accrued: 0 },
      });
      return { state: 'running', attempt, asking };
    });
    assert.match((await run('list')).out, /^asks +running, asks .* work \(asks: run npm install\?\)$/m);
    assert.match(
      (await run('show', 'asks')).out,
      /^State +running, asks: run npm install\?\nNext +loops answer asks$/m,
    );
    assert.match((await run('status')).out, /^Asks +asks: run npm install\?$/m);
    assert.equal((await json(schemas.statusSchema, 'status')).asking, 1);
    const wait = async (id: string) => (await run('wait', id, '--timeout', '0')).error;
    assert.match(await wait('asks'), / asks running, asks: run npm install\? \(loops answer asks\)\n/);
    await change('asks', { state: 'waiting', for: 'you', need: 'maxRounds', why: 'no rounds are left', asking: [] });
    assert.match((await run('show', 'asks')).out, /^State +waiting: no rounds are left\nNext +loops continue asks$/m);
    assert.match(await wait('asks'), / asks waiting: no rounds are left \(loops continue asks\)\n/);
    await run('pause');
    assert.match(await wait('queued'), / queued queued: queue paused\n/);
    assert.match((await run('show', 'queued')).out, /^State +queued: queue paused$/m);
    assert.match((await run('show', 'queued')).out, / {2}queued: submitted$/m);
  });

  it('R15.3 a store that cannot be opened: a sentence, and its exit code', async () => {
    await run('submit', 'work');
    const database = openBeside(join(harness.storage, 'supervisor.db'));
    database.exec('PRAGMA user_version = 999');
    database.close();
    const { code, out, error } = await run('status', '--json');
    assert.equal(code, EXIT.trouble);
    assert.match(schemas.errorSchema.parse(JSON.parse(out)).error.message, /belongs to a newer version/);
    assert.match(error, /belongs to a newer version/);
  });

  it('R6.8 R15.3 continue lets a loop go on that has used up its own cap', async () => {
    await run('submit', '--id', 'a', '--max-cost', '1', 'work');
    await change('a', { cost: toNano(1), state: 'waiting', for: 'you', need: 'allowance', why: 'no money' });
    assert.deepEqual((await run('continue', 'a', '--max-cost', '1')).code, EXIT.usage, 'it has cost as much');
    const { code, out } = await run('continue', 'a', '--max-cost', '5');
    assert.deepEqual([code, out], [EXIT.ok, 'a goes on.\n']);
    assert.equal((await json(schemas.showSchema, 'show', 'a')).state, 'queued');
  });

  it('R15.3 a full queue refuses, with its exit code', async () => {
    harness.dispose();
    harness = new CallHarness({ maxQueueDepth: 1, maxConcurrent: 1 });
    await run('pause');
    await run('submit', 'one');
    const { code, error } = await run('submit', 'two');
    assert.equal(code, EXIT.refused);
    assert.match(error, /1 of 1 places/);
  });

  it('R15.3 says so when nothing starts without a window', async () => {
    harness.dispose();
    harness = new CallHarness({ background: 'off' });
    const { error } = await run('submit', 'work');
    assert.match(error, /Nothing starts until a window is open/);
    assert.equal(harness.hostStarts, 0);
    assert.equal((await run('host', 'start')).code, EXIT.usage);
  });

  it('R15.3 R15.4 from inside an attempt what a person has to do is refused, and reading is not', async () => {
    await run('submit', '--id', 'a', 'work');
    const inside = (...words: string[]) => harness.call(words, { LOOP_SUPERVISOR_LOOP: 'a' });
    for (const words of [
      ['cancel', 'a'],
      ['kill', 'a'],
      ['retry', 'a'],
      ['continue', 'a'],
      ['pause'],
      ['resume'],
      ['trust'],
      ['host', 'stop'],
    ]) {
      const { code, error } = await inside(...words);
      assert.equal(code, EXIT.notAllowed, words.join(' '));
      assert.match(error, /not allowed from inside a loop/);
    }
    for (const words of [['list'], ['show', 'a'], ['status'], ['budget']])
      assert.equal((await inside(...words)).code, EXIT.ok);
  });

  it('R15.3 help names each command with examples, options and exit codes', async () => {
    const { out } = await run('--help');
    const names = [
      'submit',
      'list',
      'status',
      'show',
      'logs',
      'wait',
      'cancel',
      'kill',
      'retry',
      'continue',
      'pause',
      'resume',
      'budget',
    ];
    for (const name of [...names, 'fetch', 'host', 'trust', 'completion'])
      assert.match(out, new RegExp(`^ {2}${name}\\b`, 'm'));
    assert.match(out, /124 {2}wait: the time ran out/);
    assert.match((await run('submit', '--help')).out, /Examples:\n {2}\$ loops submit "Fix the failing test"/);
    assert.equal((await run('--version')).out, '1.2.3\n');
  });

  it('R15.3 help fits a narrow terminal, but for calls that are longer', async () => {
    const names = [...(await run('--help')).out.matchAll(/^ {2}(\w+).* {2}[a-z]/gm)].map(([, name]) => name as string);
    assert.ok(names.includes('submit') && names.includes('host'), names.join(' '));
    harness.columns = 60;
    for (const words of [[], ...names.map((name) => [name]), ['host', 'status'], ['host', 'stop']]) {
      const { out } = await run(...words, '--help');
      const wide = out.split('\n').filter((line) => line.length > 60 && !line.startsWith('  $ '));
      assert.deepEqual(wide, [], words.join(' '));
    }
    assert.match((await run('list', '--help')).out, /\n {2}\$ loops list -s failed\n {4}# what has failed\n/);
    harness.columns = 120;
    assert.match((await run('list', '--help')).out, /\n {2}\$ loops list -s failed +# what has failed\n/);
  });
});

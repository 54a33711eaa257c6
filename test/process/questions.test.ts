import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Answer } from '../../src/core/model/question.ts';
import { RunWatch } from '../../src/process/follow/runWatch.ts';
import { Deadlines } from '../../src/process/guardian/deadlines.ts';
import { lookAtEnded } from '../../src/process/runFolder/recordSchemas.ts';
import { seen } from '../support/seen.ts';
import { stays, until } from '../support/until.ts';
import { type Launched, LIMITS, RunHarness } from './support/runHarness.ts';

const PROGRAM = fileURLToPath(new URL('../fixtures/programs/asking.ts', import.meta.url));
const YES: Answer = { choice: 'yes', allow: true, by: 'user', at: 1 };
const NO: Answer = { choice: 'no', allow: false, by: 'user', at: 2 };

/** In one step: the agent makes its folder again at once, and a removal in many would meet that. */
const takeAway = (folder: string) => renameSync(folder, `${folder}.away`);

describe('Questions of runs', () => {
  let harness: RunHarness;

  before(async () => {
    harness = await RunHarness.create();
  });

  after(() => harness.dispose());

  const ask = (...words: string[]) => harness.launch(process.execPath, [PROGRAM, '${asksFolder}', ...words]);
  const asked = async ({ told }: Launched) => {
    const open = () => told.asked.at(-1)?.[0];
    await until('the question', () => open() !== undefined);
    return open()?.id ?? '';
  };

  it('R17.1 a question reaches whoever follows the run, its answer reaches the agent, and the first one stands', async () => {
    const launched = ask('npm', 'install', '\u202e;');
    const { run, told } = launched;
    const id = await asked(launched);
    assert.equal(told.asked.at(-1)?.[0]?.request.command, 'npm install \u202e;');
    run.answer(id, YES);
    run.answer(id, NO);
    await told.whenEnded;
    assert.deepEqual(told.texts, ['{"allow":true,"choice":"yes"}']);
  });

  it('R17.1 it lies in the run folder: whoever adopts the run hears of it, and may answer', async () => {
    const launched = ask('ls');
    const id = await asked(launched);
    harness.reload();
    const { told } = harness.adopt(launched.token);
    await until('the question', () => told.asked.at(-1)?.length === 1);
    // One that does not follow it has a way to it too.
    harness.launcher.control(launched.token).answer(id, NO);
    await told.whenEnded;
    assert.deepEqual(told.texts, ['{"allow":false,"choice":"no"}']);
    harness.launcher.control('gone').answer(id, YES);
  });

  it('R17.1 a question that is withdrawn is one no more', async () => {
    const launched = ask('ls');
    await asked(launched);
    await launched.run.signal('SIGUSR1', undefined);
    await launched.told.whenEnded;
    assert.deepEqual(launched.told.texts, ['"withdrawn"']);
    assert.deepEqual(
      readdirSync(launched.files.asks).filter((name) => name.endsWith('.ask')),
      [],
    );
  });

  it('R17.1 a question whose folder somebody takes away is asked again', async () => {
    const launched = ask('ls');
    const { told, run, files } = launched;
    const id = await asked(launched);
    takeAway(files.asks);
    await until('the question again', () => existsSync(join(files.asks, `${id}.ask`)));
    run.answer(id, YES);
    await told.whenEnded;
    assert.deepEqual(told.texts, ['{"allow":true,"choice":"yes"}']);
  });

  it('R17.1 an answer that is lost with its folder is given again, and nobody is asked twice', async () => {
    const launched = ask('ls');
    const { told, run, files } = launched;
    const id = await asked(launched);
    takeAway(files.asks);
    run.answer(id, YES);
    await told.whenEnded;
    assert.deepEqual(told.texts, ['{"allow":true,"choice":"yes"}']);
    assert.equal(told.asked.filter((questions) => questions.length > 0).length, 1);
  });

  it('R17.1 what is no question is not shown: other files, links, pipes, huge or broken ones', async () => {
    const launched = ask('ls');
    const { asks } = launched.files;
    const id = await asked(launched);
    const good = JSON.stringify({
      request: { kind: 'other', tool: 'x', title: 'x' },
      choices: [{ id: 'a', kind: 'allowOnce', label: 'a' }],
    });
    const inquiry = (...inquiries: object[]) =>
      JSON.stringify({ ...JSON.parse(good), request: { kind: 'inquiry', tool: 'x', title: 'x', inquiries } });
    const decision = { text: 'Which?', options: [], multiple: false };
    writeFileSync(join(asks, '../../x.ask'), good);
    for (const [name, text] of [
      ['no choices.ask', good],
      ['a.ask', '{"request":'],
      ['b.ask', '{"request":{"kind":"order","tool":"x","title":"x"},"choices":[]}'],
      ['c.ask', `${good}${' '.repeat(5_000_000)}`],
      ['d.txt', good],
      ['f.ask', inquiry()],
      ['g.ask', inquiry({ ...decision, text: 'x'.repeat(2_001) })],
      ['h.ask', inquiry(...Array(11).fill(decision))],
      ['i.ask', inquiry(decision).replace('"inquiry"', '"command"')],
    ] as const)
      writeFileSync(join(asks, name), text);
    symlinkSync('/dev/zero', join(asks, 'e.ask'));
    writeFileSync(join(asks, 'y.ask'), inquiry(decision));
    writeFileSync(join(asks, 'z.ask'), good);
    await until('the good ones', () => launched.told.asked.at(-1)?.length === 3);
    assert.deepEqual(
      launched.told.asked.at(-1)?.map((question) => question.id),
      [id, 'y', 'z'],
    );
    launched.run.answer(id, YES);
    await launched.told.whenEnded;
  });

  it('R17.2 while it waits for an answer no deadline of its guardian passes', async () => {
    const launched = harness.launch('/bin/sh', ['-c', 'sleep 1000'], { limits: { timeoutMs: 300 } });
    const { files } = launched;
    mkdirSync(files.asks, { recursive: true });
    writeFileSync(join(files.asks, 'a.ask'), '{}');
    await launched.told.whenStarted;
    await stays(() => assert.equal(launched.told.end, undefined), 1_500);
    rmSync(join(files.asks, 'a.ask'));
    await launched.told.whenEnded;
    assert.equal(seen(lookAtEnded(files))?.stoppedBy, 'timeout');
  });
});

describe('Deadlines of a run that asks', () => {
  const sight = { logBytes: 1, attended: true };

  it('R17.2 its silence and its longest run stand still', () => {
    const deadlines = new Deadlines({ ...LIMITS, timeoutMs: 100, silenceMs: 50, onSilence: 'restart' });
    assert.equal(deadlines.look(0, sight).stop, undefined);
    assert.equal(deadlines.look(40, sight).stop, undefined);
    for (const now of [50, 500, 1_000]) assert.equal(deadlines.look(now, { ...sight, asking: true }).stop, undefined);
    assert.equal(deadlines.look(1_005, sight).stop, undefined, '45 ms of silence so far');
    assert.equal(deadlines.look(1_011, sight).stop, 'hung');
    const longest = new Deadlines({ ...LIMITS, timeoutMs: 100 });
    longest.look(60, sight);
    longest.look(1_060, { ...sight, asking: true });
    assert.equal(longest.look(1_099, { ...sight, logBytes: 2 }).stop, undefined);
    assert.equal(longest.look(1_101, { ...sight, logBytes: 3 }).stop, 'timeout');
  });

  it('R17.2 nor does the host that follows it count its silence', () => {
    const watch = new RunWatch({ silenceMs: 100, onSilence: 'restart', endGraceMs: 0 }, 0);
    assert.equal(watch.look(90).stop, undefined);
    assert.equal(watch.look(5_000, true).stop, undefined);
    assert.equal(watch.look(5_009).stop, undefined);
    assert.equal(watch.look(5_011).stop, 'hung');
  });
});

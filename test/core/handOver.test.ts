import assert from 'node:assert/strict';
import { toNano, toUsd } from '../../src/core/model/money.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { machineForEachTest } from '../support/harness.ts';
import { Seeded } from '../support/seeded.ts';

const HAND_OVERS = 50;
const CAP = 3;
/** What each loop costs, USD, and less than all of them would cost. */
const COST = 1;
const LIMIT = 130;
const STEP_MS = 500;
/** How long (ms) slots may be empty before a queue whose hosts do not change: a gone window is waited for for 10 s. */
const LATE_MS = 12_000;

describe('hand-overs between windows and the headless host', () => {
  const machine = machineForEachTest(100);
  const settings = {
    ...{ maxConcurrent: CAP, maxQueueDepth: 1_000 },
    budget: { ...DEFAULT_SETTINGS.budget, dailyLimit: toNano(LIMIT) },
  };
  const openWindow = () => machine.open(settings);
  const openHost = () => machine.open(settings, { role: 'headless', folders: [] });

  it(`R15.1 R9.2 R3.1 R6.2 ${HAND_OVERS} of them at random moments, and kills: nothing is lost, doubled or late`, async () => {
    const random = new Seeded(15);
    const admitted: string[] = [];
    let refused = 0;
    let window = await openWindow();
    let host = await openHost();
    let emptyMs = 0;

    /** Time passes: runs end at some moment or other, and cost what they cost. */
    async function pass(ms: number): Promise<void> {
      emptyMs = 0;
      for (let passed = 0; passed < ms; passed += STEP_MS) {
        await machine.clock.advance(STEP_MS);
        const alive = machine.alive();
        assert.ok(alive.length <= CAP, `${alive} run at once`);
        assert.equal(new Set(alive).size, alive.length, `${alive}: one of them runs twice`);
        emptyMs = alive.length < CAP && host.queueLength > 0 ? emptyMs + STEP_MS : 0;
        assert.ok(emptyMs <= LATE_MS, `a slot has been empty for ${emptyMs} ms before ${host.queueLength} loops`);
        for (const loopId of alive.filter(() => random.chance(0.2))) {
          machine.launcher.of(loopId).say({ type: 'cost', cost: toNano(COST), source: 'reported' });
          machine.launcher.of(loopId).ok();
        }
      }
    }

    for (let n = 0; n < HAND_OVERS; n++) {
      for (let more = random.between(1, 5); more > 0; more--) {
        const loopId = `loop-${admitted.length + refused}`;
        try {
          await window.submit({ prompt: 'work', loopId });
          admitted.push(loopId);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'budget-exceeded');
          refused++;
        }
      }
      await pass(random.between(0, 4_000));
      if (random.chance(0.5)) await window.release();
      machine.kill(window);
      await pass(random.between(0, 15_000));
      for (let kills = random.between(0, 2); kills > 0; kills--) {
        machine.kill(host);
        host = await openHost();
        await pass(random.between(0, 6_000));
      }
      window = await openWindow();
    }
    await pass(60_000);
    for (const loopId of admitted) {
      const loop = await window.get(loopId);
      assert.deepEqual([loopId, loop?.state, loop?.costUsd], [loopId, 'completed', COST]);
      assert.equal(machine.launcher.runs.filter((run) => run.loopId === loopId).length, 1, `${loopId} ran once`);
    }
    const spent = (await machine.books().spend('0000-00-00')).reduce((sum, { cost }) => sum + toUsd(cost), 0);
    assert.equal(spent, admitted.length * COST);
    assert.ok(spent <= LIMIT && refused > 0, `${spent} USD were spent, and ${refused} loops refused`);
  });
});

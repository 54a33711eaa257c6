import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { DaemonEnds } from './support/daemonEnds.ts';
import { lives, program, RunHarness } from './support/runHarness.ts';

const hasPerl = process.platform === 'linux' && spawnSync('perl', ['-e', '1']).status === 0;

// `npm run daemons` does the same a thousand times, and counts those that leave no trace at all.
describe('Ends while a daemon is between two forks', () => {
  let ends: DaemonEnds;

  before(function () {
    if (!hasPerl) this.skip();
    ends = new DaemonEnds();
  });

  after(() => ends?.dispose());

  for (const tricks of [[], ['noLog'], ['noMarker']] as const) {
    const [what = 'with marker and log'] = tricks;
    it(`R7.4 none is left, and "nothing left" is true: ${what}`, async () => {
      for (let round = 0; round < 3; round++) {
        for (const pauseMs of [0, 1, 2, 3, 4, 5]) {
          const outcome = await ends.end({ name: what, tricks }, pauseMs);
          assert.deepEqual(outcome, { survived: false, falselyClean: false }, `${pauseMs} ms`);
        }
      }
    });
  }

  it('R7.4 a guardian leaves none of them either, and names what it swept', async () => {
    const harness = await RunHarness.create();
    try {
      for (const pauseMs of [0, 2, 4]) {
        const args = [program('doubleFork.pl'), String(pauseMs), '1000', 'noLog'];
        const { told, token } = harness.launch('perl', args);
        const end = await told.whenEnded;
        assert.deepEqual([end.remaining, end.unseen, harness.processesOf(token)], [[], undefined, []]);
        assert.ok(end.swept.length > 0 && end.swept.every(({ pid }) => !lives(pid)));
      }
    } finally {
      harness.dispose();
    }
  });
});

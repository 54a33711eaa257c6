import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { thisMachine } from '../../src/process/environment/thisMachine.ts';
import { LeaseWatch } from '../../src/process/guardian/leaseWatch.ts';
import { writeJson } from '../../src/process/runFolder/atomicFile.ts';
import { bootNow } from '../../src/process/runFolder/bootClock.ts';
import { FORMAT, type LeaseRecord } from '../../src/process/runFolder/records.ts';
import { createTable } from '../../src/process/tables/platformTable.ts';
import { until } from '../support/until.ts';
import { RunHarness } from './support/runHarness.ts';

describe('The lease of a machine, as its guardians see it', () => {
  let folder: string;
  let file: string;
  let now: number;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-lease-'));
    file = join(folder, 'lease.json');
    now = 1_000_000;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const grant = (lease: Partial<LeaseRecord>) =>
    writeJson(file, { format: FORMAT, bootId: 'boot', epoch: 1, until: now + 60_000, ...lease });
  const watch = (epoch = 1) => new LeaseWatch({ file, epoch }, 'boot', () => now);

  it('R16.3 without a lease a run may always go on', () => {
    assert.equal(new LeaseWatch(undefined, 'boot', () => now).isOver(), false);
  });

  it('R16.3 a run goes on for as long as its lease says, and longer when that is renewed', () => {
    grant({});
    const lease = watch();
    now += 59_999;
    assert.equal(lease.isOver(), false);
    grant({ until: now + 30_000 });
    now += 29_999;
    assert.equal(lease.isOver(), false);
    now += 1;
    assert.equal(lease.isOver(), true);
    grant({ until: now + 60_000 });
    assert.equal(lease.isOver(), true, 'a stop is final');
  });

  it('R16.3 a machine that slept too long finds its runs over at its first look', () => {
    grant({});
    const lease = watch();
    assert.equal(lease.isOver(), false);
    now += 8 * 3_600_000;
    assert.equal(lease.isOver(), true);
  });

  it('R16.3 once others have taken over, what began before may not run on, whatever is renewed', () => {
    grant({});
    const lease = watch();
    assert.equal(lease.isOver(), false);
    grant({ epoch: 2, until: now + 600_000 });
    now += 5_000;
    assert.equal(lease.isOver(), true);
  });

  it('R16.3 what cannot be read, or is of another boot, extends nothing', () => {
    assert.equal(watch().isOver(), true);
    grant({ bootId: 'another' });
    assert.equal(watch().isOver(), true);
    grant({});
    const lease = watch();
    assert.equal(lease.isOver(), false);
    writeFileSync(file, '{"epoch":');
    now += 59_999;
    assert.equal(lease.isOver(), false);
    now += 1;
    assert.equal(lease.isOver(), true);
  });

  it('R16.3 two hosts of a machine never shorten what it was granted, nor go back to an earlier epoch', () => {
    const logged: string[] = [];
    const options = { folder, name: 'box', scope: { bootId: 'boot' }, leaseFile: file };
    const [one, other] = [0, 1].map(() => thisMachine({ ...options, log: (message) => void logged.push(message) }));
    assert.equal(one?.id, other?.id);
    one?.allowUntil(1, now + 60_000);
    other?.allowUntil(1, now + 50_000);
    const lease = watch();
    now += 59_999;
    assert.equal(lease.isOver(), false);
    other?.allowUntil(2, now + 10_000);
    one?.allowUntil(1, now + 90_000);
    assert.deepEqual([watch(2).isOver(), watch(1).isOver(), logged], [false, true, []]);
  });
});

describe('Runs of a machine that is cut off', () => {
  let harness: RunHarness;
  let leaseFile: string;
  const { bootId } = createTable().scope;
  const allow = (ms: number, epoch = 1) =>
    writeJson(leaseFile, { format: FORMAT, bootId, epoch, until: bootNow() + ms } satisfies LeaseRecord);

  beforeEach(async () => {
    harness = await RunHarness.create();
    leaseFile = join(harness.folder, 'lease.json');
    harness.launcher.dispose();
    harness.launcher = harness.newLauncher({ leaseFile });
  });
  afterEach(() => harness.dispose());

  it('R16.3 are stopped by their guardians when the lease is over, and not before', async () => {
    allow(600_000);
    const { told, token } = harness.launch('/bin/sleep', ['1000'], { epoch: 1 });
    await told.whenStarted;
    assert.equal(told.end, undefined);
    const at = bootNow() + 1_500;
    allow(1_500);
    const end = await told.whenEnded;
    assert.equal(end.stoppedBy, 'partition');
    assert.ok(end.at > 0 && bootNow() >= at);
    await until('nothing to be left', () => harness.processesOf(token).length === 0);
  });

  it('R16.3 do not begin when the lease was over, or others took over, before they did', async () => {
    for (const begin of [() => allow(-1), () => allow(600_000, 2)]) {
      begin();
      const { told } = harness.launch('/bin/sh', ['-c', 'touch ran'], { epoch: 1 });
      const { kind, stoppedBy } = await told.whenEnded;
      assert.deepEqual([kind, stoppedBy], ['void', 'partition']);
    }
    assert.equal(existsSync(join(harness.cwd, 'ran')), false);
  });
});

import { readFileSync } from 'node:fs';
import { findContainment } from '../../../src/process/contain/findContainment.ts';
import { lookAtStarted } from '../../../src/process/runFolder/recordSchemas.ts';
import { seen } from '../../support/seen.ts';
import { kill, lives, RunHarness } from './runHarness.ts';

// Runs as they are contained beside a systemd for the user; prints what it saw as JSON. See `userSystemd.sh`.

const ESCAPES = [
  'env -i setsid -f sleep 1000 < /dev/null > /dev/null 2>&1',
  'setsid -f perl -e \'$0 = "worker"; sleep 1000\' < /dev/null > /dev/null 2>&1',
  'env LOOP_SUPERVISOR_KEEP=1 setsid -f sleep 1001',
];

// What follows runs does not keep a process alive.
const alive = setInterval(() => undefined, 1_000);
const found = await findContainment();
const harness = await RunHarness.create();
harness.launcher.dispose();
harness.launcher = harness.newLauncher({ containment: async () => found });
const { told, token, files } = harness.launch('/bin/sh', ['-c', `${ESCAPES.join('; ')}; sleep 0.2; exit 3`]);
const { containment } = await told.whenStarted;
const end = await told.whenEnded;
const [kept] = end.kept;
const facts = {
  found: found.kind,
  containment,
  exitCode: end.exit.exitCode,
  swept: end.swept.length,
  left: end.swept.filter(({ pid }) => lives(pid)).length,
  remaining: end.remaining.length,
  kept: kept !== undefined && lives(kept.pid),
  group: seen(lookAtStarted(files))?.group?.replaceAll(token, 'TOKEN'),
  groupOfKept:
    kept && /^0::(.*)$/m.exec(readFileSync(`/proc/${kept.pid}/cgroup`, 'utf8'))?.[1]?.replaceAll(token, 'TOKEN'),
};
if (kept) kill(kept.pid);
harness.dispose();
clearInterval(alive);
console.log(JSON.stringify(facts));

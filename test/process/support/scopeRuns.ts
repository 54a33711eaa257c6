import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterLogout } from '../../../src/headless/logout.ts';
import { findContainment } from '../../../src/process/contain/findContainment.ts';
import { startHost } from '../../../src/process/launch/hostProcess.ts';
import { lookAtStarted } from '../../../src/process/runFolder/recordSchemas.ts';
import { seen } from '../../support/seen.ts';
import { until } from '../../support/until.ts';
import { kill, lives, program, RunHarness } from './runHarness.ts';

// Runs as they are contained beside a systemd for the user, and the headless host as it is started there; prints what
// it saw as JSON. See `userSystemd.sh`.

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
const logPath = join(harness.folder, 'host.log');
const next = await afterLogout(undefined);
await startHost({ nodePath: process.execPath, program: program('sayPid.mjs'), storage: harness.folder, logPath });
const host = await until('the host', () => Number(readFileSync(logPath, 'utf8')));
const hostFacts = {
  hostGroup: /^0::(.*)$/m.exec(readFileSync(`/proc/${host}/cgroup`, 'utf8'))?.[1],
  survives: [next.survives, (await afterLogout(host)).survives, (await afterLogout(process.pid)).survives],
};
kill(host);
harness.dispose();
clearInterval(alive);
console.log(JSON.stringify({ ...facts, ...hostFacts }));

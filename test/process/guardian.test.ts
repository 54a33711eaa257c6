import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Guardian } from '../../src/process/guardian/guardian.ts';
import { lookAtEnded, lookAtStarted } from '../../src/process/runFolder/recordSchemas.ts';
import { FORMAT } from '../../src/process/runFolder/records.ts';
import { filesIn } from '../../src/process/runFolder/runFiles.ts';
import { createTable } from '../../src/process/tables/platformTable.ts';
import { createInspector } from '../../src/process/tables/processInspector.ts';
import { seen } from '../support/seen.ts';
import { until } from '../support/until.ts';
import { kill, LIMITS, lives, program } from './support/runHarness.ts';

describe('A guardian where to look at a process takes long, as with ps', () => {
  let folder: string;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'loop-supervisor-guardian-test-')));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('R7.4 ends what an agent has left that was over before it was known', async () => {
    const files = filesIn(folder);
    mkdirSync(files.orders);
    const table = createTable();
    const find = table.find.bind(table);
    table.find = async (pid) => {
      const found = await find(pid);
      // Its number may be reused the moment its end is reported.
      await until('the end of the agent to be told', () => !existsSync(`/proc/${pid}`));
      return found;
    };
    const guardian = new Guardian({
      files,
      request: {
        format: FORMAT,
        loopId: 'loop',
        token: 'quick-run',
        command: program('leaveChild.sh'),
        args: [],
        verbatim: false,
        cwd: folder,
        hasInput: false,
        stopSteps: [],
        limits: LIMITS,
        windowsFolder: folder,
      },
      table,
      inspector: createInspector(),
      log: () => undefined,
    });
    await guardian.run();
    const pid = Number(readFileSync(files.stdout, 'utf8').split(' ')[1]);
    try {
      assert.equal(lives(pid), false);
      assert.ok(seen(lookAtEnded(files))?.swept.some((one) => one.pid === pid));
      assert.ok(seen(lookAtStarted(files)));
    } finally {
      kill(pid);
    }
  });
});

import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';

// Whatever looks at the outside can fail. Each file that reads files or starts programs where runs, stores and hosts
// are decided on has a place here: the test that makes its looks fail, or why no look of its can end a run, free a slot
// or lift a bound. Agents, Git, the command line and the user interface decide nothing of that.

/** Files whose looks are made to fail, by the test that does it. */
const TESTED: Readonly<Record<string, readonly string[]>> = {
  'test/process/faults.test.ts': [
    'process/follow/lostRun.ts',
    'process/guardian/attendance.ts',
    'process/launch/launcher.ts',
    'process/follow/logFile.ts',
    'process/runFolder/atomicFile.ts',
    'process/runFolder/folders.ts',
    'process/runFolder/regularFile.ts',
    'process/runFolder/windowFile.ts',
    'process/tables/linuxTable.ts',
    'process/tables/procStat.ts',
    'process/tables/runCommand.ts',
    'process/sweep/ownFolders.ts',
  ],
  'test/process/readerFaults.test.ts': [
    'process/contain/cgroup.ts',
    'process/contain/runGroup.ts',
    'process/guardian/orders.ts',
    'process/runFolder/orderFiles.ts',
    'process/runFolder/questionFiles.ts',
  ],
  'test/process/memoryKills.test.ts': ['process/guardian/memoryKills.ts'],
  'test/process/memoryLimit.test.ts': ['process/tables/memoryUse.ts'],
  'test/process/guardianTrouble.test.ts': [
    'process/guardian/agentLogs.ts',
    'process/guardian/reservedFile.ts',
    'process/guardian/runLogs.ts',
    'process/guardian/runRecords.ts',
    'process/launch/prepareRun.ts',
  ],
  'test/process/guardianParts.test.ts': ['process/guardian/guardianLog.ts'],
  'test/process/input.test.ts': [
    'process/launch/guardianProcess.ts',
    'process/launch/guardianTrouble.ts',
    'process/guardian/agentProcess.ts',
  ],
  'test/process/startError.test.ts': ['process/guardian/startError.ts', 'process/guardian/interpreter.ts'],
  'test/process/surroundings.test.ts': ['process/environment/askShell.ts', 'process/environment/isProgram.ts'],
  'test/process/userScope.test.ts': ['process/contain/userScope.ts'],
  'test/headless/hostConfig.test.ts': ['headless/ownProgram.ts'],
  'test/headless/logout.test.ts': ['headless/logout.ts'],
  'test/process/runLogs.test.ts': ['process/runFolder/runLogs.ts'],
  'test/process/networkDisk.test.ts': ['process/environment/networkDisk.ts'],
  'test/process/workers.test.ts': ['process/tables/workers.ts'],
  'test/process/linkTargets.test.ts': ['process/follow/linkTargets.ts'],
  'test/process/keepAwake.test.ts': ['process/awake/keepAwake.ts', 'process/awake/mains.ts'],
  'test/process/windowsCommand.test.ts': ['windows/windowsCommand.ts'],
  'test/process/sweep.test.ts': ['process/sweep/editor.ts'],
  'test/store/storeFolder.test.ts': ['store/sqlite/storeFolder.ts', 'store/sqlite/storeOwner.ts'],
  'test/store/files.test.ts': ['store/sqlite/databaseFiles.ts'],
  'test/store/postgres.test.ts': ['store/postgres/passwordFile.ts'],
};

/** Files whose looks decide nothing of that kind, by the reason. */
const HARMLESS: Readonly<Record<string, RegExp>> = {
  'it only writes, or starts':
    /^(?:headless\/(?:alone|shim)|process\/(?:notify\/notifyCommand|launch\/hostProcess))\.ts$/,
  'a score of the kernel, and a hint for the order of a list':
    /^process\/(?:guardian\/killOrder|tables\/pidOrder)\.ts$/,
  'read once at the start, which fails where it cannot be read, or reads no more':
    /^(?:host|list|cli|loops|store\/sqlite\/storeReader|process\/tables\/(?:linuxScope|startPrograms)|store\/postgres\/address)\.ts$/,
};

const READS = /from 'node:(?:fs|fs\/promises|child_process)'/;

describe('Readers of the outside (R7.4)', () => {
  const readers = globSync('src/{*.ts,{process,store,headless,windows}/**/*.ts}').filter((file) =>
    READS.test(readFileSync(file, 'utf8')),
  );
  const names = readers.map((file) => file.replaceAll('\\', '/').replace(/^src\//, '')).sort();
  const tested = Object.values(TESTED).flat();
  const isHarmless = (name: string) => Object.values(HARMLESS).some((pattern) => pattern.test(name));

  it('each has a test in which its looks fail, or a reason why they may', () => {
    assert.deepEqual(
      names.filter((name) => !tested.includes(name) && !isHarmless(name)),
      [],
      'make its looks fail in a test, and name it here',
    );
  });

  it('none is named that is no reader any more, and none twice', () => {
    assert.deepEqual(
      tested.filter((name) => !names.includes(name) || isHarmless(name)),
      [],
    );
    assert.equal(new Set(tested).size, tested.length);
    for (const [why, pattern] of Object.entries(HARMLESS))
      assert.ok(
        names.some((name) => pattern.test(name)),
        why,
      );
    for (const test of Object.keys(TESTED)) assert.ok(existsSync(test), test);
  });
});

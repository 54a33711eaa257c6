import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';

// Whatever looks at the outside can fail. Each file of src that reads files or starts programs has a place here: the
// test that makes its looks fail, or why no look of its can end a run, free a slot or lift a bound.

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
  'test/process/containments.test.ts': ['process/contain/findContainment.ts'],
  'test/process/networkDisk.test.ts': ['process/environment/networkDisk.ts'],
  'test/process/linkTargets.test.ts': ['process/follow/linkTargets.ts'],
  'test/process/keepAwake.test.ts': ['process/awake/keepAwake.ts', 'process/awake/mains.ts'],
  'test/process/windowsCommand.test.ts': ['windows/windowsCommand.ts'],
  'test/process/sweep.test.ts': ['process/sweep/editor.ts'],
  'test/git/storedTrees.test.ts': ['git/storedTrees.ts', 'git/unsavedWork.ts'],
  'test/git/faults.test.ts': ['git/workTree.ts', 'git/snapshot.ts', 'git/snapshotStore.ts', 'git/includeIgnored.ts'],
  'test/store/storeFolder.test.ts': ['store/sqlite/storeFolder.ts', 'store/sqlite/storeOwner.ts'],
  'test/store/files.test.ts': ['store/sqlite/databaseFiles.ts'],
};

/** Files whose looks decide nothing of that kind, by the reason. */
const HARMLESS: Readonly<Record<string, RegExp>> = {
  'programs beside the agent: a look that fails ends themselves': /^(?:agents\/sample|asking|driver)\//,
  'what a person sees or is asked, and what a command line names':
    /^(?:ui|cli)\/|^(?:cli|list|loops|store\/sqlite\/storeReader)\.ts$/,
  'it writes, or hands on what the agent has written of itself':
    /^agents\/|^(?:headless\/(?:alone|shim)|process\/(?:notify\/notifyCommand|launch\/hostProcess))\.ts$/,
  'a score of the kernel, and a hint for the order of a list':
    /^process\/(?:guardian\/killOrder|tables\/pidOrder)\.ts$/,
  'read once at the start, which fails where it cannot be read, or the server refuses':
    /^(?:host|process\/tables\/(?:linuxScope|startPrograms)|store\/postgres\/address)\.ts$/,
  'what Git is asked to do with a repository, which refuses what it cannot see':
    /^git\/(?:bringHome|ownBranch|push|repository|submodules|workTrees)\.ts$/,
};

const READS = /from 'node:(?:fs|fs\/promises|child_process)'/;

describe('Readers of the outside (R7.4)', () => {
  const readers = globSync('src/**/*.ts').filter((file) => READS.test(readFileSync(file, 'utf8')));
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

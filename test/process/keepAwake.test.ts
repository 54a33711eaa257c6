import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeepAwake, type KeepAwake } from '../../src/process/awake/keepAwake.ts';
import { isOnMains } from '../../src/process/awake/mains.ts';
import { until } from '../support/until.ts';

describe('keeping the machine awake', () => {
  let folder: string;
  let awake: KeepAwake | undefined;
  let logged: string[];
  let onMains: boolean;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-awake-'));
    logged = [];
    onMains = true;
  });
  afterEach(() => {
    awake?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A `systemd-inhibit` that notes its calls and its end. */
  function withProgram(): void {
    const lines = ['#!/bin/sh', `echo "$@" >> ${folder}/calls`, 'while [ "$1" != cat ]; do shift; done'];
    writeFileSync(join(folder, 'systemd-inhibit'), [...lines, '"$@"', `echo ended >> ${folder}/calls`].join('\n'), {
      mode: 0o700,
    });
  }
  const create = () => {
    awake = createKeepAwake({
      platform: 'linux',
      environment: { PATH: `${folder}:/usr/bin:/bin` },
      log: (message) => logged.push(message),
      onMains: () => onMains,
    });
    return awake;
  };
  const calls = () =>
    existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : [];

  it('R15.2 one inhibitor stands while loops run, and goes when none does', async () => {
    withProgram();
    const { set } = create();
    set(false);
    for (let n = 0; n < 3; n++) set(true);
    await until('the inhibitor', () => calls().length === 1);
    assert.match(calls()[0] ?? '', /--what=idle --mode=block --who=Loop Supervisor --why=Loops are running cat/);
    set(false);
    set(true);
    await until('a second one', () => calls().filter((line) => line.startsWith('--what')).length === 2);
    assert.deepEqual(logged, []);
  });

  it('R15.2 not on battery, and again on mains', async () => {
    withProgram();
    const { set } = create();
    onMains = false;
    set(true);
    onMains = true;
    set(true);
    await until('the inhibitor', () => calls().length === 1);
  });

  it('R15.2 a machine without the means is reported once, and nothing else happens', () => {
    const { set } = createKeepAwake({
      platform: 'linux',
      environment: { PATH: folder },
      log: (message) => logged.push(message),
      onMains: () => true,
    });
    for (let n = 0; n < 3; n++) set(true);
    assert.deepEqual(logged, ['systemd-inhibit was not found: the machine may go to sleep while loops run.']);
  });

  it('R15.2 Linux says whether it is on mains; a desktop says nothing, and is', () => {
    assert.equal(isOnMains('linux', join(folder, 'none')), true);
    for (const [name, type, online] of [
      ['AC', 'Mains', '0'],
      ['BAT0', 'Battery', ''],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'type'), `${type}\n`);
      writeFileSync(join(folder, name, 'online'), `${online}\n`);
    }
    rmSync(join(folder, 'calls'), { force: true });
    assert.equal(isOnMains('linux', folder), false);
    writeFileSync(join(folder, 'AC', 'online'), '1\n');
    assert.equal(isOnMains('linux', folder), true);
  });
});

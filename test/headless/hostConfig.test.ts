import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { HostConfig, storeWindow } from '../../src/headless/hostConfig.ts';
import { hostFiles } from '../../src/headless/hostFiles.ts';
import { watchProgram } from '../../src/headless/ownProgram.ts';
import { TrustedFolders } from '../../src/headless/trustedFolders.ts';
import { callsHitBy, lift, withFaults } from '../support/faults.ts';

const FAULTS = ['EMFILE', 'ENFILE', 'EIO', 'EACCES', 'ENOMEM', 'ESTALE'] as const;

describe('The settings of a host without a window, where they cannot be read', () => {
  let storage: string;

  beforeEach(() => {
    storage = mkdtempSync(join(tmpdir(), 'loop-supervisor-host-config-'));
  });

  afterEach(() => {
    lift();
    rmSync(storage, { recursive: true, force: true });
  });

  const store = (settings: { readonly [name: string]: unknown }, at = 1) =>
    storeWindow(storage, { version: '1.0.0', at, settings });
  const headless = (path: string) => path.startsWith(dirname(hostFiles(storage).window));

  for (const code of FAULTS) {
    const faults = { code, calls: callsHitBy(code), path: headless };

    it(`R6.9 R15.1 ${code}: earlier values hold, and the change is read as soon as possible`, async () => {
      store({ maxConcurrent: 2, background: 'always' });
      const config = new HostConfig(storage);
      store({ maxConcurrent: 3, background: 'always', 'permissions.deny': ['bash(rm *)'] }, 22);
      await withFaults(faults, () => assert.equal(config.refresh(), false));
      assert.deepEqual([config.settings.maxConcurrent, config.get('background')], [2, 'always']);
      assert.equal(config.refresh(), true);
      assert.deepEqual([config.settings.maxConcurrent, config.settings.permissions.deny], [3, ['bash(rm *)']]);
    });

    it(`R6.9 R15.1 ${code}: nothing begins with defaults in the place of settings that are there`, async () => {
      store({ maxConcurrent: 2, store: 'postgres://one/loops' });
      await withFaults(faults, () => assert.throws(() => new HostConfig(storage), /cannot be read now/));
      assert.equal(new HostConfig(storage).text('store'), 'postgres://one/loops');
    });

    it(`R15.1 ${code}: trusted folders stay trusted, and none is lost when another is added`, async () => {
      new TrustedFolders(storage).add(['/one', '/two']);
      const trusted = new TrustedFolders(storage);
      await withFaults(faults, () => assert.throws(() => trusted.add(['/three']), /cannot be read/));
      const { trusted: file } = hostFiles(storage);
      assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), ['/one', '/two']);
      trusted.add(['/three']);
      assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), ['/one', '/two', '/three']);
    });
  }

  for (const code of FAULTS)
    it(`R15.1 ${code}: a program that cannot be looked at is not gone, and not another one`, async () => {
      const path = join(storage, 'host.cjs');
      writeFileSync(path, 'first');
      const look = watchProgram(path);
      const faults = { code, calls: ['statSync'] as const, path: (one: string) => one === path };
      await withFaults(faults, () => assert.equal(look(), 'same'));
      assert.equal(look(), 'same');
      writeFileSync(`${path}.new`, 'other');
      renameSync(`${path}.new`, path);
      assert.equal(look(), 'replaced');
      rmSync(path);
      assert.equal(look(), 'gone');
    });

  for (const spoilt of ['', '{"version":"1.0.0","at":1,"settings"', '[]', 'null', '{"version":1}', '\0\0\0'])
    it(`R6.9 a record that is damaged is not one without settings: ${JSON.stringify(spoilt)}`, () => {
      const { window } = hostFiles(storage);
      mkdirSync(dirname(window), { recursive: true });
      writeFileSync(window, spoilt);
      const { doubts } = new HostConfig(storage);
      assert.deepEqual([doubts['budget.dailyLimitUsd']?.kind, doubts['maxConcurrent']?.kind], ['unclear', 'unclear']);
    });

  it('R6.9 the defaults hold if nobody has made any settings', () => {
    const { doubts, settings } = new HostConfig(storage);
    assert.deepEqual([doubts['maxConcurrent']?.kind, settings.maxConcurrent], ['unset', 4]);
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { Config } from '../../src/ui/settings/config.ts';
import { until } from '../support/until.ts';

const COOLDOWN = 'circuitBreaker.cooldownSeconds';
const THRESHOLD = 'circuitBreaker.failureThreshold';
const ACCOUNTS = 'accounts';
const CHECKS = 'checks';
const NAMES = [COOLDOWN, THRESHOLD, ACCOUNTS, CHECKS];

describe('settings, in VS Code', () => {
  const folder = mkdtempSync(join(tmpdir(), 'loop-settings-'));
  let log: vscode.LogOutputChannel;
  let config: Config;
  before('read settings', () => {
    log = vscode.window.createOutputChannel('Settings of a test', { log: true });
    config = new Config(log, vscode.Uri.file(folder));
  });
  afterEach('take settings back', async () => {
    for (const name of NAMES) await config.set(name, undefined);
  });
  after(() => {
    config.dispose();
    log.dispose();
    rmSync(folder, { recursive: true });
  });

  const written = () => until('the settings files to be read', () => config.written(NAMES));

  it('R6.9 what nobody has written is not set, though VS Code gives its default', async () => {
    assert.equal(vscode.workspace.getConfiguration('loopSupervisor').get(COOLDOWN), 120);
    assert.deepEqual(await written(), {});
  });

  it('R6.9 what is written is set, its default value too', async () => {
    await config.set(COOLDOWN, 120);
    await config.set(THRESHOLD, 7);
    await config.set(ACCOUNTS, { 'a.b': { reservePercent: 10 } });
    assert.deepEqual(await written(), {
      [COOLDOWN]: 120,
      [THRESHOLD]: 7,
      [ACCOUNTS]: { 'a.b': { reservePercent: 10 } },
    });
    assert.equal(config.settings.circuit.cooldownMs, 120_000);
  });

  it('R6.9 while a settings file is half typed, what names programs stays as it was', async () => {
    const storage = join(folder, 'User', 'globalStorage', 'ours');
    mkdirSync(storage, { recursive: true });
    const file = join(folder, 'User', 'settings.json');
    const typed = new Config(log, vscode.Uri.file(storage));
    try {
      writeFileSync(file, '{}');
      await typed.set(CHECKS, { tests: 'npm test' });
      writeFileSync(file, '{ "loopSupervisor.checks": ');
      await typed.set(CHECKS, { tests: 'true' });
      assert.deepEqual(typed.checks, { tests: 'npm test' });
      writeFileSync(file, '{}');
      await typed.set(CHECKS, { tests: 'make test' });
      assert.deepEqual(typed.checks, { tests: 'make test' });
    } finally {
      typed.dispose();
    }
  });
});

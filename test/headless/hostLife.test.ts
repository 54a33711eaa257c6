import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HeadlessHost, type ProgramLook } from '../../src/headless/headlessHost.ts';
import { HostConfig, storeWindow } from '../../src/headless/hostConfig.ts';
import { FakeClock } from '../support/fakeClock.ts';

describe('the life of the headless host', () => {
  let storage: string;
  let clock: FakeClock;
  let goesOn: boolean;
  let program: ProgramLook;
  let nextStarts: number;
  let released: number;

  beforeEach(() => {
    storage = mkdtempSync(join(tmpdir(), 'loop-supervisor-host-life-'));
    clock = new FakeClock();
    goesOn = true;
    program = 'same';
    nextStarts = 0;
    released = 0;
  });
  afterEach(() => rmSync(storage, { recursive: true, force: true }));

  function store(settings: object, version = '1.0.0'): void {
    storeWindow(storage, { version, at: clock.now(), settings: { ...settings } });
  }

  /** A host of version 1.0.0 at work; says whether it has ended. */
  function begin(): { hasEnded: boolean } {
    const life = { hasEnded: false };
    const supervisor = {
      ...{ hostId: 'host', windowCount: 1, configure: () => undefined, live: () => [] },
      get goesOn() {
        return goesOn;
      },
      release: async () => {
        released++;
      },
      releaseIfIdle: async () => !goesOn,
    };
    const config = new HostConfig(storage);
    const parts = { awake: { set: () => undefined }, log: () => undefined, readAgents: () => undefined };
    const host = new HeadlessHost({
      ...{ supervisor, config, storage, version: '1.0.0', clock, ...parts },
      lookAtProgram: () => program,
      startNext: async () => {
        nextStarts++;
      },
    });
    void host.run().then(() => {
      life.hasEnded = true;
    });
    return life;
  }

  for (const [what, happens] of [
    ['it is turned off', () => store({ background: 'off' })],
    ['whether it is wanted cannot be read', () => store({ background: 'of' })],
    ['windows are to stop their loops when they close', () => store({ onWindowClose: 'stop' })],
    ['a newer version is here', () => store({}, '1.0.1')],
    [
      'it was uninstalled',
      () => {
        program = 'gone';
      },
    ],
  ] as const)
    it(`R15.1 ends within seconds when ${what}, and releases its lease`, async () => {
      store({ background: 'always' });
      const life = begin();
      await clock.advance(60_000);
      assert.equal(life.hasEnded, false);
      happens();
      await clock.advance(6_000);
      assert.deepEqual([life.hasEnded, released, nextStarts], [true, 1, 0]);
    });

  it('R15.1 hands over once when another program stands in its place, and not while that is being written', async () => {
    store({ background: 'always' });
    const life = begin();
    await clock.advance(60_000);
    program = 'replaced';
    await clock.advance(5_000);
    program = 'same';
    await clock.advance(60_000);
    assert.deepEqual([life.hasEnded, nextStarts], [false, 0]);
    program = 'replaced';
    await clock.advance(11_000);
    assert.deepEqual([life.hasEnded, released, nextStarts], [true, 1, 1]);
  });

  it('R15.1 ends within 60 s of the last work, but not in a short gap, and stays where it always runs', async () => {
    const life = begin();
    await clock.advance(60_000);
    goesOn = false;
    await clock.advance(7_000);
    goesOn = true;
    await clock.advance(60_000);
    assert.equal(life.hasEnded, false);
    goesOn = false;
    await clock.advance(12_000);
    assert.equal(life.hasEnded, true);
    store({ background: 'always' });
    const always = begin();
    await clock.advance(600_000);
    assert.equal(always.hasEnded, false);
  });
});

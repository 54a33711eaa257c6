import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentEvent } from '../../src/core/model/agentEvent.ts';
import type { CheckRequest } from '../../src/core/model/check.ts';
import { toNano } from '../../src/core/model/money.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../src/core/model/settings.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { Supervisor } from '../../src/core/supervisor.ts';
import { folders } from '../../src/process/runFolder/folders.ts';
import { createInspector } from '../../src/process/tables/processInspector.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { fakeCatalog, fakeProfile } from '../support/harness.ts';
import { markedProcesses } from '../support/markedProcesses.ts';
import { stays, until } from '../support/until.ts';
import { RunHarness } from './support/runHarness.ts';

/** Keeps the prompt of each round in a file of its own, and costs 0.50 USD, or what the prompt says. */
const WORK = `n=1; while [ -e prompt-$n ]; do n=$((n + 1)); done; cat > prompt-$n
case $(head -n 1 prompt-$n) in fail) exit 3;; "cost "*) echo "$(head -n 1 prompt-$n)";; *) echo cost 0.5;; esac
echo done`;
/** Fails, with other words each time. */
const FAILS = 'date +%s%N; exit 1';
/** Judges only once it is told to, and passes if it may. */
const JUDGES = 'touch checking; until [ -e judge ]; do sleep 0.02; done; date +%s%N; [ -e pass ]';
/** As long as it takes to see that nothing starts (ms). */
const A_WHILE = 300;

function workEvents(line: string): AgentEvent[] {
  const [, cost] = /^cost ([\d.]+)$/.exec(line) ?? [];
  if (cost !== undefined) return [{ type: 'cost', cost: toNano(Number(cost)), source: 'reported' }];
  return line === 'done' ? [{ type: 'end', ok: true }] : [];
}

describe('rounds with real processes', () => {
  let harness: RunHarness;
  let store: Store;
  let supervisor: Supervisor;
  let shell: string;

  beforeEach(async () => {
    harness = await RunHarness.create();
    shell = 'sh';
  });
  afterEach(async () => {
    await supervisor.shutdown(1_000);
    store.close();
    harness.dispose();
  });

  /** Starts a window; `settings` are what differs from the defaults. */
  async function open(settings: Partial<Settings> = {}): Promise<void> {
    const log = (message: string) => void harness.logged.push(message);
    store = openStore({ path: join(harness.folder, 'supervisor.db'), clock: systemClock, log });
    const stopSteps = [{ signal: 'SIGTERM', share: 1 }] as const;
    const worker = fakeProfile('worker', {
      plan: ({ prompt }) => ({ command: 'sh', args: ['-c', WORK], env: {}, stdin: prompt, stopSteps }),
      reader: () => ({ line: workEvents, end: () => [], state: () => null }),
    });
    let ids = 0;
    supervisor = new Supervisor({
      ...{ store, launcher: harness.launcher, clock: systemClock, log, folders, inspector: createInspector() },
      agents: {
        ...fakeCatalog(worker),
        shell: (line) => ({ command: shell, args: ['-c', line], env: {}, stopSteps }),
      },
      settings: { ...DEFAULT_SETTINGS, maxConcurrent: 10, killGraceMs: 200, defaultAgent: 'worker', ...settings },
      window: { id: 'window', folders: [harness.cwd], home: harness.cwd },
      random: Math.random,
      newId: () => `${process.pid}x${Date.now()}x${++ids}`,
    });
    await supervisor.start();
  }

  const idOf = (name: string) => harness.prefix + name;
  const folderOf = (name: string) => join(harness.cwd, name);
  const loopOf = async (name: string) => (await supervisor.get(idOf(name)))!;
  const stateOf = async (name: string) => (await loopOf(name)).state;
  const needOf = async (name: string) => {
    const { loop } = await loopOf(name);
    return 'need' in loop ? loop.need : loop.state;
  };
  /** What the agent was told, round by round. */
  const prompts = (name: string) =>
    readdirSync(folderOf(name))
      .filter((file) => file.startsWith('prompt-'))
      .sort()
      .map((file) => readFileSync(join(folderOf(name), file), 'utf8'));
  const tell = (name: string, file: string) => writeFileSync(join(folderOf(name), file), '');
  const processes = (name: string) => markedProcesses(idOf(name));

  async function submit(name: string, check?: CheckRequest, more: { prompt?: string; maxCostUsd?: number } = {}) {
    mkdirSync(folderOf(name));
    const cwd = folderOf(name);
    await supervisor.submit({ loopId: idOf(name), prompt: 'Work on it', cwd, ...(check && { check }), ...more });
  }

  it('R11.2 what does not pass begins a round that is told why; what passes completes with its proof', async () => {
    await open();
    const command = '[ -e prompt-2 ] && exit 0; echo "FAIL: one test" >&2; exit 7';
    await submit('a', { command });
    await until('its end', async () => (await stateOf('a')) === 'completed');
    const [first, second, ...more] = prompts('a');
    assert.deepEqual([first, more], ['Work on it', []]);
    for (const part of [command, '7', 'FAIL: one test']) assert.ok(second?.includes(part), `${part} in ${second}`);
    const { checks } = await loopOf('a');
    assert.deepEqual(
      checks.map(({ round, outcome, exitCode }) => [round, outcome, exitCode]),
      [
        [0, 'failed', 7],
        [1, 'failed', 7],
        [2, 'passed', 0],
      ],
    );
  });

  const BOUNDS: readonly [bound: string, rounds: number, check: CheckRequest, more?: { maxCostUsd: number }][] = [
    ['maxRounds', 2, { command: FAILS, maxRounds: 2 }],
    ['maxCost', 2, { command: FAILS }, { maxCostUsd: 1 }],
    ['maxMinutes', 1, { command: FAILS, maxMinutes: 0.0001 }],
    ['noProgress', 3, { command: 'echo always the same; exit 1' }],
    [
      'noBetterScore',
      4,
      {
        command: 'set -- prompt-*; echo "score: $((100 - $#))"; exit 1',
        score: { pattern: 'score: (\\d+)', better: 'higher' },
      },
    ],
    ['checkTimeouts', 2, { command: 'exec sleep 1000', timeoutMinutes: 0.002 }],
  ];

  it('R11.3 R11.8 each bound stops the rounds: the loop waits for you, without a slot or a process', async () => {
    await open();
    for (const [bound, , check, more] of BOUNDS) await submit(bound, { ...check, checkFirst: false }, more);
    for (const [bound, rounds] of BOUNDS) {
      await until(`${bound} to stop it`, async () => (await stateOf(bound)) === 'waiting');
      assert.deepEqual([await needOf(bound), prompts(bound).length], [bound, rounds]);
      await until(`no process of ${bound}`, () => processes(bound).length === 0);
    }
    assert.equal(supervisor.status().concurrencyUsed, 0);
    await supervisor.continueLoop(idOf('maxRounds'));
    await until('as many rounds again', async () => prompts('maxRounds').length === 4);
    await until('it to wait again', async () => (await needOf('maxRounds')) === 'maxRounds');
    await supervisor.acceptAsIs(idOf('maxRounds'));
    assert.equal(await stateOf('maxRounds'), 'completed');
  });

  it('R11.2 a check that cannot start waits for you, with the work kept', async () => {
    await open();
    shell = 'no-such-shell';
    await submit('a', { command: 'true', checkFirst: false });
    await until('it to wait', async () => (await needOf('a')) === 'checkUnstartable');
    shell = 'sh';
    await supervisor.continueLoop(idOf('a'));
    await until('its end', async () => (await stateOf('a')) === 'completed');
    assert.equal(prompts('a').length, 1, 'the agent has not worked again');
  });

  describe('between two rounds', () => {
    const GATES: Readonly<Record<string, { close: () => Promise<unknown>; open: () => Promise<unknown> }>> = {
      'a pause': { close: () => supervisor.pause(), open: () => supervisor.resume() },
      'an open circuit': {
        close: async () => {
          await submit('b', undefined, { prompt: 'fail' });
          await until('the other one to fail', async () => (await stateOf('b')) === 'failed');
          assert.equal(supervisor.status().circuitState, 'open');
        },
        open: () => supervisor.resetCircuit(),
      },
      'a used-up budget': {
        close: async () => {
          await submit('b', undefined, { prompt: 'cost 10' });
          await until('it to be spent', async () => (await stateOf('b')) === 'completed');
        },
        open: async () => supervisor.configure({ ...DEFAULT_SETTINGS, defaultAgent: 'worker' }),
      },
    };

    for (const [gate, { close, open: reopen }] of Object.entries(GATES)) {
      it(`R11.2 ${gate} holds the next one`, async () => {
        await open({
          circuit: { failureThreshold: 1, cooldownMs: 3_600_000, halfOpenMaxProbes: 1 },
          restart: { maxRestarts: 0, windowMs: 300_000, maxTotal: 1_000 },
          budget: { ...DEFAULT_SETTINGS.budget, dailyLimit: toNano(10) },
        });
        await submit('a', { command: JUDGES, checkFirst: false });
        await until('its check', () => existsSync(join(folderOf('a'), 'checking')));
        await close();
        tell('a', 'judge');
        await until('it to be held', async () => (await stateOf('a')) === 'queued');
        await stays(async () => assert.deepEqual([await stateOf('a'), processes('a')], ['queued', []]), A_WHILE);
        assert.equal(prompts('a').length, 1);
        tell('a', 'pass');
        await reopen();
        await until('its end', async () => (await stateOf('a')) === 'completed');
        assert.equal(prompts('a').length, 2);
      });
    }

    it('R11.2 a shutdown ends the check, which is run again and costs no restart', async () => {
      await open();
      await submit('a', { command: JUDGES, checkFirst: false });
      await until('its check', () => existsSync(join(folderOf('a'), 'checking')));
      await supervisor.shutdown();
      assert.deepEqual(processes('a'), []);
      store.close();
      harness.reload();
      tell('a', 'judge');
      tell('a', 'pass');
      await open();
      await until('its end', async () => (await stateOf('a')) === 'completed');
      assert.deepEqual([prompts('a').length, (await loopOf('a')).loop.restarts], [1, []]);
    });
  });
});

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { readDirectives } from '../../src/agents/sample/directives.ts';
import { edit } from '../../src/agents/sample/editing.ts';
import type { AgentEvent } from '../../src/core/model/agentEvent.ts';
import { childrenOf } from '../support/host/processes.ts';
import { until } from '../support/until.ts';
import { costIn, linesOf, messagesIn, ofType, testCatalog } from './support/streams.ts';

const PROGRAM = fileURLToPath(new URL('../../src/agents/sample/main.ts', import.meta.url));

describe('the sample agent', () => {
  let folder: string;
  const children: ChildProcess[] = [];
  const leftovers: number[] = [];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sample-agent-'));
  });

  after(() => {
    for (const child of children) child.kill('SIGKILL');
    for (const pid of leftovers) end(pid);
    rmSync(folder, { recursive: true, force: true });
  });

  function start(prompt: string, ...args: string[]): ChildProcess {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { ...process.env, LOOP_SUPERVISOR_SAMPLE_SESSIONS: join(folder, 'sessions') },
    });
    children.push(child);
    child.stdin.end(prompt);
    return child;
  }

  interface Run {
    readonly events: readonly AgentEvent[];
    readonly output: string;
    readonly errors: string;
    readonly exitCode: number | null;
    readonly signal: NodeJS.Signals | null;
  }

  /** Runs it to its end, and reads it as its profile does. */
  async function run(prompt: string, ...args: string[]): Promise<Run> {
    return finish(start(prompt, ...args));
  }

  async function finish(child: ChildProcess): Promise<Run> {
    const [output, errors, [exitCode, signal]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, 'close'),
    ]);
    const reader = testCatalog().catalog.find('sample')!.reader();
    const exit = { ...(exitCode !== null && { exitCode }), ...(signal !== null && { signal }) };
    return {
      events: [...linesOf(output).flatMap((line) => reader.line(line)), ...reader.end(exit, errors)],
      output,
      errors,
      exitCode,
      signal,
    };
  }

  const endOf = (events: readonly AgentEvent[]) => ofType(events, 'end').at(-1);

  it('works in steps that can be seen, costs a little, and honours the session id', async () => {
    const { events, exitCode } = await run(
      'Tidy up. [quick]',
      '-p',
      '--output-format',
      'stream-json',
      '--session-id',
      'first',
    );
    assert.equal(exitCode, 0);
    assert.equal(ofType(events, 'session').at(-1)?.sessionId, 'first');
    assert.match(messagesIn(events)[0] ?? '', /Tidy up/);
    assert.ok(ofType(events, 'toolCall').length >= 3);
    assert.deepEqual(
      ofType(events, 'toolResult').map(({ id }) => id),
      ofType(events, 'toolCall').map(({ id }) => id),
    );
    assert.ok(costIn(events) >= 10_000_000 && costIn(events) <= 50_000_000);
    assert.equal(ofType(events, 'cost')[0]?.source, 'reported');
    assert.equal(endOf(events)?.ok, true);
  });

  it('takes 3 to 6 seconds without a directive', async () => {
    const started = Date.now();
    const { exitCode } = await run('Anything');
    assert.equal(exitCode, 0);
    assert.ok(Date.now() - started >= 2_900);
  });

  it('[cost] sets what it reports', async () => {
    assert.equal(costIn((await run('[quick] [cost 0.3]')).events), 300_000_000);
  });

  it('[fail N] reports a failure and ends with that code', async () => {
    const { events, exitCode } = await run('[quick] [fail 7]');
    assert.equal(exitCode, 7);
    assert.match(endOf(events)?.reason ?? '', /as its prompt asked for/);
    assert.equal((await run('[quick] [fail]')).exitCode, 1);
  });

  it('[once]: after a failure the session goes on where it was, and is done', async () => {
    assert.equal((await run('[quick] [fail] [once]', '--session-id', 'again')).exitCode, 1);
    const { events, exitCode } = await run('Go on.', '--resume', 'again');
    assert.equal(exitCode, 0);
    assert.match(messagesIn(events)[0] ?? '', /I go on after step 3/);
    assert.equal(ofType(events, 'toolCall').length, 0);
    assert.equal(costIn(events), 0);
  });

  it('a session that is continued reports its own cost, and a total that counts on', async () => {
    const first = await run('[quick] [fail] [cost 0.6]', '--session-id', 'total');
    const second = await run('Go on. [quick] [crash]', '--resume', 'total');
    assert.equal(costIn(first.events), 600_000_000);
    const total = [...second.output.matchAll(/"total_cost_usd":([\d.]+)/g)].at(-1)?.[1];
    assert.equal(Number(total), 0.6);
  });

  it('an unknown session is rejected, in the words of the real program', async () => {
    const { events, exitCode, errors } = await run('Go on.', '--resume', 'nobody');
    assert.equal(exitCode, 1);
    assert.match(errors, /No conversation found with session ID: nobody/);
    const end = endOf(events);
    assert.equal(end?.ok === false && end.cause, 'session');
  });

  it('[crash] dies of SIGKILL; the session goes on after it', async () => {
    const { signal } = await run('[quick] [crash] [once]', '--session-id', 'crashed');
    assert.equal(signal, 'SIGKILL');
    const { events, exitCode } = await run('Go on.', '--resume', 'crashed');
    assert.equal(exitCode, 0);
    assert.match(messagesIn(events)[0] ?? '', /I go on after step 1/);
  });

  it('[limit] reports the reset of its window, once', async () => {
    const before = Date.now();
    const { events, exitCode } = await run('[quick] [limit 90]', '--session-id', 'limited');
    assert.equal(exitCode, 1);
    const [limit] = ofType(events, 'limit');
    assert.equal(ofType(events, 'limit').length, 1);
    assert.ok((limit?.until ?? 0) >= before + 90_000 && (limit?.until ?? 0) <= Date.now() + 91_000);
    assert.equal((await run('Go on.', '--resume', 'limited')).exitCode, 0);
  });

  it('[overload], [auth] and [denied] are reported as such', async () => {
    const overload = await run('[quick] [overload]');
    assert.equal(ofType(overload.events, 'retry').length, 2);
    const busy = endOf(overload.events);
    assert.equal(busy?.ok === false && busy.cause, 'provider');
    const login = endOf((await run('[quick] [auth]')).events);
    assert.equal(login?.ok === false && login.cause, 'auth');
    const { events, exitCode } = await run('[quick] [denied]');
    assert.equal(exitCode, 0);
    assert.equal(ofType(events, 'denied').length, 1);
    assert.equal(endOf(events)?.reason, 'finished, but a tool call was not allowed');
  });

  it('--max-budget-usd stops it', async () => {
    const { events, exitCode } = await run('[quick] [cost 3]', '--max-budget-usd', '1.5');
    assert.equal(exitCode, 1);
    const end = endOf(events);
    assert.equal(end?.ok === false && end.cause, 'budget');
    assert.equal(costIn(events), 2_000_000_000);
  });

  it('R1.4 [echo] gives the prompt back, byte for byte', async () => {
    const prompt = `--help "q" 's' $(x) \\ \u{1F600} é\n${'long '.repeat(100_000)}[quick] [echo]\n`;
    assert.ok(messagesIn((await run(prompt)).events).includes(prompt));
  });

  it('[flood] prints that much', async () => {
    const { output } = await run('[quick] [flood 3]');
    assert.ok(output.length >= 3 * 1024 * 1024);
  });

  it('SIGINT: it still reports what it has cost; SIGTERM: it only ends', async () => {
    const interrupted = start('[slow 600]');
    await once(interrupted.stdout!, 'data');
    interrupted.kill('SIGINT');
    const { events, exitCode } = await finish(interrupted);
    assert.equal(exitCode, 0);
    const end = endOf(events);
    assert.equal(end?.ok === false && end.cause, 'aborted');
    const terminated = start('[slow 600]');
    await once(terminated.stdout!, 'data');
    terminated.kill('SIGTERM');
    assert.equal((await finish(terminated)).exitCode, 143);
  });

  it('[ignore-sigterm] goes on after both', async () => {
    const child = start('[slow 1] [ignore-sigterm]');
    await once(child.stdout!, 'data');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    assert.equal((await finish(child)).exitCode, 0);
  });

  it('[hang] begins its work, and ends only when it is asked to', async () => {
    const child = start('[quick] [hang]');
    await once(child.stdout!, 'data');
    child.kill('SIGTERM');
    const { exitCode, events } = await finish(child);
    assert.equal(exitCode, 143);
    assert.equal(ofType(events, 'toolCall').length, 0);
  });

  it('[spawn N] leaves N processes, the first with a child and a grandchild', async function () {
    if (process.platform !== 'linux') this.skip();
    const { events, exitCode } = await run('[quick] [spawn 2]');
    assert.equal(exitCode, 0);
    const pids = (/live on: ([\d, ]+)/.exec(messagesIn(events).join('\n'))?.[1] ?? '').split(', ').map(Number);
    assert.equal(pids.length, 2);
    leftovers.push(...pids);
    const child = await childOf(pids[0] ?? 0);
    const grandchild = await childOf(child);
    leftovers.push(child, grandchild);
    for (const pid of [...pids, child, grandchild]) assert.ok(existsSync(`/proc/${pid}`), String(pid));
  });

  it('sessions are for their owner alone', () => {
    const sessions = join(folder, 'sessions');
    assert.equal(statSync(sessions).mode & 0o777, 0o700);
    for (const file of readdirSync(sessions)) assert.equal(statSync(join(sessions, file)).mode & 0o777, 0o600);
  });

  it('--help names every directive and every option; a wrong option and an empty prompt are refused', async () => {
    const { output } = await run('', '--help');
    for (const name of [...Object.keys(DIRECTIVES), '--resume', '--session-id', '--max-budget-usd', '--output-format'])
      assert.ok(output.includes(name), name);
    assert.match((await run('', '--version')).output, /^\d+\.\d+\.\d+/);
    const wrong = await run('x', '--no-such-option');
    assert.equal(wrong.exitCode, 1);
    const refused = endOf(wrong.events);
    assert.equal(refused?.ok === false && refused.cause, 'config');
    const empty = endOf((await run('  \n')).events);
    assert.equal(empty?.ok === false && empty.cause, 'task');
  });
});

const DIRECTIVES = {
  '[slow': { seconds: 12 },
  '[quick]': { quick: true },
  '[cost': { costUsd: 12 },
  '[fail': { fail: true, exitCode: 12 },
  '[crash]': { crash: true },
  '[hang]': { hang: true },
  '[ignore-sigterm]': { ignoreSigterm: true },
  '[spawn': { spawn: 12 },
  '[flood': { floodMegabytes: 12 },
  '[limit': { limitSeconds: 12 },
  '[overload]': { overload: true },
  '[auth]': { auth: true },
  '[denied]': { denied: true },
  '[finish': { finishInRun: 12 },
  '[stuck]': { stuck: true },
  '[worse]': { worse: true },
  '[echo]': { echo: true },
  '[once]': { once: true },
};

describe('directives of the sample agent', () => {
  for (const [directive, expected] of Object.entries(DIRECTIVES)) {
    const written = directive.endsWith(']') ? directive : `${directive} 12]`;
    it(`${written} anywhere in the prompt, and nothing else`, () => {
      const none = readDirectives('');
      assert.deepEqual(readDirectives(`Please ${written} do`), { ...none, ...expected });
    });
  }

  it('other brackets are text', () => {
    assert.deepEqual(readDirectives('a[0] [ ] [x] [Fail] [slow down] [failure] [cost -1] [[]'), readDirectives(''));
  });
});

describe('edits of the sample agent', () => {
  const folder = mkdtempSync(join(tmpdir(), 'loop-sample-edit-'));
  const file = join(folder, 'sample-work.md');
  const last = () => readFileSync(file, 'utf8').trimEnd().split('\n').slice(-2);
  afterEach(() => rmSync(file, { force: true }));
  after(() => rmSync(folder, { recursive: true }));

  it('finish in the run that the prompt names, in whatever session', () => {
    const directives = readDirectives('[finish 2]');
    edit(folder, directives);
    assert.deepEqual(last(), ['score: 10', 'unfinished']);
    edit(folder, directives);
    assert.deepEqual(last(), ['score: 20', 'finished']);
  });

  it('change nothing from the second run on where they are stuck', () => {
    edit(folder, readDirectives('[finish] [stuck]'));
    const before = readFileSync(file, 'utf8');
    edit(folder, readDirectives('[finish] [stuck]'));
    assert.equal(readFileSync(file, 'utf8'), before);
  });

  it('leave a lower score in every run where they get worse', () => {
    edit(folder, readDirectives('[finish] [worse]'));
    assert.deepEqual(last(), ['score: 90', 'unfinished']);
    edit(folder, readDirectives('[finish] [worse]'));
    assert.deepEqual(last(), ['score: 80', 'unfinished']);
  });
});

/** The first child of a process, once it is there. */
async function childOf(pid: number): Promise<number> {
  const child = await until(`the child of ${pid}`, () => childrenOf(pid)[0]);
  return child.pid;
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { writeShim } from '../../src/headless/shim.ts';
import { look } from '../support/host/processes.ts';
import { installed } from '../support/installed.ts';
import { until } from '../support/until.ts';

/** An agent that hands work on: told to, it submits a loop, passes its bounds, and meddles. */
const AGENT = `read -r line
case "$line" in
deepest*)
  "$LOOPS" submit "too deep" 2>&1; echo "ended with $?" ;;
deeper*)
  "$LOOPS" submit --id deepest -w "deepest work" 2>&1 ;;
deep*)
  "$LOOPS" submit -w "deeper work" 2>&1 ;;
outer*)
  "$LOOPS" submit --id inner "inner work" 2>&1
  "$LOOPS" submit --priority 9 "first" 2>&1; echo "ended with $?"
  "$LOOPS" submit --max-cost 99 "dear" 2>&1; echo "ended with $?"
  "$LOOPS" cancel inner 2>&1; echo "ended with $?" ;;
esac
echo "done: $line"`;

describe('loops mcp', () => {
  let storage: string;
  let project: string;
  let bin: string;
  let clients: Client[];

  beforeEach(async () => {
    storage = realpathSync(mkdtempSync(join(tmpdir(), 'loop-supervisor-mcp-')));
    project = join(storage, 'project');
    mkdirSync(project);
    const program = join(await installed(), 'dist/loops.cjs');
    bin = writeShim({ storage, nodePath: process.execPath, program, platform: 'linux' });
    const worker = { command: 'sh', args: ['-c', AGENT], env: { LOOPS: join(bin, 'loops') } };
    writeFileSync(join(storage, 'settings.json'), JSON.stringify({ defaultAgent: 'worker', agents: { worker } }));
    clients = [];
    loops('trust');
  });
  afterEach(async () => {
    for (const client of clients) await client.close();
    loops('cancel', '--all');
    loops('host', 'stop');
    rmSync(storage, { recursive: true, force: true, maxRetries: 5 });
  });

  function loops(...words: string[]): string {
    try {
      return execFileSync(join(bin, 'loops'), words, {
        cwd: project,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  }

  async function connect(environment: Record<string, string> = {}): Promise<Client> {
    const client = new Client({ name: 'test', version: '1.0.0' });
    const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...environment };
    await client.connect(new StdioClientTransport({ command: join(bin, 'loops'), args: ['mcp'], cwd: project, env }));
    clients.push(client);
    return client;
  }

  /** A server of which the test is the client itself; with a descriptor, that is its input. */
  function serve(input: 'pipe' | number = 'pipe') {
    const server = spawn(join(bin, 'loops'), ['mcp'], { cwd: project, stdio: [input, 'pipe', 'ignore'] });
    const ended = new Promise((resolve) => server.once('close', (...end) => resolve(end)));
    return { stdin: server.stdin as Writable, stdout: server.stdout as Readable, ended };
  }

  async function use<T = Record<string, unknown>>(client: Client, name: string, input: object = {}): Promise<T> {
    const { content, isError } = await client.callTool({ name, arguments: { ...input } });
    const [{ text }] = content as [{ text: string }];
    if (isError) throw new Error(text);
    return JSON.parse(text) as T;
  }

  it("R15.4 the SDK's client lists the tools with hints, submits, waits, and reads the result", async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    assert.deepEqual(
      tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint, annotations?.destructiveHint]).toSorted(),
      [
        ['circuit_status', true, false],
        ['inspect_queue', true, false],
        ['kill_process', false, true],
        ['list_processes', true, false],
        ['loop_history', true, false],
        ['remaining_budget', true, false],
        ['resource_snapshot', true, false],
        ['submit_loop', false, false],
      ],
    );
    const submitted = await use<{ loopId: string; state: string; result: { attempts: { outcome: string }[] } }>(
      client,
      'submit_loop',
      { prompt: 'some work', waitSeconds: 60 },
    );
    assert.equal(submitted.state, 'completed');
    assert.deepEqual(
      submitted.result.attempts.map(({ outcome }) => outcome),
      ['ok'],
    );
    const history = await use<{ prompt: string }>(client, 'loop_history', { loopId: submitted.loopId });
    assert.equal(history.prompt, 'some work');
    await assert.rejects(use(client, 'submit_loop', { prompt: '' }), /prompt is empty/);
    await assert.rejects(use(client, 'kill_process', { loopId: 'nobody' }), /There is no loop nobody/);
    await assert.rejects(use(client, 'nothing'), /There is no tool nothing/);
  });

  it('R15.4 Claude Code lists the tools, submits, waits and reads the result: what it sent, recorded', async () => {
    const said = readFileSync('test/fixtures/mcp/claude-code.ndjson', 'utf8').trim().split('\n');
    const server = spawn(join(bin, 'loops'), ['mcp'], { cwd: project, stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => server.once('close', resolve));
    const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
    const answers = new Map<string | number, { result?: Record<string, unknown>; error?: { code: number } }>();
    try {
      for (const line of said) {
        server.stdin.write(`${line}\n`);
        const { id } = JSON.parse(line) as { id?: string | number };
        // A notification gets no answer, and each request waits for its own.
        if (id === undefined) continue;
        const answer = JSON.parse((await lines.next()).value as string);
        assert.equal(answer.id, id);
        answers.set(id, answer);
      }
    } finally {
      server.stdin.end();
      await ended;
    }
    // It asks for a newer protocol first, and takes the refusal.
    assert.equal(answers.get('server-discover-probe-1')?.error?.code, -32601);
    assert.equal(answers.get(0)?.result?.['protocolVersion'], '2025-11-25');
    const [, , submitted, history] = [0, 1, 2, 3].map((id) => answers.get(id)?.result?.['structuredContent']);
    assert.equal((submitted as { state: string }).state, 'completed');
    assert.equal((history as { prompt: string }).prompt, 'some work');
  });

  it('R15.4 input that is no message, or longer than any, is left out, and the next message is answered', async () => {
    const server = serve();
    const initialize = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    const messages = ['not JSON', '\0\xff', '', '{"jsonrpc":"2.0"}', '[]', `"${'x'.repeat(65 * 1024 * 1024)}"`];
    for (const line of messages) server.stdin.write(`${line}\n`);
    server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'initialize', params: initialize })}\n`);
    const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
    const [tooLong, answer] = [await lines.next(), await lines.next()].map(({ value }) => JSON.parse(value as string));
    assert.deepEqual([tooLong.id, tooLong.error.code], [null, -32600]);
    assert.deepEqual([answer.id, answer.result.serverInfo.name], [7, 'loop-supervisor']);
    server.stdin.end('{"jsonrpc":"2.0","id":8,');
    assert.deepEqual(await server.ended, [0, null]);
  });

  it('R15.4 R1.4 takes the longest prompt there is', async () => {
    const client = await connect();
    loops('pause');
    const prompt = 'x'.repeat(10 * 1024 * 1024);
    const { loopId } = await use<{ loopId: string }>(client, 'submit_loop', { prompt });
    assert.equal(JSON.parse(loops('list', '--json')).loops[0].loopId, loopId);
    await assert.rejects(use(client, 'submit_loop', { prompt: `${prompt}x` }), /longer than 10 MiB/);
    await use(client, 'inspect_queue');
  });

  it('R15.4 ends when its client goes in the middle of a call, and where its input cannot be read', async () => {
    const client = await connect();
    const waits = use(client, 'submit_loop', { prompt: 'held', loopId: 'held', waitSeconds: 600 });
    waits.catch(() => undefined);
    loops('pause');
    await until('the loop', () => loops('list', '-a', '--ids') === 'held\n');
    const pid = (client.transport as StdioClientTransport).pid as number;
    await client.close();
    await until('the server to end', () => look(pid) === undefined);
    const folder = openSync(storage, 'r');
    const server = serve(folder);
    closeSync(folder);
    assert.deepEqual(await server.ended, [0, null]);
  });

  it('R15.4 two clients submit at once, wait for their own, and see what the other has done', async () => {
    const clients = [await connect(), await connect()];
    const submit = (client: Client, loopId: string) =>
      use<{ state: string }>(client, 'submit_loop', { prompt: loopId, loopId, waitSeconds: 60 });
    const ids = clients.flatMap((_, n) => [`${n}a`, `${n}b`]);
    const done = await Promise.all(ids.map((id) => submit(clients[Number(id[0])] as Client, id)));
    assert.deepEqual(
      done.map(({ state }) => state),
      ids.map(() => 'completed'),
    );
    for (const client of clients) {
      const { loops: finished } = await use<{ loops: { loopId: string }[] }>(client, 'loop_history');
      assert.deepEqual(finished.map(({ loopId }) => loopId).toSorted(), ids);
    }
  });

  it('R15.4 an agent that nests deeper than it may is refused with a sentence', async () => {
    loops('submit', '-w', 'deep work');
    assert.match(loops('logs', 'deepest'), /2 deep \(maxSubmitDepth\), and this would be 3.*\nended with 8/);
    assert.equal(JSON.parse(loops('wait', 'deepest', '--json')).loops[0].state, 'completed');
  });

  it('R15.4 an agent hands work on from inside its attempt, and cannot pass its bounds or meddle', async () => {
    const client = await connect();
    await use(client, 'submit_loop', { prompt: 'outer work', loopId: 'outer', maxCostUsd: 5, waitSeconds: 60 });
    const said = loops('logs', 'outer');
    assert.match(said, /^inner$/m);
    assert.match(said, /its priority may be 0 at most\.\nended with 8/);
    assert.match(said, /the cap of the loop outer has \$[\d.]+ left for it.*\nended with 8/);
    assert.match(said, /Cancelling a loop is not allowed from inside a loop.*\nended with 8/);
    assert.equal(JSON.parse(loops('wait', 'inner', '--json')).loops[0].state, 'completed');
    const inside = await connect({ LOOP_SUPERVISOR_LOOP: 'outer' });
    await use(inside, 'inspect_queue');
    await assert.rejects(use(inside, 'kill_process', { loopId: 'inner' }), /not allowed from inside a loop/);
    await assert.rejects(use(inside, 'submit_loop', { prompt: 'more' }), /inside the loop outer, which does not run/);
  });
});

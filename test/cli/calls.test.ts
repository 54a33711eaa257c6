import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../../src/cli/exitCodes.ts';
import { Output } from '../../src/cli/output.ts';
import { errorSchema } from '../../src/cli/schemas.ts';
import { CallHarness } from './support.ts';

/** Every command, with arguments that it takes. */
const CALLS: readonly (readonly string[])[] = [
  ...[['submit', 'work'], ['list'], ['status'], ['show', 'a'], ['logs', 'a'], ['wait', 'a'], ['cancel', 'a']],
  ...[['kill', 'a'], ['retry', 'a'], ['continue', 'a'], ['pause'], ['resume'], ['budget'], ['answer', 'a']],
  ...[['fetch', 'a'], ['host', 'status'], ['host', 'start'], ['host', 'stop'], ['trust'], ['mcp']],
  ['completion', 'bash'],
];

describe('a call of loops', () => {
  const harness = new CallHarness();
  after(() => harness.dispose());
  const run = (...words: string[]) => harness.call(words);

  /** The commands that a help lists. */
  async function listedBy(...words: string[]): Promise<string[]> {
    const { out } = await run(...words, '--help');
    const commands = out.slice(out.indexOf('Commands:'), out.indexOf('\n\n', out.indexOf('Commands:')));
    return [...commands.matchAll(/^ {2}([a-z]+)\b/gm)]
      .map(([, name]) => name as string)
      .filter((name) => name !== 'help');
  }

  it('R15.3 each command has a help with usage, examples and its exit codes', async () => {
    const names = CALLS.map(([name, nested]) => (name === 'host' ? `host ${nested}` : name));
    const listed = (await listedBy()).flatMap((name) => (name === 'host' ? [] : [name]));
    const nested = (await listedBy('host')).map((name) => `host ${name}`);
    assert.deepEqual([...listed, ...nested].toSorted(), names.toSorted());
    for (const name of names as string[]) {
      const { code, out, error } = await run(...name.split(' '), '--help');
      assert.deepEqual([code, error], [EXIT.ok, ''], name);
      assert.ok(out.startsWith(`Usage: loops ${name}`), name);
      assert.match(out, /\nExamples:\n {2}\$ [^#]+# .+\n/, name);
      assert.match(out, /\nExit codes:\n {4}0 {2}done\n {4}1 {2}.+\n {4}2 {2}.+\n/, name);
      assert.equal((await run('help', ...name.split(' '))).out, out, name);
    }
    assert.match((await run('wait', '--help')).out, /^ {2}124 {2}wait: the time ran out$/m);
    assert.doesNotMatch((await run('list', '--help')).out, /^ {2}124 /m);
  });

  it('R15.3 every call that is wrong or fails prints an error by its schema, and for people a sentence', async () => {
    for (const words of CALLS) {
      const wrong = await run(...words, '--frobnicate', '--json');
      const { error } = errorSchema.parse(wrong.json());
      assert.deepEqual([wrong.code, error.code], [EXIT.usage, 'usage'], words.join(' '));
      assert.match(error.message, /^unknown option '--frobnicate'/);
      const name = words[0] === 'host' ? words.slice(0, 2) : words.slice(0, 1);
      assert.ok(wrong.error.includes(`(\`loops ${name.join(' ')} --help\` shows how to call it)`), wrong.error);
      assert.equal((await run(...words, '--frobnicate')).out, '');
    }
    const codes: [string[], number, string][] = [
      [['show', 'nobody'], EXIT.notFound, 'unknown-loop'],
      [['retry', 'nobody'], EXIT.notFound, 'unknown-loop'],
      [['submit', '-C', '/', 'work'], EXIT.notAllowed, 'not-allowed'],
      [['submit', '--id', 'not an id', 'work'], EXIT.usage, 'invalid-loop'],
      [['submit', '--worktree', 'work'], EXIT.usage, 'no-work-tree'],
      [['submit', '--rounds', '2', 'work'], EXIT.usage, 'usage'],
      [['frobnicate'], EXIT.usage, 'usage'],
      [['cancel'], EXIT.usage, 'usage'],
      [['list', '-n', '0'], EXIT.usage, 'usage'],
    ];
    for (const [words, code, named] of codes) {
      const called = await run(...words, '--json');
      assert.deepEqual([called.code, errorSchema.parse(called.json()).error.code], [code, named], words.join(' '));
    }
  });

  it('R15.3 without a command it shows what there is, and a help for what there is not is an error', async () => {
    for (const words of [[], ['help'], ['host']]) {
      const { code, out, error } = await run(...words);
      assert.deepEqual([code, error], [EXIT.ok, ''], words.join(' '));
      assert.match(out, /^Usage: loops .*\n/);
    }
    const { code, out, error } = await run('help', 'frobnicate');
    assert.deepEqual([code, out], [EXIT.usage, '']);
    assert.match(error, /unknown command 'frobnicate'/);
    assert.match((await run('--help')).out, /Environment:\n {2}LOOP_SUPERVISOR_STORAGE /);
  });

  it('R15.3 R1.4 a prompt is read no further than it may be long, from a file that can be read', async () => {
    const { code, error } = await run('submit', '-f', '/dev/zero');
    assert.equal(code, EXIT.usage);
    assert.match(error, /the prompt in \/dev\/zero is longer than 10 MiB/);
    const folder = join(harness.project, 'folder');
    mkdirSync(folder);
    const read = await run('submit', '-f', folder);
    assert.equal(read.code, EXIT.usage);
    assert.match(read.error, /The prompt was not read from .*folder: EISDIR/);
    writeFileSync(join(folder, 'task.md'), 'häkchen ✓\n');
    await run('submit', '--id', 'read', '-f', join(folder, 'task.md'));
    assert.equal((await run('show', 'read', '--json')).json<{ prompt: string }>().prompt, 'häkchen ✓\n');
  });

  it('R15.3 signals are named as kill names them, and amounts have a number', async () => {
    for (const name of ['SIGTERM', 'TERM', 'term', '15'])
      assert.deepEqual((await run('kill', 'nobody', '-s', name)).error, 'nobody has no process\n', name);
    for (const name of ['99', 'nothing', '']) assert.equal((await run('kill', 'nobody', '-s', name)).code, EXIT.usage);
    for (const amount of ['$', '', '-1', 'Infinity'])
      assert.equal((await run('submit', '--max-cost', amount, 'work')).code, EXIT.usage, amount);
  });

  it('R15.3 what was not done goes to standard error', async () => {
    await run('submit', '--id', 'here', 'work');
    const { code, out, error } = await run('cancel', 'here', 'nobody');
    assert.deepEqual([code, out, error], [EXIT.notFound, 'here cancelled\n', 'nobody is not live\n']);
    await run('cancel', '--all');
    const none = await run('cancel', '--all');
    assert.deepEqual([none.code, none.out, none.error], [EXIT.ok, '', 'No loops are live.\n']);
  });

  it('R15.3 a table fits a narrow terminal as far as it can, and a pipe has all of it', () => {
    const rows = [['loop-1a2b3c', 'running', '3m 05s', '$0.12', 'claude', 'Fix the failing test of the queue']];
    const printed = (columns: number | undefined) => {
      let out = '';
      const terminal = { ...{ write: (text: string) => (out += text), isTTY: columns !== undefined }, columns };
      new Output(false, terminal as never, terminal as never, { NO_COLOR: '1' }).table(
        ['ID', 'STATE', 'TIME', 'COST', 'AGENT', 'TITLE'],
        rows,
      );
      return out.split('\n')[1];
    };
    assert.equal(printed(undefined), 'loop-1a2b3c  running  3m 05s  $0.12  claude  Fix the failing test of the queue');
    assert.equal(printed(70), 'loop-1a2b3c  running  3m 05s  $0.12  claude  Fix the failing test of…');
    assert.equal(printed(60), 'loop-1a2b3c  running  3m 05s  $0.12  Fix the failing test o…');
    assert.equal(printed(50), 'loop-1a2b3c  running  3m 05s  Fix the failing tes…');
    assert.equal(printed(20), 'loop-1a2b3c  running  Fix the failing tes…');
    for (const columns of [45, 52, 64, 80]) assert.ok((printed(columns) as string).length <= columns, String(columns));
  });
});

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { lookAtEnded } from '../../src/process/runFolder/recordSchemas.ts';
import { testCatalog } from '../agents/support/streams.ts';
import { seen } from '../support/seen.ts';
import { until } from '../support/until.ts';
import { type Launched, RunHarness } from './support/runHarness.ts';

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const driver = { command: process.execPath, args: [file('../../src/driver/main.ts')], env: {} };
const AGENT = file('../fixtures/programs/acpAgent.ts');
const CLAUDE = file('../fixtures/programs/claudeAsks.ts');

describe('The driver of agents of the Agent Client Protocol', () => {
  let harness: RunHarness;

  before(async () => {
    harness = await RunHarness.create();
  });

  after(() => harness.dispose());

  /** A run as the profile plans it, under the real guardian. */
  function launch(
    prompt: string,
    options: { readonly resume?: string; readonly args?: readonly string[] } = {},
  ): Launched {
    const { resume, args = [] } = options;
    const tiny = { extends: 'acp', command: process.execPath, args: [AGENT, ...args] };
    const profile = testCatalog({ driver, agents: { tiny } }).catalog.find('tiny')!;
    const request = { loopId: 'x', prompt, cwd: harness.cwd, newMessage: true, ...(resume && { resume }) };
    const { command, args: line, ...plan } = profile.plan(request);
    return harness.launch(command, line, { ...plan, reader: profile.reader(), limits: { graceMs: 20_000 } });
  }

  const said = ({ told }: Launched) => told.texts.join('');
  const lastOf = ({ told }: Launched) => told.outputs.flatMap(({ events }) => events).at(-1);
  const costOf = ({ told }: Launched) =>
    told.outputs.flatMap(({ events }) => events).flatMap((event) => (event.type === 'cost' ? [event.cost] : []));

  it('R17.1 sets a mode in which the agent asks, brings its requests to the user and the answers back', async () => {
    const run = launch('ask edit');
    const open = () => run.told.asked.at(-1)?.[0];
    const first = await until('the first question', () => open()?.request.kind === 'command' && open());
    assert.equal(first.request.command, 'touch a && ls');
    run.run.answer(first.id, { choice: 'yes', allow: true, by: 'user', at: 1 });
    const second = await until('the second question', () => open()?.request.kind === 'edit' && open());
    assert.deepEqual([second.request.paths, second.request.diff], [['/w/a.txt'], '--- /w/a.txt\n-one\n+two']);
    run.run.answer(second.id, { allow: false, by: 'deadline', at: 1 });
    await run.told.whenEnded;
    assert.equal(said(run), 'mode default. answer yes. answer no. ');
    assert.deepEqual(costOf(run), [30_000_000]);
    assert.deepEqual(lastOf(run), { type: 'end', ok: true, reason: 'finished, but a tool call was not allowed' });
  });

  it('R7.2 a stop first cancels the turn: its cost is reported, and nothing is left, not even a child that left', async () => {
    const run = launch('slow spawn', { args: ['--stays'] });
    await until('the tool', () =>
      run.told.outputs.some(({ events }) => events.some(({ type }) => type === 'toolCall')),
    );
    run.run.stop('user', 20_000);
    await run.told.whenEnded;
    assert.deepEqual(costOf(run), [10_000_000]);
    const end = lastOf(run);
    assert.deepEqual(end?.type === 'end' && !end.ok && end.cause, 'aborted');
    assert.deepEqual(harness.processesOf(run.token), []);
    assert.equal(seen(lookAtEnded(run.files))?.stoppedBy, 'user');
    assert.doesNotMatch(run.told.end?.errorLine ?? '', /a signal reached the agent/);
  });

  it('R17.1 a stop withdraws what is asked', async () => {
    const run = launch('ask');
    await until('the question', () => run.told.asked.at(-1)?.length === 1);
    run.run.stop('asking', 20_000);
    await run.told.whenEnded;
    assert.match(said(run), /answer cancelled/);
  });

  it('R5.2 a session that goes on is loaded, and what was said before is not said again', async () => {
    const run = launch('go on', { resume: 's-1' });
    await run.told.whenEnded;
    assert.equal(said(run), 'mode default. ');
    const unknown = launch('go on', { resume: 's-9' });
    await unknown.told.whenEnded;
    const end = lastOf(unknown);
    assert.deepEqual(end?.type === 'end' && !end.ok && [end.cause, end.reason], [
      'session',
      'ACP agent does not know the session to continue (No session s-9)',
    ]);
  });

  it('R8.2 lines of an agent that are no messages disturb nothing', async () => {
    const run = launch('noise');
    await run.told.whenEnded;
    assert.equal(said(run), 'mode default. ');
    assert.deepEqual(lastOf(run), { type: 'end', ok: true, reason: 'finished' });
  });

  it('R14.1 an agent that dies, refuses or is not there ends the run with the reason', async () => {
    const ends = await Promise.all(
      ['die', 'fail'].map(async (prompt) => {
        const run = launch(prompt);
        await run.told.whenEnded;
        const end = lastOf(run);
        return end?.type === 'end' && !end.ok && [end.cause, end.reason];
      }),
    );
    assert.deepEqual(ends, [
      ['task', 'ACP agent failed (the agent ended before its turn was over: exit code 3)'],
      [
        'auth',
        'ACP agent has no valid login (Incorrect API key provided): log in with the agent’s own program in a terminal, ' +
          'then retry',
      ],
    ]);
  });
});

describe('The driver of Claude Code', () => {
  let harness: RunHarness;

  before(async () => {
    harness = await RunHarness.create();
  });

  after(() => harness.dispose());

  function launch(prompt: string): Launched {
    const command = process.execPath;
    const asks = { extends: 'claude', permissionMode: 'ask' };
    const profile = testCatalog({ driver, agents: { asks } }).catalog.find('asks')!;
    const { args, command: own, ...plan } = profile.plan({ loopId: 'x', prompt, cwd: harness.cwd });
    assert.equal(own, driver.command);
    const line = args.flatMap((arg) => (arg === 'claude' ? [command, CLAUDE] : [arg]));
    return harness.launch(own, line, { ...plan, reader: profile.reader(), limits: { graceMs: 20_000 } });
  }

  const events = ({ told }: Launched) => told.outputs.flatMap((output) => output.events);
  const costOf = (run: Launched) => events(run).flatMap((event) => (event.type === 'cost' ? [event.cost] : []));
  const asked = (run: Launched) => until('the question', () => run.told.asked.at(-1)?.[0]);

  it('R17.1 its requests reach the user and the answers reach it, and its stream and its cost stay as they are', async () => {
    for (const [answer, said] of [
      [{ choice: 'allow', allow: true }, '"behavior":"allow","updatedInput":{"command":"touch touched.txt"'],
      [{ choice: 'always', allow: true }, '"updatedPermissions":[{"type":"addRules"'],
      [{ choice: 'deny', allow: false }, '"behavior":"deny"'],
    ] as const) {
      const run = launch('touch it');
      const { id, request, choices } = await asked(run);
      assert.deepEqual(request, {
        ...{ kind: 'command', tool: 'Bash', title: 'Make a file', command: 'touch touched.txt' },
      });
      assert.deepEqual(
        choices.map(({ kind }) => kind),
        ['allowOnce', 'allowAlways', 'denyOnce'],
      );
      run.run.answer(id, { ...answer, by: 'user', at: 1 });
      await run.told.whenEnded;
      assert.ok(run.told.texts.join('').includes(said), run.told.texts.join(''));
      assert.doesNotMatch(run.told.texts.join(''), /setMode/, 'another mode is more than was asked');
      assert.deepEqual(costOf(run), [23_276_000]);
      assert.deepEqual(events(run).at(-1)?.type, 'end');
    }
  });

  it('R7.2 a stop while it asks still brings its cost', async () => {
    const run = launch('touch it');
    await asked(run);
    run.run.stop('user', 20_000);
    await run.told.whenEnded;
    assert.deepEqual(costOf(run), [23_276_000]);
    assert.deepEqual(harness.processesOf(run.token), []);
  });

  it('R17.1 a decision that it leaves to its user is asked, with its options, and the words reach it', async () => {
    const run = launch('choose');
    const { id, request } = await asked(run);
    assert.deepEqual(
      [request.kind, request.tool, request.inquiries],
      [
        ...(['inquiry', 'AskUserQuestion'] as const),
        [
          {
            ...{ text: 'Which database should we use?', multiple: false },
            options: [
              { label: 'SQLite', about: 'One file' },
              { label: 'PostgreSQL', about: 'A server\n+--+' },
            ],
          },
          { text: 'Which tests?', options: [{ label: 'unit' }, { label: 'e2e, slow' }], multiple: true },
        ],
      ],
    );
    run.run.answer(id, {
      choice: 'allow',
      allow: true,
      replies: [['MariaDB'], ['unit', 'e2e, slow']],
      by: 'user',
      at: 1,
    });
    await run.told.whenEnded;
    const said = run.told.texts.join('');
    const answers = '"answers":{"Which database should we use?":"MariaDB","Which tests?":"unit, \\"e2e, slow\\""}';
    assert.ok(said.includes('"behavior":"allow"') && said.includes(answers), said);
  });

  it('R17.1 a decision that nobody makes, or that cannot be shown, is left to the agent', async () => {
    const run = launch('choose');
    const { id } = await asked(run);
    run.run.answer(id, { choice: 'deny', allow: false, by: 'deadline', at: 1 });
    await run.told.whenEnded;
    assert.match(run.told.texts.join(''), /Decide yourself/);
    const tooLong = launch('choose too long');
    await tooLong.told.whenEnded;
    assert.match(tooLong.told.texts.join(''), /Decide yourself/);
    assert.deepEqual(tooLong.told.asked.flat(), []);
  });
});
